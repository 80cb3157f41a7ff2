/** Servers under test that record, and what happens on them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Outcome, replay } from '../../src/server/replay/replay.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { cliPath, run } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { join as joinLobby, type RunningServer, startServer } from './chat-server.js';

export const SECRETS = {
  server: 'q7Wserver',
  oper: 'h4Zoper',
  typed: 'k9Ytyped',
  name: 'v2Xname',
  cloak: 'c5Wcloak'.repeat(4),
};

export const settings = {
  server: { password: SECRETS.server, motd: ['old'] },
  operators: [{ name: 'chief', password: SECRETS.oper }],
  classes: [{ name: 'all', softSendQueueBytes: 4096, sendQueueBytes: 8192, pingIntervalMs: 1000, linesPerSecond: 0 }],
};

export async function register(port: number, nick: string): Promise<Peer> {
  const peer = await connectPeer(port);
  // The password arrives in two pieces.
  await peer.write(`PASS ${SECRETS.server.slice(0, 4)}`);
  await peer.write(`${SECRETS.server.slice(4)}\r\nNICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\nJOIN #lobby\r\n`);
  await peer.lineLike(/ 366 /);
  return peer;
}

interface Recorded {
  readonly path: string;
  readonly config: string;
}

interface RecordOptions {
  readonly signal?: NodeJS.Signals;
  /** Changes of the settings. */
  readonly changes?: object;
  readonly args?: readonly string[];
}

/** Records what happens on a server until it is stopped by a signal. */
export async function record(
  happen: (server: RunningServer, config: string) => Promise<void>,
  { signal = 'SIGTERM', changes = {}, args = [] }: RecordOptions = {},
): Promise<Recorded> {
  const folder = temporaryFolder();
  const path = join(folder, 'recording');
  const config = join(folder, 'fdmux.json');
  writeFileSync(config, JSON.stringify({ ...settings, ...changes }));
  const server = await startServer(['--record', path, '--config', config, ...args]);
  await happen(server, config);
  server.process.kill(signal);
  await server.process.ended();
  return { path, config };
}

export async function converse(server: RunningServer): Promise<void> {
  const ann = await joinLobby(server);
  const bob = await joinLobby(server, ann);
  for (let number = 0; number < 20; number += 1) {
    await ann.write(`hello ${number}\n`);
    await bob.lineLike(/ say: hello /);
    await bob.write(`good day ${number}\n`);
    await ann.lineLike(/ say: good day /);
  }
}

export const fdmux = (...args: string[]) => run(process.execPath, [cliPath, ...args]);

/** A line of a recording. */
export type RecordedLine = readonly unknown[];

/** Changes the lines of a recording, and replays it. */
export async function replayChanged(change: (lines: RecordedLine[]) => void): Promise<Outcome> {
  const { path } = await record(converse);
  const [header = '', ...rest] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const lines = rest.map((line): RecordedLine => {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? value : [];
  });
  change(lines);
  writeFileSync(path, `${[header, ...lines.map((line) => JSON.stringify(line))].join('\n')}\n`);
  return replay(path);
}

/** Returns the place of the first line with a pattern. */
export function placeOfLine(lines: readonly RecordedLine[], pattern: RegExp): number {
  return lines.findIndex((line) => pattern.test(JSON.stringify(line)));
}
