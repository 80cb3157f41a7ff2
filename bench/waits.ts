/**
 * What a wait costs, against C, CPython, node:net and npm's epoll. In each round every peer has its turn; the best of
 * the rounds counts, since whatever else runs on the machine only adds. The answers go to waits.md, with a plot.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linePlot } from './support/line-plot.js';
import { circumstances } from './support/machine.js';
import { readOptions } from './support/options.js';
import { PeerList } from './support/peer-list.js';
import { built, compile, findNpmEpoll, NPM_EPOLL_INSTALL, root, runs } from './support/tools.js';

/** A program that prints numbers: the less, the better. */
interface Program {
  readonly name: string;
  readonly command: readonly string[];
}

/** Whoever can be asked for the calls of waits.c. */
interface Waiter {
  readonly name: string;
  readonly command: (call: string, count: number) => readonly string[];
}

const PARTS = ['calls', 'idle', 'latency', 'allocation'];
/** A wait in one thread is what is measured. */
const CORE = '1';
/** What the calls of the others are compared with. */
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
const script = (name: string) => [process.execPath, join(built, 'waits', `${name}.mjs`)];

function run(command: readonly string[]): readonly number[] {
  return execFileSync('taskset', ['-c', CORE, ...command], { encoding: 'utf8' })
    .split(' ')
    .map(Number);
}

/** What each printed at best. */
function bestOf(rounds: number, programs: readonly Program[]): ReadonlyMap<string, readonly number[]> {
  const best = new Map<string, readonly number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, command } of programs) {
      const earlier = best.get(name) ?? [];
      best.set(
        name,
        run(command).map((number, index) => Math.min(number, earlier[index] ?? Infinity)),
      );
    }
  }
  return best;
}

function asks(seconds: string, program: readonly string[], ...more: readonly string[]): Waiter['command'] {
  return (call, count) => [...program, call, String(count), seconds, ...more];
}

function findWaiters(seconds: string): PeerList<Waiter> {
  const list = new PeerList<Waiter>();
  const hasC = runs('cc', '--version');
  const c = hasC ? [compile('waits/waits.c', '-pthread')] : [];
  list.add(hasC, 'apt-get install gcc', { name: 'C', command: asks(seconds, c) });
  list.add(hasC, 'apt-get install gcc', { name: REFERENCE, command: asks(seconds, c, 'threads') });
  const hasPython = runs('python3', '-c', 'import os; os.eventfd');
  const python = ['python3', join(root, 'bench/waits/waits.py')];
  list.add(hasPython, 'apt-get install python3', { name: 'CPython', command: asks(seconds, python) });
  list.add(hasPython, 'apt-get install python3', {
    name: 'CPython, two threads',
    command: asks(seconds, python, 'threads'),
  });
  const fdmux = asks(seconds, script('waits'));
  list.peers.push(
    { name: 'fdmux', command: fdmux },
    { name: 'fdmux Multiplexer', command: (call, count) => fdmux(`mux-${call}`, count) },
  );
  return list;
}

function findWakers(): PeerList<Program> {
  const list = new PeerList<Program>();
  const latency = (who: string, ...more: string[]) => [...script('latency'), who, WAKE_UPS, ...more];
  list.peers.push(
    { name: 'node:net', command: latency('node-net') },
    { name: 'Multiplexer.run', command: latency('mux') },
    { name: 'await Epoll.wait()', command: latency('epoll') },
  );
  const npmEpoll = findNpmEpoll();
  list.add(npmEpoll !== null, NPM_EPOLL_INSTALL, {
    name: 'npm epoll',
    command: latency('npm-epoll', npmEpoll ?? ''),
  });
  return list;
}

function askCalls(waiters: readonly Waiter[], rounds: number): void {
  say(
    '',
    'A process of several threads pays more for each fd that a call looks at, since the kernel then counts references to open files.',
    'Node.js always has several, so the columns with two threads are what can be reached; the others have one.',
    '',
    `| question | ${waiters.map(({ name }) => name).join(' | ')} |`,
    `|---|${waiters.map(() => '---:|').join('')}`,
  );
  for (const { call, count, title } of CALLS) {
    const best = bestOf(
      rounds,
      waiters.map(({ name, command }) => ({ name, command: command(call, count) })),
    );
    const [reference = NaN] = best.get(REFERENCE) ?? [];
    const cells = [...best.values()].map(
      ([ns = NaN]) => `${Math.round(ns).toLocaleString('en')} (${(ns / reference).toFixed(2)})`,
    );
    say(`| ${title} | ${cells.join(' | ')} |`);
  }
  say('', 'In brackets: against C with two threads.');
}

/** @returns a plot of the answers */
function askIdle(command: Waiter['command'], rounds: number): string {
  const title = 'One wake-up against idle fds';
  say(
    '',
    `## ${title}`,
    '',
    `| idle fds | ${BACKENDS.map((backend) => `${backend}, us`).join(' | ')} |`,
    `|---:|${BACKENDS.map(() => '---:|').join('')}`,
  );
  const rows = IDLE_COUNTS.map((count) => {
    const best = bestOf(
      rounds,
      BACKENDS.map((name) => ({ name, command: command(`mux-${name}`, count) })),
    );
    const us = [...best.values()].map(([ns = NaN]) => ns / 1000);
    say(`| ${count.toLocaleString('en')} | ${us.map((value) => value.toFixed(2)).join(' | ')} |`);
    return us;
  });
  say('', `![${title}](idle-fds.svg)`);
  return linePlot(
    'CPU time of one wake-up (microseconds) against registered fds, both logarithmic',
    BACKENDS.map((name, column) => ({
      name,
      points: IDLE_COUNTS.map((count, row) => ({ x: count, y: rows[row]?.[column] ?? NaN })),
    })),
  );
}

function askLatency(wakers: readonly Program[], rounds: number): void {
  say(
    '',
    '## From a byte’s writing to the callback, in one process on a socket pair',
    '',
    '| | p50, us | p99, us | against node:net |',
    '|---|---:|---:|---:|',
  );
  const best = bestOf(rounds, wakers);
  const [reference50 = NaN, reference99 = NaN] = best.get('node:net') ?? [];
  for (const [name, [p50 = NaN, p99 = NaN]] of best) {
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
  ] as const) {
    const [perEvent = NaN, perWait = NaN] = run([node, ...flags, program, who]);
    say(`| ${name} | ${perEvent.toFixed(3)} | ${perWait.toFixed(1)} |`);
  }
}

function main(): void {
  const { rounds, seconds, only, out } = readOptions({
    script: 'bench:waits',
    questions: PARTS,
    rounds: 5,
    seconds: 0.5,
  });
  mkdirSync(out, { recursive: true });
  const waiters = findWaiters(String(seconds));
  const wakers = findWakers();
  say(
    '# What a wait costs',
    '',
    'Written by `npm run bench:waits`. CPU time of one call, user and kernel, in nanoseconds; the best of the rounds, in which every',
    'peer had its turn, on one core.',
    '',
    ...circumstances(`${rounds} rounds`, [...waiters.missing, ...wakers.missing]),
  );
  if (only.includes('calls')) askCalls(waiters.peers, rounds);
  if (only.includes('idle')) {
    const plot = askIdle(asks(String(seconds), script('waits')), Math.min(rounds, MAX_IDLE_ROUNDS));
    writeFileSync(join(out, 'idle-fds.svg'), plot);
  }
  if (only.includes('latency')) askLatency(wakers.peers, rounds);
  if (only.includes('allocation')) askAllocation();
  if (PARTS.every((part) => only.includes(part))) writeFileSync(join(out, 'waits.md'), `${lines.join('\n')}\n`);
}

main();
