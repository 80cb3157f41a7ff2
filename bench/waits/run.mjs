/**
 * `npm run bench:waits`: what a wait costs, against C, CPython, node:net and npm's epoll. In each round every peer has its turn;
 * the best of the rounds counts, since whatever else runs on the machine only adds. Writes docs/benchmarks/waits.md and a plot.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

import { linePlot } from './line-plot.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const built = join(root, 'build/bench/waits');
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.5' },
    out: { type: 'string', default: join(root, 'docs/benchmarks') },
    only: { type: 'string', default: 'calls,idle,latency,allocation' },
  },
});
const rounds = Number(values.rounds);
const only = values.only.split(',');

mkdirSync(built, { recursive: true });
await build({
  entryPoints: ['waits', 'latency', 'allocation'].map((name) => join(here, `${name}.ts`)),
  outdir: built,
  outExtension: { '.js': '.mjs' },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
});
const cc = spawnSync(
  'cc',
  ['-O2', '-Wall', '-Wextra', '-o', join(built, 'waits-c'), join(here, 'waits.c'), '-lpthread'],
  {
    stdio: 'inherit',
  },
);
const python =
  spawnSync('python3', ['-c', 'import os; os.eventfd'], { stdio: 'ignore' }).status === 0 ? 'python3' : null;
const npmEpoll = [join(root, '.cache/bench/node_modules/epoll'), join(root, 'node_modules/epoll')].find((path) =>
  existsSync(path),
);

const peers = [];
const addPeer = (isHere, name, command) => {
  if (isHere) peers.push({ name, command });
  else console.log(`skipped: ${name} is not installed`);
};
const js = (name) => [process.execPath, join(built, `${name}.mjs`)];
addPeer(cc.status === 0, 'C', (call, count) => [join(built, 'waits-c'), call, count, values.seconds]);
addPeer(cc.status === 0, 'C, two threads', (call, count) => [
  join(built, 'waits-c'),
  call,
  count,
  values.seconds,
  'threads',
]);
addPeer(python !== null, 'CPython', (call, count) => [python, join(here, 'waits.py'), call, count, values.seconds]);
addPeer(python !== null, 'CPython, two threads', (call, count) => [
  python,
  join(here, 'waits.py'),
  call,
  count,
  values.seconds,
  'threads',
]);
addPeer(true, 'fdmux', (call, count) => [...js('waits'), call, count, values.seconds]);
addPeer(true, 'fdmux Multiplexer', (call, count) => [...js('waits'), `mux-${call}`, count, values.seconds]);

/** Pinned to one core: a wait in one thread is what is measured. */
const run = (command) => execFileSync('taskset', ['-c', '1', ...command.map(String)], { encoding: 'utf8' }).trim();

const QUESTIONS = [
  ['ready', 0, 'epoll, nothing registered'],
  ['ready', 64, 'epoll, 64 ready, iterated with data'],
  ...[10, 100, 1000].flatMap((count) => [
    ['poll', count, `poll over ${count} fds, one ready`],
    ['select', count, `select over ${count} fds, one ready`],
  ]),
];

const lines = [
  '# What a wait costs',
  '',
  'Written by `npm run bench:waits`. CPU time of one call, user and kernel, in nanoseconds; the best of ' +
    rounds +
    ' rounds in which every peer had its turn, on one core.',
  '',
  `Machine: ${cpus()[0]?.model.trim()}, ${cpus().length} cores, Linux ${release()}, Node.js ${process.version}.`,
  '',
];
const say = (line) => {
  console.log(line);
  lines.push(line);
};

if (only.includes('calls')) {
  lines.push(
    'A process of several threads pays more for each fd that a call looks at, since the kernel then counts references to open files.',
    'Node.js always has several, so the columns with two threads are what can be reached; the others have one.',
    '',
  );
  say(`| question | ${peers.map(({ name }) => name).join(' | ')} |`);
  say(`|---|${peers.map(() => '---:|').join('')}`);
  for (const [call, count, title] of QUESTIONS) {
    const best = new Map();
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, command } of peers) {
        best.set(name, Math.min(best.get(name) ?? Infinity, Number(run(command(call, count)))));
      }
    }
    const reference = best.get('C, two threads') ?? NaN;
    say(
      `| ${title} | ${peers.map(({ name }) => `${Math.round(best.get(name)).toLocaleString('en')} (${(best.get(name) / reference).toFixed(2)})`).join(' | ')} |`,
    );
  }
  say('');
  say('In brackets: against C with two threads.');
  say('');
}

if (only.includes('idle')) {
  const counts = [10, 100, 1000, 3000, 6000, 10_000, 15_000];
  const series = [];
  for (const backend of ['epoll', 'poll', 'select']) {
    const points = counts.map((count) => {
      let best = Infinity;
      for (let round = 0; round < Math.min(rounds, 3); round += 1) {
        best = Math.min(best, Number(run([...js('waits'), `mux-${backend}`, count, values.seconds])));
      }
      return { x: count, y: best / 1000 };
    });
    series.push({ name: backend, points });
  }
  say('## One wake-up against idle fds');
  say('');
  say(`| idle fds | ${series.map(({ name }) => `${name}, us`).join(' | ')} |`);
  say('|---:|---:|---:|---:|');
  counts.forEach((count, index) =>
    say(`| ${count.toLocaleString('en')} | ${series.map(({ points }) => points[index].y.toFixed(2)).join(' | ')} |`),
  );
  say('');
  lines.push('![One wake-up against idle fds](idle-fds.svg)', '');
  mkdirSync(values.out, { recursive: true });
  writeFileSync(
    join(values.out, 'idle-fds.svg'),
    linePlot('CPU time of one wake-up (microseconds) against registered fds, both logarithmic', series),
  );
}

if (only.includes('latency')) {
  const who = ['node-net', 'mux', 'epoll'];
  if (npmEpoll === undefined)
    console.log('skipped: npm’s epoll is not installed (npm install --prefix .cache/bench epoll)');
  else who.push('npm-epoll');
  const best = new Map();
  for (let round = 0; round < rounds; round += 1) {
    for (const name of who) {
      const [p50, p99] = run([...js('latency'), name, 20_000, npmEpoll ?? ''])
        .split(' ')
        .map(Number);
      const before = best.get(name) ?? [Infinity, Infinity];
      best.set(name, [Math.min(before[0], p50), Math.min(before[1], p99)]);
    }
  }
  const titles = {
    'node-net': 'node:net',
    mux: 'Multiplexer.run',
    epoll: 'await Epoll.wait()',
    'npm-epoll': 'npm epoll',
  };
  const [p50, p99] = best.get('node-net');
  say('## From a byte’s writing to the callback, in one process on a socket pair');
  say('');
  say('| | p50, us | p99, us | against node:net |');
  say('|---|---:|---:|---:|');
  for (const [name, [own50, own99]] of best) {
    say(
      `| ${titles[name]} | ${own50.toFixed(1)} | ${own99.toFixed(1)} | ${(own50 / p50).toFixed(2)}, ${(own99 / p99).toFixed(2)} |`,
    );
  }
  say('');
}

if (only.includes('allocation')) {
  say('## What a wait leaves to the garbage collector, over 10,000,000 events');
  say('');
  say('| | bytes per event | bytes per wait of 64 events |');
  say('|---|---:|---:|');
  for (const [who, title] of [
    ['mux', 'Multiplexer.waitSync'],
    ['epoll', 'Epoll.waitSync'],
  ]) {
    const [node, script] = js('allocation');
    const [perEvent, perWait] = run([
      node,
      '--max-semi-space-size=1024',
      '--min-semi-space-size=1024',
      script,
      who,
    ]).split(' ');
    say(`| ${title} | ${perEvent} | ${perWait} |`);
  }
  say('');
}

mkdirSync(values.out, { recursive: true });
if (values.only === 'calls,idle,latency,allocation')
  writeFileSync(join(values.out, 'waits.md'), `${lines.join('\n').trimEnd()}\n`);
