/**
 * `npm run matrix`: the whole suite, run on the packed package by every runtime and with every way of waiting that this
 * machine can have. It goes on after a failure and prints one table. Each row that has ended is kept in
 * docs/matrix.json and shown in docs/matrix.md at once, so a run that is cut short leaves its results so far, and rows
 * can be run one at a time.
 *
 *   --only node24,bun           picks rows; the others keep their last result
 *   --suites readiness,net      picks folders of test/; nothing is written down
 *   --here                      packs the addon that was built here instead of the prebuilt ones; rows for other
 *                               systems take theirs from prebuilds/
 *   --tarball FILE              takes a package that is packed already
 *   --quick                     two runtimes and a few folders without long tests, for .ci/run; reports a runtime that
 *                               cannot be had, and leaves it out
 *   --list                      names the rows
 *
 * Downloads are kept in .cache/, or in the folder that FDMUX_CACHE names.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildModules } from './lib/build-modules.mjs';
import { cacheFolder } from './lib/fetch.mjs';
import { keepResult, readResults, summary, toMarkdown, writeIntoPage } from './lib/matrix-report.mjs';
import { QUICK_ROWS, reasonAgainst, rows } from './lib/matrix-rows.mjs';
import { packPackage } from './lib/pack.mjs';
import { at, root } from './lib/paths.mjs';
import { Problem, runMain, say } from './lib/progress.mjs';
import { npm, tryRun } from './lib/run.mjs';
import { binaryPath } from './lib/targets.mjs';

const folder = join(cacheFolder, 'matrix');
const vitest = at('node_modules/vitest/vitest.mjs');
/** How long one run of vitest may take: a folder of tests, or a single file if the runtime takes them one by one. */
const RUN_LIMIT_MS = 15 * 60_000;
const FILE_LIMIT_MS = 4 * 60_000;
/** An emulator is about ten times as slow, and the long tests of a folder take minutes without it. */
const EMULATED_LIMIT_MS = 60 * 60_000;
/** How long a test waits for an expected event, on a machine that may have other work; a row can ask for more. */
const DEADLINE_MS = 30_000;
/** After how many of these a test has failed, and one that takes minutes anyway (300 s, as in vitest.config.mts). */
const DEADLINES = 2;
const LONG_DEADLINES = 10;

/** The tests that stand beside the folders of test/ and go through several layers, as a suite. */
const ACROSS = 'across';
/** Files that the daily suite leaves out; they need the configuration of `npm run test:long`. */
const isLong = (path) => path.endsWith('.long.test.ts');
/** Tests of the sources, the pages and the build, which are the same for every runtime. */
const NOT_OF_THE_PACKAGE = [
  'test/architecture.test.ts',
  'test/docs.test.ts',
  'test/examples.test.ts',
  'test/scripts/',
  'test/site/',
  'test/support/',
  'test/bench/',
  'test/packaging/deno',
  'test/faults/',
];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    suites: { type: 'string' },
    here: { type: 'boolean', default: false },
    tarball: { type: 'string' },
    list: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});

await runMain(async () => {
  if (values.list) {
    // A reader may have seen enough.
    process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));
    for (const { id, title } of rows) process.stdout.write(`${id.padEnd(16)} ${title}\n`);
    return;
  }
  const picked = pick();
  const asked = values.suites?.split(',') ?? [...allSuites(), ACROSS];
  const isKept = values.suites === undefined && !values.quick;
  mkdirSync(folder, { recursive: true });
  const tarball =
    values.tarball === undefined
      ? await packPackage(join(folder, 'pack'), values.here || values.quick)
      : resolve(values.tarball);
  const subject = await install(tarball);
  const results = [];
  for (const [index, row] of picked.entries()) {
    say(`${index + 1}/${picked.length} ${row.title}`);
    const suites = values.quick ? QUICK_ROWS[row.id] : asked;
    const result = await runRow(row, suites, subject, tarball);
    results.push(result);
    if (isKept) keep(row, result);
    say(`  ${summary(result)}`);
  }
  process.stdout.write(`\n${toMarkdown(results)}\n`);
  const isBad = ({ failures, problem }) => failures.length > 0 || (problem !== undefined && !values.quick);
  if (results.some(isBad)) process.exitCode = 1;
});

function pick() {
  const wanted = values.quick ? Object.keys(QUICK_ROWS) : values.only?.split(',');
  if (wanted === undefined) return rows;
  return wanted.map((id) => {
    const row = rows.find((each) => each.id === id);
    if (row === undefined) throw new Problem(`there is no row '${id}'; --list names them`);
    return row;
  });
}

/** Writes a row's result down, beside those of the other rows. A row that could not run leaves its last result. */
function keep(row, result) {
  const path = at('docs/matrix.json');
  if (result.problem !== undefined && readResults(path)[row.id] !== undefined) return;
  const ids = rows.map(({ id }) => id);
  keepResult(path, ids, row.id, result);
  writeIntoPage(at('docs/matrix.md'), Object.values(readResults(path)));
}

/** The folders of test/ that have tests. */
function allSuites() {
  return readdirSync(at('test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && testFiles(entry.name).length > 0)
    .map(({ name }) => name);
}

function testFiles(suite) {
  const within = suite === ACROSS ? 'test' : `test/${suite}`;
  return readdirSync(at(within), { recursive: suite !== ACROSS })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `${within}/${path}`)
    .filter((path) => !NOT_OF_THE_PACKAGE.some((start) => path.startsWith(start)) && !(values.quick && isLong(path)))
    .sort();
}

async function install(tarball) {
  const project = join(folder, 'project');
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'matrix', private: true }));
  await npm(['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball], { cwd: project });
  const subject = join(project, 'node_modules/fdmux');
  // The suite imports modules of src/, which the package has only bundled.
  await buildModules(relative(root, join(subject, 'dist')));
  return subject;
}

async function runRow(row, suites, subject, tarball) {
  const result = {
    title: row.title,
    date: new Date().toISOString().slice(0, 10),
    seconds: 0,
    bySuite: {},
    skipped: {},
    failures: [],
  };
  const started = performance.now();
  try {
    const runtime = await row.runtime();
    const env = {
      FDMUX_TEST_SUBJECT: subject,
      FDMUX_TEST_TARBALL: tarball,
      FDMUX_BINARY: binaryOf(row, subject),
      FDMUX_DEADLINE_MS: String(row.deadlineMs ?? DEADLINE_MS),
      ...row.env,
    };
    for (const suite of suites) {
      if (row.suites !== undefined && !row.suites.includes(suite)) continue;
      const files = testFiles(suite).filter(
        (path) => !(row.isForeign && compilesWithEsbuild(path)) && !(row.isDaily && isLong(path)),
      );
      for (const group of groupsOf(row, files)) await runTests(row, runtime, env, suite, group, result);
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    result.problem = error.message;
  }
  result.seconds = Math.round((performance.now() - started) / 1000);
  return result;
}

/** The addon of a row: that of the package, which has only this system's with --here. */
function binaryOf({ arch = process.arch, libc = 'glibc' }, subject) {
  const path = binaryPath({ arch, libc });
  const packed = join(subject, path);
  if (existsSync(packed)) return packed;
  if (!existsSync(at(path))) throw new Problem(`needs ${path} (npm run prebuild -- --only ${arch}-${libc})`);
  return at(path);
}

/** The files that one run of vitest takes at a time: the long ones need another mode. */
function groupsOf(row, files) {
  if (row.fileByFile) return files.map((file) => [file]);
  const groups = [files.filter((file) => !isLong(file)), files.filter(isLong)];
  return groups.filter((group) => group.length > 0);
}

/** esbuild's program is for this machine; imported on another processor, esbuild looks for another one. */
function compilesWithEsbuild(path) {
  return /from 'esbuild'/.test(readFileSync(at(path), 'utf8'));
}

async function runTests(row, { program, args = [], env: runtimeEnv }, env, suite, files, result) {
  const report = join(folder, `${row.id}.json`);
  rmSync(report, { force: true });
  const timeout = (files.some(isLong) ? LONG_DEADLINES : DEADLINES) * (row.deadlineMs ?? DEADLINE_MS);
  const limits = [`--testTimeout=${timeout}`, `--hookTimeout=${timeout}`];
  const config = files.some(isLong) ? ['--mode', 'long'] : [];
  const options = ['run', ...config, '--reporter=json', `--outputFile=${report}`, ...limits, ...files];
  // A foreign runtime runs the tests, not vitest itself, whose own addons are for this machine.
  const [command, ...rest] = row.isForeign ? [process.execPath] : [program, ...args];
  const outcome = await tryRun(command, [...rest, vitest, ...options], {
    cwd: at(),
    env: { ...env, ...runtimeEnv, ...foreignEnv(row, program, args) },
    timeoutMs: limitMs(row),
  });
  const counts = (result.bySuite[suite] ??= { passed: 0, failed: 0, skipped: 0 });
  if (!existsSync(report)) {
    // The table shows the reason; vitest's output is for the person who runs the matrix.
    process.stdout.write(`${outcome.output.slice(-4000)}\n`);
    fail(counts, result, { name: files.join(' '), message: `no report (${outcome.reason})` });
    return;
  }
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  if (!outcome.ok && testResults.every(({ status }) => status !== 'failed')) {
    // An exception outside of every test fails the run, and no test of the report.
    const what = /(?:Unhandled|Uncaught)[^\n]*\n[^]*?(\w*Error[^\n]*)/.exec(outcome.output)?.[1] ?? outcome.reason;
    fail(counts, result, { name: `${files.join(' ')}, outside of the tests`, message: what });
  }
  for (const file of testResults) {
    if (file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed')) {
      fail(counts, result, { name: file.name.replace(at(), ''), message: file.message ?? '' });
    }
    for (const { fullName, status, failureMessages, tags } of file.assertionResults) {
      if (status === 'passed') {
        counts.passed += 1;
        continue;
      }
      const hasFailed = status === 'failed';
      const reason = reasonAgainst(row, { tags, hasFailed });
      if (reason !== undefined) skip(counts, result, reason);
      else fail(counts, result, { name: fullName, message: hasFailed ? failureMessages.join('\n') : 'did not run' });
    }
  }
}

function limitMs({ isEmulated, fileByFile }) {
  if (isEmulated) return EMULATED_LIMIT_MS;
  return fileByFile ? FILE_LIMIT_MS : RUN_LIMIT_MS;
}

/** The settings by which this machine's Node.js, which runs vitest, has a foreign runtime run the tests. */
function foreignEnv({ isForeign, isPooled }, program, args) {
  if (!isForeign) return {};
  if (isPooled) return { FDMUX_TEST_PROGRAM: program, FDMUX_TEST_WORKER: JSON.stringify([program, ...args]) };
  return startingAs(program);
}

/** Makes every process start its workers and children by `program`. */
function startingAs(program) {
  const preload = join(folder, 'exec-path.cjs');
  writeFileSync(preload, 'process.execPath = process.env.FDMUX_TEST_PROGRAM;\n');
  return { FDMUX_TEST_PROGRAM: program, NODE_OPTIONS: `--require ${preload}` };
}

function fail(counts, result, { name, message }) {
  counts.failed += 1;
  result.failures.push(`${name}: ${message.split('\n')[0]}`);
}

function skip(counts, result, reason) {
  counts.skipped += 1;
  result.skipped[reason] = (result.skipped[reason] ?? 0) + 1;
}
