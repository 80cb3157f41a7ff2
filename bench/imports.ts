/**
 * The cost of loading fdmux: whole processes, beside one of Node.js that does nothing. In each round every program has
 * its turn. The answers go to imports.json and imports.md.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { type Checkout, here } from './support/checkout.js';
import { type Cost, EMPTY, importsPage, publishImports } from './support/imports-report.js';
import { measuredNow } from './support/measured.js';
import { runSuite } from './support/suite.js';
import { root } from './support/tools.js';

interface Program {
  readonly name: string;
  readonly args: readonly string[];
}

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

const SUITE = { script: 'bench:imports', questions: ['imports'], rounds: 25, seconds: 0.1 };

void runSuite(SUITE, ({ rounds, against, out }) => {
  const checkouts = against === null ? [here] : [here, against];
  const programs: readonly Program[] = [{ name: EMPTY, args: ['-e', '0'] }, ...checkouts.flatMap(programsOf)];
  const measured = measuredNow({ rounds, seconds: undefined });
  const costs = new Map<string, Cost[]>(programs.map(({ name }) => [name, []]));
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const program of turn % 2 === 0 ? programs : programs.toReversed())
      costs.get(program.name)?.push(run(program));
  }
  const answers = Object.fromEntries(costs);
  console.log(importsPage(measured, answers));
  if (out !== null) publishImports(out, { loading: { measured, answers } });
});
