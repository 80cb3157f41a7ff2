/**
 * What loading fdmux costs: whole processes, beside one of Node.js that does nothing. In each round every program has
 * its turn; the least of the rounds counts, since whatever else runs only adds. The answers go to imports.md.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Checkout, here } from './support/checkout.js';
import { machineInWords } from './support/machine.js';
import { runSuite } from './support/suite.js';
import { root } from './support/tools.js';

interface Program {
  readonly name: string;
  readonly args: readonly string[];
}

interface Cost {
  /** User and kernel, of all threads. */
  readonly cpuMs: number;
  readonly elapsedMs: number;
}

const EMPTY: Program = { name: 'Node.js, empty program', args: ['-e', '0'] };

function programsOf(checkout: Checkout): readonly Program[] {
  const folder = dirname(checkout.cli);
  const requires = (file: string): readonly string[] => ['-e', `require(${JSON.stringify(join(folder, file))})`];
  return [
    { name: checkout.label("require('fdmux')"), args: requires('index.js') },
    { name: checkout.label("require('fdmux/chat')"), args: requires('chat-server.js') },
    { name: checkout.label('fdmux --version'), args: [checkout.cli, '--version'] },
  ];
}

function run({ args }: Program): Cost {
  const report = join(root, 'bench/support/cpu-at-exit.cjs');
  const from = performance.now();
  const { status, output, stderr } = spawnSync(process.execPath, ['--require', report, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const elapsedMs = performance.now() - from;
  if (status !== 0) throw new Error(stderr);
  return { cpuMs: Number(output[3]) / 1000, elapsedMs };
}

/** The least of each figure. */
function least(costs: readonly Cost[]): Cost {
  return {
    cpuMs: Math.min(...costs.map(({ cpuMs }) => cpuMs)),
    elapsedMs: Math.min(...costs.map(({ elapsedMs }) => elapsedMs)),
  };
}

const inMs = (value: number): string => value.toFixed(1);

function table(programs: readonly Program[], costs: ReadonlyMap<string, readonly Cost[]>): readonly string[] {
  const empty = least(costs.get(EMPTY.name) ?? []);
  const rows = programs.map(({ name }) => {
    const { cpuMs, elapsedMs } = least(costs.get(name) ?? []);
    const above = name === EMPTY.name ? '' : inMs(cpuMs - empty.cpuMs);
    return `| ${name} | ${inMs(cpuMs)} | ${above} | ${inMs(elapsedMs)} |`;
  });
  return ['| program | CPU ms | above empty | elapsed ms |', '|---|---:|---:|---:|', ...rows];
}

const SUITE = { script: 'bench:imports', questions: ['imports'], rounds: 25, seconds: 0.1 };

void runSuite(SUITE, ({ rounds, against, out }) => {
  const checkouts = against === null ? [here] : [here, against];
  const programs = [EMPTY, ...checkouts.flatMap(programsOf)];
  const costs = new Map<string, Cost[]>(programs.map(({ name }) => [name, []]));
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const program of turn % 2 === 0 ? programs : programs.toReversed())
      costs.get(program.name)?.push(run(program));
  }
  const lines = table(programs, costs);
  for (const line of lines) console.log(line);
  if (out === null) return;
  mkdirSync(out, { recursive: true });
  const page = [
    '# What loading costs',
    '',
    `Written by \`npm run bench:imports\`. CPU time (user and kernel) and elapsed time of a whole process; the least of ${rounds} rounds in which`,
    'every program had its turn.',
    '',
    `Machine: ${machineInWords}.`,
    '',
    ...lines,
    '',
  ];
  writeFileSync(join(out, 'imports.md'), page.join('\n'));
});
