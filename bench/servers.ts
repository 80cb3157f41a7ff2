/** Servers: every question put to every peer, in turns, several times; the answers go to docs/benchmarks/. */

import { type Load, measure, type Run } from './support/load.js';
import { readOptions } from './support/options.js';
import { findPeers, type Peer, type ServerMode } from './support/peers.js';
import { Progress } from './support/progress.js';
import { type Answer, type MemoryAnswer, writeReport } from './support/report.js';
import { startServer, weighed } from './support/server.js';
import { compile, countsInstructions } from './support/tools.js';

interface Question {
  readonly id: string;
  readonly title: string;
  readonly mode: ServerMode;
  readonly load: Load;
}

const echo = (connections: number, bytes: number, depth: number, idle = 0): Load => ({
  mode: 'echo',
  connections,
  bytes,
  depth,
  idle,
});

const QUESTIONS: readonly Question[] = [
  { id: 'echo-1', title: 'echo, 1 connection, 64 B', mode: 'echo', load: echo(1, 64, 1) },
  { id: 'echo-64', title: 'echo, 64 connections, 64 B', mode: 'echo', load: echo(64, 64, 1) },
  { id: 'echo-1000', title: 'echo, 1000 connections, 64 B', mode: 'echo', load: echo(1000, 64, 1) },
  { id: 'echo-pipelined', title: 'echo, 64 connections, 64 B, 16 in flight', mode: 'echo', load: echo(64, 64, 16) },
  { id: 'echo-16k', title: 'echo, 64 connections, 16 KiB', mode: 'echo', load: echo(64, 16_384, 1) },
  {
    id: 'source',
    title: 'stream of 1 GiB, 64 KiB writes (figures per MiB)',
    mode: 'source',
    load: { mode: 'sink', connections: 1, bytes: 65_536, depth: 1 },
  },
  {
    id: 'fanout',
    title: 'fan-out, 500 connections, 20 senders, 80 B lines',
    mode: 'fanout',
    load: { mode: 'fanout', connections: 500, bytes: 80, depth: 20 },
  },
  {
    id: 'accept',
    title: 'connections accepted and closed',
    mode: 'echo',
    load: { mode: 'accept', connections: 64, bytes: 64, depth: 1 },
  },
  ...[10, 1000, 15_000].map((idle): Question => ({
    id: `idle-${idle}`,
    title: `echo, 64 connections, 64 B, beside ${idle} idle ones`,
    mode: 'echo',
    load: echo(64, 64, 1, idle),
  })),
];

/** Of the load and the server each; the rest of an fd limit of 20,000 is theirs. */
const HELD_CONNECTIONS = 15_000;
/** The question that is not one of rates. */
const MEMORY = 'memory';
/** A weighing takes long and varies little. */
const MAX_WEIGHINGS = 2;

async function main(): Promise<void> {
  const {
    rounds,
    seconds,
    only,
    peers: wanted,
    out,
  } = readOptions({
    script: 'bench',
    questions: [...QUESTIONS.map(({ id }) => id), MEMORY],
    rounds: 3,
    seconds: 1,
    hasPeerChoice: true,
  });
  const program = compile('support/load.c');
  const hasCounters = countsInstructions();
  const found = findPeers();
  const { missing } = found;
  const peers = found.peers.filter(({ name }) => wanted.some((part) => name.includes(part)));
  if (!hasCounters) console.log('this machine counts no instructions: CPU time is measured instead');

  const questions = QUESTIONS.filter(({ id }) => only.includes(id));
  const runCount = questions.flatMap(({ mode }) => peers.filter((peer) => peer.command(mode) !== null)).length;
  const weighed = only.includes(MEMORY) ? peers.filter((peer) => peer.command('echo') !== null) : [];
  const weighings = Math.min(rounds, MAX_WEIGHINGS);
  const progress = new Progress(rounds * runCount + weighings * weighed.length);

  const answers: Answer[] = [];
  for (const question of questions) {
    console.log(`\n${question.title}`);
    answers.push(await ask(question, peers, rounds, seconds, program, hasCounters, progress));
  }
  const memory: MemoryAnswer[] = [];
  if (weighed.length > 0) console.log(`\nmemory of ${HELD_CONNECTIONS} idle connections`);
  for (const peer of weighed) {
    const weights: number[] = [];
    for (let round = 0; round < weighings; round += 1) {
      const bytes = await progress.step(peer.name, () => weigh(peer, program));
      if (bytes !== undefined) weights.push(bytes);
    }
    // What the collector has not given back yet only ever adds.
    if (weights.length > 0) memory.push({ peer: peer.name, bytesPerConnection: Math.min(...weights) });
  }
  writeReport(out, { answers, memory, missing, hasCounters, rounds, failures: progress.failures });
}

/** One round after the other, in each every peer once: what disturbs the machine for a while disturbs all. */
async function ask(
  question: Question,
  peers: readonly Peer[],
  rounds: number,
  seconds: number,
  program: string,
  hasCounters: boolean,
  progress: Progress,
): Promise<Answer> {
  const runsOf = new Map<string, Run[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers) {
      const { name } = peer;
      const line = peer.command(question.mode);
      if (line === null) continue;
      const run = await progress.step(`${name}, ${question.title}`, async () => {
        const server = await startServer(line);
        try {
          return await measure(program, server, question.load, seconds, hasCounters);
        } finally {
          await server.stop();
        }
      });
      if (run === undefined) continue;
      runsOf.set(name, [...(runsOf.get(name) ?? []), run]);
      console.log(
        `  ${round + 1}/${rounds} ${name.padEnd(18)} ${Math.round(run.messagesPerSecond).toLocaleString('en').padStart(10)}/s ` +
          `${Math.round(run.cpuNsPerMessage).toLocaleString('en').padStart(9)} ns of server time each ${progress.left()}`,
      );
    }
  }
  return { id: question.id, title: question.title, load: question.load, runs: Object.fromEntries(runsOf) };
}

/** How much a server grows by holding idle connections. */
async function weigh(peer: Peer, load: string): Promise<number> {
  const server = await startServer(weighed(peer.command('echo') ?? []));
  try {
    // Each has served before it is weighed, so that what is loaded and compiled on first use is not counted.
    await measure(load, server, echo(64, 64, 1), 0.3, false);
    const before = await server.residentBytes();
    let after = before;
    await measure(load, server, echo(1, 64, 1, HELD_CONNECTIONS), 3, false, async () => {
      await server.holds(HELD_CONNECTIONS);
      after = await server.residentBytes();
    });
    const bytesPerConnection = (after - before) / HELD_CONNECTIONS;
    console.log(`  ${peer.name.padEnd(18)} ${Math.round(bytesPerConnection).toLocaleString('en').padStart(8)} B each`);
    return bytesPerConnection;
  } finally {
    await server.stop();
  }
}

void main();
