/**
 * The cost of a wait, against C, CPython, node:net and npm's epoll. In each round every peer has its turn. The answers
 * go to waits.json, and to waits.md, with a plot.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Candidate, findPeers, type Peer, refuseUnknown } from './support/candidates.js';
import { type Checkout, here } from './support/checkout.js';
import { comparison } from './support/comparison.js';
import { COST_UNIT } from './support/machine.js';
import { measuredNow } from './support/measured.js';
import type { Options } from './support/options.js';
import { runSuite } from './support/suite.js';
import { compile, findNpmEpoll, LOAD_CORE, NPM_EPOLL_INSTALL, root, runs } from './support/tools.js';
import {
  type CallCosts,
  type Garbage,
  type IdleCosts,
  type Latency,
  publishWaits,
  REFERENCE,
  waitsPage,
  type WaitsResults,
} from './support/waits-report.js';

/** A program that prints numbers: the less, the better. */
interface Program {
  readonly name: string;
  readonly command: readonly string[];
}

/** Returns the command that answers to one of the calls of waits.c. */
type Ask = (call: string, count: number) => readonly string[];
type Waiter = Peer<Ask>;

const PARTS = ['calls', 'idle', 'latency', 'allocation'];
/** The measurement is of a wait in one thread. */
const CORE = LOAD_CORE;

const CALLS: readonly { readonly call: string; readonly count: number; readonly title: string }[] = [
  { call: 'ready', count: 0, title: 'epoll, nothing registered' },
  { call: 'ready', count: 64, title: 'epoll, 64 ready, iterated with data' },
  ...[10, 100, 1000].flatMap((count) =>
    ['poll', 'select'].map((call) => ({ call, count, title: `${call} over ${count} fds, one ready` })),
  ),
];

const BACKENDS = ['epoll', 'poll', 'select'];
const IDLE_COUNTS = [10, 100, 1000, 3000, 6000, 10_000, 15_000];
/** The most rounds over idle fds, which take long. */
const MAX_IDLE_ROUNDS = 3;

const WAKE_UPS = '20000';

/** One of the programs in waits/. */
const script = (name: string, checkout = here) => [process.execPath, checkout.program(`waits/${name}.mjs`)];

function run(command: readonly string[]): readonly number[] {
  return execFileSync('taskset', ['-c', CORE, ...command], { encoding: 'utf8' })
    .split(' ')
    .map(Number);
}

/** The output of each, run by run. */
type Printed = Readonly<Record<string, readonly (readonly number[])[]>>;

function allOf(rounds: number, programs: readonly Program[]): Printed {
  const all = new Map<string, readonly (readonly number[])[]>(programs.map(({ name }) => [name, []]));
  for (let turn = 0; turn < rounds; turn += 1) {
    const order = turn % 2 === 0 ? programs : programs.toReversed();
    for (const { name, command } of order) all.set(name, [...(all.get(name) ?? []), run(command)]);
  }
  return Object.fromEntries(all);
}

/** The numbers of programs that print one, run by run. */
function onlyOf(printed: Printed): Record<string, number[]> {
  return Object.fromEntries(Object.entries(printed).map(([name, all]) => [name, all.map(([one = NaN]) => one)]));
}

function asks(seconds: string, program: readonly string[], ...more: readonly string[]): Ask {
  return (call, count) => [...program, call, String(count), seconds, ...more];
}

function waiterCandidates(seconds: string, checkouts: readonly Checkout[]): readonly Candidate<Ask>[] {
  const c = (name: string, ...more: readonly string[]): Candidate<Ask> => ({
    name,
    install: 'apt-get install gcc',
    find: () => (runs('cc', '--version') ? asks(seconds, [compile('waits/waits.c', '-pthread')], ...more) : null),
  });
  const python = (name: string, ...more: readonly string[]): Candidate<Ask> => ({
    name,
    install: 'apt-get install python3',
    find: () =>
      runs('python3', '-c', 'import os; os.eventfd')
        ? asks(seconds, ['python3', join(root, 'bench/waits/waits.py')], ...more)
        : null,
  });
  const fdmux = (checkout: Checkout, name: string, prefix: string): Candidate<Ask> => ({
    name: checkout.label(name),
    install: 'npm run build',
    find: () => {
      const ask = asks(seconds, script('waits', checkout));
      return (call, count) => ask(`${prefix}${call}`, count);
    },
  });
  return [
    c('C'),
    c(REFERENCE, 'threads'),
    python('CPython'),
    python('CPython, two threads', 'threads'),
    ...checkouts.map((checkout) => fdmux(checkout, 'fdmux', '')),
    ...checkouts.map((checkout) => fdmux(checkout, 'fdmux Multiplexer', 'mux-')),
  ];
}

function wakerCandidates(checkouts: readonly Checkout[]): readonly Candidate<readonly string[]>[] {
  const latency = (name: string, who: string, checkout = here): Candidate<readonly string[]> => ({
    name: checkout.label(name),
    install: 'npm run build',
    find: () => [...script('latency', checkout), who, WAKE_UPS],
  });
  return [
    latency('node:net', 'node-net'),
    ...checkouts.map((checkout) => latency('Multiplexer.run', 'mux', checkout)),
    ...checkouts.map((checkout) => latency('await Epoll.wait()', 'epoll', checkout)),
    {
      name: 'npm epoll',
      install: NPM_EPOLL_INSTALL,
      find: () => {
        const npmEpoll = findNpmEpoll();
        return npmEpoll === null ? null : [...script('latency'), 'npm-epoll', WAKE_UPS, npmEpoll];
      },
    },
  ];
}

function askCalls(waiters: readonly Waiter[], rounds: number): CallCosts[] {
  return CALLS.map(({ call, count, title }) => {
    console.log(title);
    const programs = waiters.map(({ name, command }) => ({ name, command: command(call, count) }));
    return { title, unit: COST_UNIT, costs: onlyOf(allOf(rounds, programs)) };
  });
}

function askIdle(command: Ask, rounds: number): IdleCosts[] {
  return IDLE_COUNTS.map((count) => {
    console.log(`${count} idle fds`);
    const programs = BACKENDS.map((name) => ({ name, command: command(`mux-${name}`, count) }));
    return { count, costs: onlyOf(allOf(rounds, programs)) };
  });
}

function askLatency(wakers: readonly Peer<readonly string[]>[], rounds: number): Record<string, Latency[]> {
  const toLatency = ([p50Us = NaN, p99Us = NaN, p999Us = NaN]: readonly number[]): Latency => ({
    ...{ p50Us, p99Us, p999Us },
  });
  const printed = Object.entries(allOf(rounds, wakers));
  return Object.fromEntries(printed.map(([name, all]) => [name, all.map(toLatency)]));
}

function askAllocation(): Garbage[] {
  const [node = '', program = ''] = script('allocation');
  const flags = ['--max-semi-space-size=1024', '--min-semi-space-size=1024', '--expose-gc'];
  const ways = [
    ['mux', 'Multiplexer.waitSync'],
    ['epoll', 'Epoll.waitSync'],
    ['epoll-into', 'Epoll.waitSync with `into`'],
    ['echo', 'a turn of `listen()` or `connect()`: 64 B received and sent'],
  ] as const;
  return ways.map(([who, name]) => {
    const [bytesPerEvent = NaN, bytesPerWait = NaN] = run([node, ...flags, program, who]);
    return { name, bytesPerEvent, bytesPerWait };
  });
}

function main({ rounds, seconds, only, peers, against, out }: Options): void {
  const checkouts = against === null ? [here] : [here, against];
  const waiters = waiterCandidates(String(seconds), checkouts);
  const wakers = wakerCandidates(checkouts);
  refuseUnknown(
    [...waiters, ...wakers].map(({ name }) => name),
    peers,
  );
  // Each is published at once, if all peers were asked: a part of the peers would replace all.
  const publish = (answers: WaitsResults): void => {
    console.log(`\n${waitsPage(answers)}`);
    if (out !== null && peers === null) publishWaits(out, answers);
  };
  const measured = measuredNow({ rounds, seconds });
  if (only.includes('calls')) {
    const answers = askCalls(findPeers(waiters, peers), rounds);
    publish({ calls: { measured, answers } });
    if (against !== null) console.log(`\nWhat a call costs:\n\n${comparison(answers, against).join('\n')}`);
  }
  if (only.includes('idle')) {
    const idleRounds = Math.min(rounds, MAX_IDLE_ROUNDS);
    const answers = askIdle(asks(String(seconds), script('waits')), idleRounds);
    publish({ idle: { measured: { ...measured, rounds: idleRounds }, answers } });
  }
  if (only.includes('latency')) {
    const answers = askLatency(findPeers(wakers, peers), rounds);
    publish({ latency: { measured: { ...measured, seconds: undefined }, answers } });
  }
  if (only.includes('allocation')) {
    publish({ allocation: { measured: { ...measured, rounds: 1, seconds: undefined }, answers: askAllocation() } });
  }
}

void runSuite({ script: 'bench:waits', questions: PARTS, rounds: 5, seconds: 0.5 }, main);
