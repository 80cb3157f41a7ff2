/**
 * What a wait costs, against C, CPython, node:net and npm's epoll. In each round every peer has its turn; the best of
 * the rounds counts, since whatever else runs on the machine only adds. The answers go to waits.md, with a plot.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Candidate, findPeers, type Peer, refuseUnknown } from './support/candidates.js';
import { type Checkout, here } from './support/checkout.js';
import { comparison, type Costs } from './support/comparison.js';
import { linePlot } from './support/line-plot.js';
import { COST_UNIT, machineInWords } from './support/machine.js';
import type { Options } from './support/options.js';
import { round } from './support/page.js';
import { runSuite } from './support/suite.js';
import { compile, findNpmEpoll, LOAD_CORE, NPM_EPOLL_INSTALL, root, runs } from './support/tools.js';

/** A program that prints numbers: the less, the better. */
interface Program {
  readonly name: string;
  readonly command: readonly string[];
}

/** Returns the command that answers to one of the calls of waits.c. */
type Ask = (call: string, count: number) => readonly string[];
type Waiter = Peer<Ask>;

const PARTS = ['calls', 'idle', 'latency', 'allocation'];
/** A wait in one thread is what is measured. */
const CORE = LOAD_CORE;
/** The call that the others are compared with. */
const REFERENCE = 'C, two threads';

const CALLS: readonly { readonly call: string; readonly count: number; readonly title: string }[] = [
  { call: 'ready', count: 0, title: 'epoll, nothing registered' },
  { call: 'ready', count: 64, title: 'epoll, 64 ready, iterated with data' },
  ...[10, 100, 1000].flatMap((count) =>
    ['poll', 'select'].map((call) => ({ call, count, title: `${call} over ${count} fds, one ready` })),
  ),
];

const BACKENDS = ['epoll', 'poll', 'select'];
const IDLE_COUNTS = [10, 100, 1000, 3000, 6000, 10_000, 15_000];
/** Of the rounds over idle fds, which take long. */
const MAX_IDLE_ROUNDS = 3;

const WAKE_UPS = '20000';

const lines: string[] = [];

function say(...said: readonly string[]): void {
  for (const line of said) console.log(line);
  lines.push(...said);
}

/** One of the programs in waits/. */
const script = (name: string, checkout = here) => [process.execPath, checkout.program(`waits/${name}.mjs`)];

function run(command: readonly string[]): readonly number[] {
  return execFileSync('taskset', ['-c', CORE, ...command], { encoding: 'utf8' })
    .split(' ')
    .map(Number);
}

/** What each printed, run by run. */
function allOf(rounds: number, programs: readonly Program[]): ReadonlyMap<string, readonly (readonly number[])[]> {
  const all = new Map<string, readonly (readonly number[])[]>();
  for (let turn = 0; turn < rounds; turn += 1) {
    const order = turn % 2 === 0 ? programs : programs.toReversed();
    for (const { name, command } of order) all.set(name, [...(all.get(name) ?? []), run(command)]);
  }
  return all;
}

/** The least of each number that was printed. */
function least(all: readonly (readonly number[])[] = []): readonly number[] {
  return (all[0] ?? []).map((_, index) => Math.min(...all.map((numbers) => numbers[index] ?? NaN)));
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

/** @returns what each call cost, run by run */
function askCalls(waiters: readonly Waiter[], rounds: number): readonly Costs[] {
  say(
    '',
    'A process of several threads pays more for each fd that a call looks at, since the kernel then counts references to open files.',
    'Node.js always has several, so the columns with two threads are what can be reached; the others have one.',
    '',
    `| question | ${waiters.map(({ name }) => name).join(' | ')} |`,
    `|---|${waiters.map(() => '---:|').join('')}`,
  );
  const costs: Costs[] = [];
  for (const { call, count, title } of CALLS) {
    const all = allOf(
      rounds,
      waiters.map(({ name, command }) => ({ name, command: command(call, count) })),
    );
    const [reference = NaN] = least(all.get(REFERENCE));
    const cells = [...all.values()].map((printed) => {
      const [ns = NaN] = least(printed);
      return Number.isNaN(reference) ? round(ns) : `${round(ns)} (${(ns / reference).toFixed(2)})`;
    });
    say(`| ${title} | ${cells.join(' | ')} |`);
    const runsOf = [...all].map(([name, printed]) => [name, printed.map(([ns = NaN]) => ns)] as const);
    costs.push({ title, costs: Object.fromEntries(runsOf) });
  }
  say('', 'In brackets: against C with two threads.');
  return costs;
}

/** @returns a plot of the answers */
function askIdle(command: Ask, rounds: number): string {
  const title = 'One wake-up against idle fds';
  say(
    '',
    `## ${title}`,
    '',
    `| idle fds | ${BACKENDS.map((backend) => `${backend}, us`).join(' | ')} |`,
    `|---:|${BACKENDS.map(() => '---:|').join('')}`,
  );
  const rows = IDLE_COUNTS.map((count) => {
    const all = allOf(
      rounds,
      BACKENDS.map((name) => ({ name, command: command(`mux-${name}`, count) })),
    );
    const us = [...all.values()].map((printed) => (least(printed)[0] ?? NaN) / 1000);
    say(`| ${count.toLocaleString('en')} | ${us.map((value) => value.toFixed(2)).join(' | ')} |`);
    return us;
  });
  say('', `![${title}](idle-fds.svg)`);
  return linePlot(
    'CPU time of one wake-up against registered fds',
    { x: 'registered fds (logarithmic)', y: 'us of CPU (logarithmic)' },
    BACKENDS.map((name, column) => ({
      name,
      points: IDLE_COUNTS.map((count, row) => ({ x: count, y: rows[row]?.[column] ?? NaN })),
    })),
  );
}

function askLatency(wakers: readonly Peer<readonly string[]>[], rounds: number): void {
  say(
    '',
    '## From a byte’s writing to the callback, in one process on a socket pair',
    '',
    '| | p50, us | p99, us | against node:net |',
    '|---|---:|---:|---:|',
  );
  const all = allOf(rounds, wakers);
  const [reference50 = NaN, reference99 = NaN] = least(all.get('node:net'));
  for (const [name, printed] of all) {
    const [p50 = NaN, p99 = NaN] = least(printed);
    const against = `${(p50 / reference50).toFixed(2)}, ${(p99 / reference99).toFixed(2)}`;
    say(`| ${name} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${against} |`);
  }
}

function askAllocation(): void {
  say(
    '',
    '## What a wait leaves to the garbage collector, over 10,000,000 events',
    '',
    '| | bytes per event | bytes per wait of 64 events |',
    '|---|---:|---:|',
  );
  const [node = '', program = ''] = script('allocation');
  const flags = ['--max-semi-space-size=1024', '--min-semi-space-size=1024'];
  for (const [who, name] of [
    ['mux', 'Multiplexer.waitSync'],
    ['epoll', 'Epoll.waitSync'],
    ['epoll-into', 'Epoll.waitSync with `into`'],
  ] as const) {
    const [perEvent = NaN, perWait = NaN] = run([node, ...flags, program, who]);
    say(`| ${name} | ${perEvent.toFixed(3)} | ${perWait.toFixed(1)} |`);
  }
}

function main({ rounds, seconds, only, peers, against, out }: Options): void {
  const checkouts = against === null ? [here] : [here, against];
  const waiters = waiterCandidates(String(seconds), checkouts);
  const wakers = wakerCandidates(checkouts);
  refuseUnknown(
    [...waiters, ...wakers].map(({ name }) => name),
    peers,
  );
  say(
    '# What a wait costs',
    '',
    `Written by \`npm run bench:waits\`. What one call costs in ${COST_UNIT}, user and kernel; the best of the rounds, in which every`,
    'peer had its turn, on one core.',
    '',
    `${machineInWords}; ${rounds} rounds.`,
  );
  const costs = only.includes('calls') ? askCalls(findPeers(waiters, peers), rounds) : [];
  const idle = asks(String(seconds), script('waits'));
  const plot = only.includes('idle') ? askIdle(idle, Math.min(rounds, MAX_IDLE_ROUNDS)) : null;
  if (only.includes('latency')) askLatency(findPeers(wakers, peers), rounds);
  if (only.includes('allocation')) askAllocation();
  if (against !== null) console.log(`\nWhat a call costs:\n\n${comparison(costs, against).join('\n')}`);
  // A part of the page would take the place of the whole.
  const isWhole = peers === null && PARTS.every((part) => only.includes(part));
  if (out === null || plot === null || !isWhole) return;
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'idle-fds.svg'), plot);
  writeFileSync(join(out, 'waits.md'), `${lines.join('\n')}\n`);
}

void runSuite({ script: 'bench:waits', questions: PARTS, rounds: 5, seconds: 0.5 }, main);
