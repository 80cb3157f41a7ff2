/** The measurements of a server that keeps data. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chatLines, QUERIES } from '../../test/support/chat-lines.js';
import { alternate, startSide, turn, withSides } from '../chat/sides.js';
import { startIrcServer } from '../irc/servers.js';
import { here } from '../support/checkout.js';
import { type Latency, latencyOf } from '../support/latency.js';
import { node, type ServerProcess } from '../support/server.js';
import { LOAD_CORE, SERVER_CORE } from '../support/tools.js';
import type { Rate, Searches } from './report.js';
import { EchoCount, talk, Talker, WINDOW } from './talker.js';

/** How a server keeps messages: not at all, or how safely. */
export type Keeping = 'nothing' | 'process' | 'power';

const TALKERS = 20;

/** A server that has both cores: its threads are the subject. `#bench` is a room without history. */
export function command(keeping: Keeping, data: string, port: number): readonly string[] {
  const cores = `${SERVER_CORE},${LOAD_CORE}`;
  const serve = [...node, here.cli, 'serve', '--no-plain', '--irc-port', String(port)];
  if (keeping === 'nothing') return ['taskset', '-c', cores, ...serve];
  mkdirSync(data, { recursive: true });
  const path = join(data, 'fdmux.json');
  const store = { path: data, durability: keeping };
  writeFileSync(path, JSON.stringify({ store, history: { rooms: { '#bench': 0 } } }));
  return ['taskset', '-c', cores, ...serve, '--config', path];
}

function start(keeping: Keeping, data: string | null = null): Promise<ServerProcess> {
  return startIrcServer((port, folder) => command(keeping, data ?? join(folder, 'data'), port));
}

async function withTalkers<T>(
  server: ServerProcess,
  count: number,
  use: (talkers: readonly Talker[]) => Promise<T>,
): Promise<T> {
  const talkers: Talker[] = [];
  try {
    for (let index = 0; index < count; index += 1) talkers.push(await Talker.enter(server.port, `talker${index}`));
    return await use(talkers);
  } finally {
    for (const talker of talkers) talker.end();
    await server.stop();
  }
}

/** Has all clients talk as fast as the echoes allow, and waits until the last messages are found. */
export async function measureRate(keeping: Keeping, seconds: number): Promise<Rate> {
  const server = await start(keeping);
  return withTalkers(server, TALKERS, async (talkers) => {
    await talkChat(talkers, Math.min(1, seconds));
    const cpuNs = server.cpuNs();
    const from = performance.now();
    const count = await talkChat(talkers, seconds);
    for (const talker of talkers) await talker.search('the', 1);
    const elapsedMs = performance.now() - from;
    return {
      messagesPerSecond: (count / elapsedMs) * 1000,
      cpuUsPerMessage: (server.cpuNs() - cpuNs) / 1000 / count,
    };
  });
}

/** Talks for some seconds. @returns how many messages were echoed */
function talkChat(talkers: readonly Talker[], seconds: number): Promise<number> {
  const next = chatLines(5);
  const texts = Array.from({ length: 5_000 }, () => next());
  return talk(talkers, seconds, (index) => texts[index % texts.length] ?? '');
}

/** Sends 1,000 messages a second, whether the echoes arrive or not, and returns how long each took to arrive. */
export async function measureEcho(keeping: Keeping, seconds: number): Promise<Latency> {
  const server = await start(keeping);
  return withTalkers(server, TALKERS, async (talkers) => {
    await talkChat(talkers, 1);
    const next = chatLines(6);
    const samples: number[] = [];
    const heard = new EchoCount();
    const underWay = talkers.map((talker): number[] => {
      const times: number[] = [];
      talker.hear(() => {
        samples.push(performance.now() - (times.shift() ?? 0));
        heard.add();
      });
      return times;
    });
    const from = performance.now();
    let said = 0;
    while (performance.now() - from < seconds * 1000) {
      // As many as are due by now: a late timer does not send less.
      for (const due = performance.now() - from; said < due; said += 1) {
        underWay[said % TALKERS]?.push(performance.now());
        talkers[said % TALKERS]?.say([next()]);
      }
      await delay(1);
    }
    await heard.reaches(said);
    return latencyOf(samples);
  });
}

/**
 * Returns the CPU time of a delivery in a room without history, in ns: of a server that keeps nothing, and of one
 * with a store.
 */
export function measureUnkept(turns: { readonly warm: number; readonly counted: number }): Promise<number[]> {
  const clients = 200;
  const senders = 20;
  const sides = (['nothing', 'process'] as const).map((keeping) =>
    startSide((port, folder) => command(keeping, join(folder, 'data'), port), 'irc'),
  );
  return withSides(sides, async (ready) => {
    for (const { crowd } of ready) {
      await crowd.grow(clients);
      crowd.say(clients, 'JOIN #bench\r\n');
      await crowd.quiet();
    }
    const line = `PRIVMSG #bench :${'x'.repeat(80)}\r\n`.repeat(2);
    const deliveries = senders * 2 * (clients - 1);
    return alternate(ready, turns, async (side) => {
      const cost = await turn(side, () => side.crowd.say(senders, line), deliveries);
      return cost / deliveries;
    });
  });
}

const REPEATS = 5;

/**
 * Searches among lines in twenty channels, in all of which the asker is a member.
 *
 * @param bytesOf - weighs the tables when the server has ended
 */
export async function measureSearches(
  lines: number,
  data: string,
  bytesOf: () => Promise<Record<string, number>>,
): Promise<Searches> {
  const server = await start('process', data);
  const queries = await withTalkers(server, TALKERS, async (talkers) => {
    const heard = new EchoCount();
    const next = chatLines(7);
    for (const talker of talkers) talker.hear(() => heard.add());
    for (let said = 0; said < lines; said += TALKERS * WINDOW) {
      for (const talker of talkers) talker.say(Array.from({ length: WINDOW }, next));
      await heard.reaches(said + TALKERS * WINDOW);
    }
    const asker = await Talker.enter(server.port, 'asker');
    const rooms = talkers.map(({ room }) => room).join(',');
    await asker.ask(`JOIN ${rooms}\r\n`, (line) => line.includes(` 366 asker ${talkers.at(-1)?.room ?? ''} `));
    const answers = [];
    for (const words of QUERIES) answers.push(await measureQuery(asker, words));
    asker.end();
    return answers;
  });
  const bytes = Object.entries(await bytesOf()).map(([table, total]) => [table, total / lines] as const);
  return { lines, queries, bytes: Object.fromEntries(bytes) };
}

async function measureQuery(asker: Talker, words: string): Promise<{ words: string; found: number; ms: number }> {
  const times: number[] = [];
  let found = 0;
  for (let count = 0; count < REPEATS; count += 1) {
    const from = performance.now();
    found = await asker.search(words, 50);
    times.push(performance.now() - from);
  }
  return { words, found, ms: latencyOf(times).p50Ms };
}
