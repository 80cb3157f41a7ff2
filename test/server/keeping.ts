/** What tests of servers that keep data have in common. */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { check } from '../../src/store/archive.js';
import { textOf } from '../../src/store/columns.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import { Store } from '../../src/store/store.js';
import { type RunningServer, startServer } from '../cli/chat-server.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { openFile } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';

/** Connects a client of IRC that has registered. */
export async function client(server: RunningServer, nick: string): Promise<Peer> {
  const peer = await connectPeer(server.ircPort);
  await peer.write(`CAP REQ :echo-message message-tags\r\nNICK ${nick}\r\nUSER ${nick} 0 * :x\r\nCAP END\r\n`);
  await peer.lineLike(/ (?:376|422) /);
  return peer;
}

/** Sends a line, and returns the first answer that matches. */
export async function ask(peer: Peer, line: string, answer: RegExp): Promise<string> {
  await peer.write(`${line}\r\n`);
  return peer.lineLike(answer);
}

export async function stop({ process }: RunningServer, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  process.kill(signal);
  expect(await process.ended()).toMatchObject(signal === 'SIGKILL' ? { signal } : { code: 0 });
}

export function configuration(data: object): string {
  const path = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(path, JSON.stringify(data));
  return path;
}

/** Everything that has been said in kept rooms, in its order. */
export async function textsIn(folder: string): Promise<string[]> {
  const store = await Store.open({ folder }, () => undefined);
  try {
    const log = await SqliteLog.open(store);
    const excerpts = await Promise.all(log.names.map((name) => log.read(name, { after: 0, maxPacks: 1_000_000 })));
    return excerpts
      .flatMap((excerpt) => excerpt?.packs ?? [])
      .flatMap((pack) => (pack.kind === 'pack' ? pack.entries : []))
      .flatMap((entry) => (entry.kind === 'say' ? [entry.text] : []));
  } finally {
    await store.close();
  }
}

/**
 * Kills a server again and again while three clients talk, each in a room of its own, and starts another on the same
 * folder: whatever was echoed is stored, once.
 */
export async function expectNothingLost(kills: number): Promise<void> {
  const data = temporaryFolder();
  const echoed: string[] = [];
  for (let round = 0; round < kills; round += 1) {
    const server = await startServer(['--data', data]);
    const speakers = await Promise.all(['a', 'b', 'c'].map((name) => client(server, `${name}${round}`)));
    const enough = 40 + randomInt(200);
    let heard = 0;
    await new Promise<void>((resolve) => {
      for (const [index, peer] of speakers.entries()) {
        const say = (n: number): void => {
          peer.socket.write(`PRIVMSG #room${index} :${round} ${index} ${n}\r\n`);
        };
        peer.socket.write(`JOIN #room${index}\r\n`);
        // Several at once: some are on their way to the disk when the process ends.
        for (let n = 0; n < 20; n += 1) say(n);
        let next = 20;
        void (async () => {
          for (;;) {
            const line = await peer.lineLike(/PRIVMSG #room/);
            echoed.push(/:(\d+ \d+ \d+)$/.exec(line)?.[1] ?? '');
            heard += 1;
            // At any point on the way of the next lines.
            if (heard === enough) {
              setTimeout(() => {
                server.process.kill('SIGKILL');
                resolve();
              }, randomInt(10));
            }
            say(next);
            next += 1;
          }
        })().catch(() => undefined);
      }
    });
    await server.process.ended();
    // What had arrived before the end counts as well.
    await Promise.all(speakers.map((peer) => peer.ended().catch(() => undefined)));
  }
  expectEachOnce(echoed, await textsIn(data));
  // What a killed server has not put into its history yet is put there by the next one.
  await stop(await startServer(['--data', data]), 'SIGTERM');
  expectEachOnce(echoed, await linesIn(data));
  expect((await check(data)).problems).toEqual([]);
}

/** Expects all of some texts in a list, and nothing in it twice. */
function expectEachOnce(texts: readonly string[], found: readonly string[]): void {
  const known = new Set(found);
  expect(found.length).toBe(known.size);
  expect(texts.filter((text) => !known.has(text))).toEqual([]);
}

/** Everything that the history has people saying. */
async function linesIn(folder: string): Promise<string[]> {
  const file = await openFile(folder);
  return file
    .prepare('SELECT text FROM line WHERE kind = 1')
    .all()
    .map((row) => textOf(row, 'text'));
}
