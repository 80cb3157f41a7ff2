/**
 * `npm run fuzz -- SECONDS`: feeds each pure part of the addon (test/native/fuzz/) with inputs that libFuzzer makes up,
 * for that long each (10 by default), under AddressSanitizer and UndefinedBehaviorSanitizer. The inputs that it finds
 * stay in .cache/fuzz/ for the next run. Without clang it reports that and succeeds.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { at } from './lib/paths.mjs';
import { Problem, runMain, say } from './lib/progress.mjs';
import { hasCommand, run, tryRun } from './lib/run.mjs';

const SOURCES = at('test/native/fuzz');
const DEFAULT_SECONDS = 10;

await runMain(async () => {
  const seconds = Number(process.argv[2] ?? DEFAULT_SECONDS);
  if (!Number.isInteger(seconds) || seconds < 1) throw new Problem('SECONDS is a whole number of at least 1.');
  const clang = process.env.CLANG ?? ['clang++', 'clang++-19', 'clang++-18', 'clang++-14'].find(hasCommand);
  if (clang === undefined) {
    say('no clang, no fuzzing. Debian, Ubuntu:  apt-get install clang-19 libclang-rt-19-dev');
    return;
  }
  for (const source of readdirSync(SOURCES).filter((name) => name.endsWith('.cc'))) {
    await fuzz(clang, source, source.replace('.cc', ''), seconds);
  }
});

async function fuzz(clang, source, name, seconds) {
  const corpus = at('.cache/fuzz', name);
  const program = at('.cache/fuzz', `${name}.bin`);
  mkdirSync(corpus, { recursive: true });
  say(`${name}: compiling with ${clang}`);
  const sanitizers = 'fuzzer,address,undefined';
  await run(clang, [
    '-std=gnu++17',
    '-g',
    '-O1',
    '-D_GNU_SOURCE',
    `-fsanitize=${sanitizers}`,
    `-fno-sanitize-recover=${sanitizers}`,
    '-o',
    program,
    `${SOURCES}/${source}`,
  ]);
  say(`${name}: ${seconds} s of inputs`);
  const limits = [`-max_total_time=${seconds}`, '-timeout=10', '-rss_limit_mb=1024', '-print_final_stats=1'];
  const { ok, output, reason } = await tryRun(program, [...limits, `-artifact_prefix=${at('.cache/fuzz')}/`, corpus]);
  if (!ok) throw new Problem(`${output}\n${name} failed (${reason}).`);
  say(`${name}: ${/number_of_executed_units: *(\d+)/.exec(output)?.[1] ?? 'some'} inputs, clean`);
}
