/** Servers: every question put to every peer, in turns, several times; the answers go to docs/benchmarks/. */

import { findPeers, isAnyNamed, type Peer, refuseUnknown } from './support/candidates.js';
import { here } from './support/checkout.js';
import { comparison } from './support/comparison.js';
import { describeCommand } from './support/describe-command.js';
import { type Load, measure, type Run, runSchema } from './support/load.js';
import type { Options } from './support/options.js';
import { round } from './support/page.js';
import { serverCandidates, type ServerCommand, type ServerMode } from './support/peers.js';
import { Progress } from './support/progress.js';
import { Publication } from './support/publication.js';
import { costsOf, writeReport } from './support/report.js';
import type { Answer } from './support/results.js';
import { startServer } from './support/server.js';
import { runSuite } from './support/suite.js';
import { compileLoad, countsInstructions } from './support/tools.js';
import { takeTurns } from './support/turns.js';
import { weigh } from './support/weigh.js';
import { transportCandidates } from './transports/peers.js';
import { TRANSPORT_QUESTIONS } from './transports/questions.js';
import { transportCostsOf } from './transports/report.js';
import { askTransports } from './transports/suite.js';

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
    id: 'relay',
    title: 'a stream passed on from one connection to another, 64 KiB writes (figures per MiB)',
    mode: 'relay',
    load: { mode: 'through', connections: 2, bytes: 65_536, depth: 1 },
  },
  {
    id: 'fanout',
    title: 'fan-out, 500 connections, 20 senders, 80 B lines',
    mode: 'fanout',
    load: { mode: 'fanout', connections: 500, bytes: 80, depth: 20 },
  },
  {
    id: 'datagrams',
    title: 'datagrams received, 64 B, 128 in flight',
    mode: 'datagrams',
    load: { mode: 'datagrams', connections: 1, bytes: 64, depth: 4 },
  },
  {
    id: 'bursts',
    title: 'datagrams received, 64 B, in bursts of 64',
    mode: 'datagrams',
    load: { mode: 'bursts', connections: 1, bytes: 64, depth: 2 },
  },
  {
    id: 'received',
    title: 'datagrams received and not answered, 64 B, in bursts of 64',
    mode: 'counts',
    load: { mode: 'received', connections: 1, bytes: 64, depth: 2 },
  },
  ...[1, 64].map((depth): Question => ({
    id: `datagram-echo-${depth}`,
    title: `datagrams echoed, 64 B, ${depth} in flight`,
    mode: 'answers',
    load: { mode: 'pings', connections: 1, bytes: 64, depth },
  })),
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

/** Connections of the load and of the server each; the rest of an fd limit of 20,000 is for their other fds. */
const HELD_CONNECTIONS = 15_000;
/** The question that is not one of rates. */
const MEMORY = 'memory';
const SERVER_QUESTIONS: readonly string[] = [...QUESTIONS.map(({ id }) => id), MEMORY];
/** A weighing takes long and varies little. */
const MAX_WEIGHINGS = 2;

async function main(options: Options): Promise<void> {
  const { only, against } = options;
  const checkouts = against === null ? [here] : [here, against];
  const candidates = serverCandidates(checkouts);
  const names = candidates.map(({ name }) => name);
  const transports = transportCandidates(checkouts);
  const transportNames = transports.map(({ name }) => name);
  refuseUnknown([...names, ...transportNames], options.peers);
  const isAsked = (questions: readonly string[], known: readonly string[]) =>
    questions.some((id) => only.includes(id)) && isAnyNamed(known, options.peers);
  const peers = isAsked(SERVER_QUESTIONS, names) ? findPeers(candidates, options.peers) : [];
  const transportPeers = isAsked(TRANSPORT_QUESTIONS, transportNames) ? findPeers(transports, options.peers) : [];
  if (!countsInstructions()) console.log('this machine counts no instructions: CPU time is measured instead');
  const costs = [
    ...(await askServers(options, peers, names)).map((answer) => ({ title: answer.title, costs: costsOf(answer) })),
    ...(await askTransports(options, transportPeers, transportNames)).map((answer) => ({
      title: answer.title,
      costs: transportCostsOf(answer),
    })),
  ];
  if (against !== null) console.log(`\nWhat a message costs:\n\n${comparison(costs, against).join('\n')}`);
}

/** @param names of all existing peers */
async function askServers(
  options: Options,
  peers: readonly Peer<ServerCommand>[],
  names: readonly string[],
): Promise<readonly Answer<Run>[]> {
  if (peers.length === 0) return [];
  const { rounds, seconds, only, out } = options;
  const publication = new Publication(
    out,
    {
      file: 'results.json',
      run: runSchema,
      known: { questions: SERVER_QUESTIONS, peers: names },
      writePage: (folder, results) => writeReport(folder, results, names),
    },
    options,
  );
  const program = compileLoad('support/load.c');
  const hasCounters = countsInstructions();
  const questions = QUESTIONS.filter(({ id }) => only.includes(id));
  const weighings = only.includes(MEMORY) ? Math.min(rounds, MAX_WEIGHINGS) : 0;
  const turnCount = questions.flatMap(({ mode }) => runnersOf(mode, peers)).length;
  const progress = new Progress(rounds * turnCount + weighings * runnersOf('echo', peers).length);
  for (const question of questions) {
    console.log(`\n${question.title}`);
    const runners = runnersOf(question.mode, peers);
    if (runners.length === 0) continue;
    const run = ({ line }: Runner) => runOnce(line, program, question.load, seconds, hasCounters);
    publication.publish(
      { ...question, load: { ...question.load } },
      await takeTurns(runners, rounds, progress, run, describeRun),
      Object.fromEntries(runners.map(({ name, line }) => [name, describeCommand(line)])),
    );
  }
  if (weighings > 0) {
    const load = { connections: HELD_CONNECTIONS };
    console.log(`\nmemory of ${HELD_CONNECTIONS} idle connections`);
    const weighing = { connections: HELD_CONNECTIONS, before: echo(64, 64, 1) };
    const weighOne = ({ line }: Runner) => weigh(line, program, weighing);
    const turns = await takeTurns(runnersOf('echo', peers), weighings, progress, weighOne, describeWeight);
    publication.publishMemory({ id: MEMORY, title: 'memory per idle connection', load }, turns);
  }
  return publication.answers;
}

/** A peer that answers to a mode. */
interface Runner {
  readonly name: string;
  readonly line: readonly string[];
}

function runnersOf(mode: ServerMode, peers: readonly Peer<ServerCommand>[]): readonly Runner[] {
  return peers.flatMap(({ name, command }) => {
    const line = command(mode);
    return line === null ? [] : [{ name, line }];
  });
}

async function runOnce(
  line: readonly string[],
  program: string,
  load: Load,
  seconds: number,
  hasCounters: boolean,
): Promise<Run> {
  const server = await startServer(line);
  try {
    return await measure(program, server, load, seconds, hasCounters);
  } finally {
    await server.stop();
  }
}

function describeRun({ messagesPerSecond, cpuNsPerMessage }: Run): string {
  return `${round(messagesPerSecond).padStart(10)}/s ${round(cpuNsPerMessage).padStart(9)} ns of server time each`;
}

const describeWeight = (bytes: number): string => `${round(bytes).padStart(8)} B each`;

void runSuite(
  { script: 'bench', questions: [...SERVER_QUESTIONS, ...TRANSPORT_QUESTIONS], rounds: 5, seconds: 1 },
  main,
);
