/** A server that keeps data: what is back after it has stopped, however that was. */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findEngine } from '../../src/store/engine.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import { STORE_FILE } from '../../src/store/folder.js';
import { Store } from '../../src/store/store.js';
import { type RunningServer, startServer } from '../cli/chat-server.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { cliPath, run } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

/** Connects a client of IRC that has registered. */
async function client(server: RunningServer, nick: string): Promise<Peer> {
  const peer = await connectPeer(server.ircPort);
  await peer.write(`CAP REQ :echo-message message-tags\r\nNICK ${nick}\r\nUSER ${nick} 0 * :x\r\nCAP END\r\n`);
  await peer.lineLike(/ (?:376|422) /);
  return peer;
}

/** Sends a line, and returns the first answer that matches. */
async function ask(peer: Peer, line: string, answer: RegExp): Promise<string> {
  await peer.write(`${line}\r\n`);
  return peer.lineLike(answer);
}

async function stop({ process }: RunningServer, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  process.kill(signal);
  expect(await process.ended()).toMatchObject(signal === 'SIGKILL' ? { signal } : { code: 0 });
}

function configuration(data: object): string {
  const path = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(path, JSON.stringify(data));
  return path;
}

describe.each(['SIGKILL', 'SIGTERM'] as const)('after %s and another start', (signal) => {
  test('rooms are as they were, and those who come back have their ranks', async () => {
    const data = temporaryFolder();
    const first = await startServer(['--data', data]);
    const ann = await client(first, 'ann');
    const bob = await client(first, 'bob');
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'TOPIC #tea :which tea', / TOPIC /);
    await ask(ann, 'MODE #tea +bik *!*@evil.example sesame', / MODE /);
    const id = /@msgid=([^-]+)-/.exec(await ask(ann, 'PRIVMSG #tea :hello', /PRIVMSG #tea :hello/))?.[1];
    await stop(first, signal);

    const second = await startServer(['--data', data]);
    const cid = await client(second, 'cid');
    await ask(cid, 'JOIN #tea sesame', / 473 cid #tea /);
    const bobAgain = await client(second, 'bob');
    expect(await ask(bobAgain, 'JOIN #tea', / 353 /)).toMatch(/ :bob$/);
    const annAgain = await client(second, 'ann');
    expect(await ask(annAgain, 'JOIN #tea', / 332 /)).toMatch(/:which tea$/);
    expect(await annAgain.lineLike(/ 353 /)).toMatch(/@ann/);
    await bobAgain.lineLike(/^:ann!\S+ MODE #tea \+o ann$/);
    expect(await ask(annAgain, 'MODE #tea', / 324 /)).toMatch(/ \+\w*i\w*k\w* sesame$/);
    expect(await ask(annAgain, 'MODE #tea +b', / 367 /)).toContain('#tea *!*@evil.example ann!');
    // An id names its message for as long as that is kept.
    expect(await ask(annAgain, 'PRIVMSG #tea :again', /PRIVMSG #tea :again/)).toContain(`@msgid=${String(id)}-`);
    await stop(second, 'SIGTERM');
  });

  test('bans of the server hold, and a room that all had left is gone', async () => {
    const config = configuration({
      store: { path: temporaryFolder() },
      operators: [{ name: 'root', password: 'sesame' }],
    });
    const first = await startServer(['--config', config]);
    const ann = await client(first, 'ann');
    await ask(ann, 'OPER root sesame', / 381 /);
    await ask(ann, 'KLINE *@192.0.2.7 :no', / KLINE |NOTICE ann /);
    await ask(ann, 'JOIN #left', / 366 /);
    await ask(ann, 'TOPIC #left :gone', / TOPIC /);
    await ask(ann, 'PART #left', / PART /);
    await stop(first, signal);

    const second = await startServer(['--config', config]);
    const again = await client(second, 'ann');
    await ask(again, 'OPER root sesame', / 381 /);
    expect(await ask(again, 'STATS k', / 216 /)).toContain('192.0.2.7');
    await ask(again, 'JOIN #left', / 353 /);
    expect(await ask(again, 'TOPIC #left', / 33[12] /)).toMatch(/ 331 /);
    await stop(second, 'SIGTERM');
  });
});

test('a room of no days is not kept, and those that are kept go on beside it', async () => {
  const data = temporaryFolder();
  const config = configuration({ store: { path: data }, history: { rooms: { '#Secret': 0 } } });
  const server = await startServer(['--config', config]);
  const ann = await client(server, 'ann');
  for (const room of ['#secret', '#open']) {
    await ask(ann, `JOIN ${room}`, / 366 /);
    await ask(ann, `PRIVMSG ${room} :said in ${room}`, /PRIVMSG/);
  }
  await stop(server, 'SIGKILL');
  expect(await textsIn(data)).toEqual(['said in #open']);
});

/** Everything that has been said in kept rooms, in its order. */
async function textsIn(folder: string): Promise<string[]> {
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

test('no line that was echoed is missing or doubled after kill -9 under load', async () => {
  const data = temporaryFolder();
  const echoed: string[] = [];
  for (let round = 0; round < 4; round += 1) {
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
            if (heard === enough) {
              server.process.kill('SIGKILL');
              resolve();
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
  const stored = await textsIn(data);
  const counts = new Map<string, number>();
  for (const text of stored) counts.set(text, (counts.get(text) ?? 0) + 1);
  expect(echoed.filter((text) => counts.get(text) !== 1)).toEqual([]);
  expect(stored.length).toBe(counts.size);
  const connection = (await findEngine()).open(join(data, STORE_FILE), { isReadOnly: true, timeoutMs: 0 });
  onTestFinished(() => {
    connection.close();
  });
  expect(connection.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
});

test('when the store is full, rooms wait and fail, and everything else goes on', async () => {
  const config = configuration({
    store: { path: temporaryFolder(), maxBytes: 250_000 },
    history: { rooms: { '#memory': 0 } },
    classes: [{ name: 'all', linesPerSecond: 0 }],
  });
  const server = await startServer(['--config', config]);
  const ann = await client(server, 'ann');
  const bob = await client(server, 'bob');
  for (const room of ['#kept', '#memory']) {
    await ask(ann, `JOIN ${room}`, / 366 /);
    await ask(bob, `JOIN ${room}`, / 366 /);
  }
  let answer = '';
  for (let n = 0; !answer.includes('FAIL'); n += 1) {
    answer = await ask(ann, `PRIVMSG #kept :${n} ${'x'.repeat(400)}`, /PRIVMSG #kept|FAIL/);
  }
  expect(answer).toMatch(/ FAIL PRIVMSG STORE_UNAVAILABLE #kept :/);
  expect(await ask(ann, 'PRIVMSG #memory :still here', /PRIVMSG/)).toContain('#memory :still here');
  await bob.lineLike(/#memory :still here/);
  await ask(ann, 'PRIVMSG bob :in private', /PRIVMSG bob/);
  await bob.lineLike(/ PRIVMSG bob :in private/);
  await ask(bob, 'NAMES #kept', / 353 .*ann/);
  await ask(bob, 'PING still', /PONG/);
  expect(server.process.stderr).toMatch(/store takes no writes/);
  await stop(server, 'SIGTERM');
});

test('a second server on the same folder is refused, with one line', async () => {
  const data = temporaryFolder();
  const server = await startServer(['--data', data]);
  const second = await run(process.execPath, [cliPath, 'serve', '--data', data, '--plain-port', '0', '--no-irc']);
  expect(second).toMatchObject({ code: 1, stdout: '', stderr: `fdmux: ${data}: another process uses this store\n` });
  await stop(server, 'SIGTERM');
});

test('a file that is no store ends the start with one line', async () => {
  const data = temporaryFolder();
  writeFileSync(join(data, STORE_FILE), 'something else '.repeat(1000));
  const { code, stdout, stderr } = await run(process.execPath, [cliPath, 'serve', '--data', data, '--plain-port', '0']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(
    /^fdmux: \/.*fdmux\.db: [^\n]*; it has been left as it is: restore a backup, or move it away\n$/,
  );
});

test('a start says where data is kept, or that none is', async () => {
  const data = temporaryFolder();
  const [kept, none] = await Promise.all([startServer(['--data', data]), startServer()]);
  expect(kept.process.stdout).toContain(`\n  kept data    ${data}\n`);
  expect(none.process.stdout).toMatch(/\n {2}kept data {4}none: [^\n]*--data/);
  await Promise.all([stop(kept, 'SIGTERM'), stop(none, 'SIGTERM')]);
});

test('a server that keeps data cannot be recorded', async () => {
  const folder = temporaryFolder();
  const recording = ['--record', join(folder, 'r.fdmux')];
  const { code, stderr } = await run(process.execPath, [cliPath, 'serve', '--data', folder, ...recording]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^fdmux: .*cannot be recorded.*\n$/) });
});
