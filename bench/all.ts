/**
 * `npm run bench:all`: every suite on one commit. Nothing is published before all have their answers; then they replace
 * everything that was published, and the pages are made of them.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { INSTRUCTIONS_DATA } from './support/instructions-report.js';
import { RAW_DATA } from './support/published.js';
import { built, root } from './support/tools.js';

/** The suites with their parameters: together about fifty minutes. IRC servers take long to warm up in each round. */
const SUITES: Readonly<Record<string, readonly string[]>> = {
  servers: ['--seconds', '0.5'],
  irc: ['--rounds', '3', '--seconds', '0.7'],
  waits: ['--seconds', '0.3'],
  store: ['--rounds', '5', '--seconds', '3'],
  log: ['--rounds', '3', '--seconds', '3'],
  imports: [],
  threads: ['--seconds', '0.7'],
  upgrade: [],
};

/** In the emulated machine, where all takes ten times as long: the questions that have aims in instructions. */
const IN_INSTRUCTIONS: readonly (readonly [string, ...string[]])[] = [
  ['servers', '--only', 'echo-1,echo-64,echo-1000', '--seconds', '0.3'],
  // Its many messages in a turn are compiled later.
  ['servers', '--only', 'echo-pipelined', '--seconds', '1'],
  ['irc', '--only', 'irc-50-10,irc-join', '--seconds', '0.3'],
];
const INSTRUCTIONS = 'instructions';
const ALL = [...Object.keys(SUITES), INSTRUCTIONS];

const [, , ...asked] = process.argv;
const unknown = asked.find((name) => !ALL.includes(name));
const fresh = join(built, 'results');
const minutesSince = (from: number): string => `${((performance.now() - from) / 60_000).toFixed(1)} min`;

if (unknown === undefined) measure();
else {
  console.error(`error: there is no suite '${unknown}'; known are: ${ALL.join(', ')}`);
  process.exitCode = 1;
}

function measure(): void {
  // Named suites are run again, and the answers of the others stay.
  if (asked.length === 0) rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const begin = performance.now();
  const failed: string[] = [];
  for (const [name, parameters] of Object.entries(SUITES)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const from = performance.now();
    console.log(`\n=== ${name}`);
    if (!succeeds(name, [...parameters, '--out', fresh])) failed.push(name);
    console.log(`=== ${name}: ${minutesSince(from)}`);
  }
  if (asked.length === 0 || asked.includes(INSTRUCTIONS)) failed.push(...countInstructions());
  const missing = RAW_DATA.filter((name) => !existsSync(join(fresh, name)));
  console.log(`\n${minutesSince(begin)}; the answers are in ${fresh}`);
  if (failed.length > 0 || missing.length > 0) {
    if (failed.length > 0) console.error(`error: failed: ${failed.join(', ')}`);
    if (missing.length > 0) console.error(`error: missing: ${missing.join(', ')}`);
    console.error('nothing is published; `npm run bench:all -- SUITE ...` asks some suites again');
    process.exitCode = 1;
    return;
  }
  for (const name of RAW_DATA) copyFileSync(join(fresh, name), join(root, 'docs/benchmarks', name));
  if (!succeeds('pages', [])) process.exitCode = 1;
}

/** @returns the suites that failed */
function countInstructions(): string[] {
  const out = join(fresh, INSTRUCTIONS);
  const failed = IN_INSTRUCTIONS.filter(([name, ...parameters]) => {
    console.log(`\n=== ${name}, in instructions`);
    return !succeeds(name, [...parameters, '--instructions', '--out', out]);
  });
  for (const [name, published] of Object.entries(INSTRUCTIONS_DATA)) {
    if (existsSync(join(out, name))) copyFileSync(join(out, name), join(fresh, published));
  }
  return failed.map(([name]) => `${INSTRUCTIONS} of ${name}`);
}

function succeeds(suite: string, parameters: readonly string[]): boolean {
  const { status } = spawnSync(process.execPath, [join(built, `${suite}.js`), ...parameters], { stdio: 'inherit' });
  return status === 0;
}
