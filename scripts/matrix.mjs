/**
 * `npm run matrix`: the whole suite, run on the packed package by every runtime and with every way of waiting that this
 * machine can have. It goes on after a failure and prints one table. Each row that has ended is kept in
 * docs/matrix.json and shown in docs/matrix.md at once, so a run that is cut short leaves its results so far, and rows
 * can be run one at a time. Several runs can go on at a time, if the machine is quick enough for their deadlines.
 *
 *   --only node24,bun           picks rows; the others keep their last result
 *   --suites readiness,net      picks folders of test/; the table has them as a part of the row
 *   --daily                     leaves out the tests that take minutes
 *   --continue                  goes on with rows that were cut short: files of tests that have passed on this package
 *                               are not run again, though the tests may have changed since
 *   --here                      packs the addon that was built here instead of the prebuilt ones; rows for other
 *                               systems take theirs from prebuilds/
 *   --tarball FILE              takes a package that is packed already
 *   --quick                     two runtimes and a few folders without long tests, for .ci/run; reports a runtime that
 *                               cannot be had, and leaves it out
 *   --list                      names the rows
 *
 * Downloads are kept in .cache/, or in the folder that FDMUX_CACHE names. FDMUX_DEADLINE_MS (30000) gives the tests
 * more time, on a machine that has much other work.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildModules } from './lib/build-modules.mjs';
import { cacheFolder } from './lib/fetch.mjs';
import { filesToRun, Progress, thisCommit } from './lib/matrix-progress.mjs';
import {
  counted,
  emptyOutcome,
  keepResult,
  longPart,
  readResults,
  summary,
  sumOfFiles,
  sumOfParts,
  toMarkdown,
  writeIntoPage,
} from './lib/matrix-report.mjs';
import { partsOfRow, QUICK_ROWS, reasonAgainst, resultIds, rows } from './lib/matrix-rows.mjs';
import { strayErrors } from './lib/matrix-stray.mjs';
import { packPackage } from './lib/pack.mjs';
import { at, root } from './lib/paths.mjs';
import { Problem, runMain, say } from './lib/progress.mjs';
import { npm, tryRun } from './lib/run.mjs';
import { makeRunFolder } from './lib/run-folder.mjs';
import { binaryPath } from './lib/targets.mjs';

const shared = join(cacheFolder, 'matrix');
const resultsPath = at('docs/matrix.json');
const vitest = at('node_modules/vitest/vitest.mjs');
/** How long one run of vitest may take: a folder of tests, or some files of it if the runtime takes no more at once. */
const RUN_LIMIT_MS = 15 * 60_000;
const GROUP_LIMIT_MS = 4 * 60_000;
/** An emulator is about ten times as slow, and the long tests of a folder take minutes without it. */
const EMULATED_LIMIT_MS = 60 * 60_000;
/** How long a test waits for an expected event, on a machine that may have other work; a row can ask for more. */
const DEADLINE_MS = 30_000;
const asked = Number(process.env.FDMUX_DEADLINE_MS ?? 0);
/** How much longer than usual anything may take. */
const patience = Math.max(1, asked / DEADLINE_MS);
const deadlineOf = ({ deadlineMs = DEADLINE_MS }) => Math.max(deadlineMs, asked);
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
  'test/examples.',
  'test/examples/',
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
    daily: { type: 'boolean', default: false },
    continue: { type: 'boolean', default: false },
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
  const suites = values.suites?.split(',') ?? [...allSuites(), ACROSS];
  const folder = makeRunFolder(shared);
  try {
    const { commit, content, progress } = await history();
    const tarball = await packageOf(folder, content, progress !== undefined);
    const run = { folder, tarball, subject: await install(folder, tarball), commit, progress };
    const results = [];
    for (const [index, row] of picked.entries()) {
      say(`${index + 1}/${picked.length} ${row.title}`);
      const result = await runRow(row, values.quick ? QUICK_ROWS[row.id] : suites, run);
      results.push(result);
      if (values.suites === undefined && !values.quick) keep(row, result);
      if (values.suites !== undefined && progress !== undefined) keepParts(row, result, progress);
      say(`  ${summary(result)}`);
    }
    process.stdout.write(`\n${toMarkdown(results)}\n`);
    const isBad = ({ failures, problem }) => failures.length > 0 || (problem !== undefined && !values.quick);
    if (results.some(isBad)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The package to test: a given one, that of an earlier run with the same content, or one that is packed now. */
async function packageOf(folder, content, isKept) {
  if (values.tarball !== undefined) return resolve(values.tarball);
  const hereOnly = values.here || values.quick;
  const kept = join(shared, `package-${content}${hereOnly ? '-here' : ''}.tgz`);
  const own = join(folder, 'package.tgz');
  if (isKept && existsSync(kept)) {
    cpSync(kept, own);
    return own;
  }
  renameSync(await packPackage(join(folder, 'pack'), hereOnly), own);
  if (isKept) {
    for (const name of readdirSync(shared)) if (name.startsWith('package-')) rmSync(join(shared, name));
    cpSync(own, kept);
  }
  return own;
}

/** The commit that is tested, with what has passed on its package; nothing is kept for files that no commit has. */
async function history() {
  const here = await thisCommit();
  const isOfCommit = here !== undefined && !here.isChanged && values.tarball === undefined && !values.quick;
  if (values.continue && !isOfCommit)
    throw new Problem('--continue needs a work tree without changes, and no --tarball');
  const subject = `${here?.content}${values.here ? ', built here' : ''}`;
  return {
    commit: here?.isChanged === true ? `${here.commit} with changes` : here?.commit,
    content: here?.content,
    progress: isOfCommit ? new Progress(join(shared, 'progress.json'), subject) : undefined,
  };
}

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
  if (result.problem !== undefined && readResults(resultsPath)[row.id] !== undefined) return;
  keepResult(resultsPath, resultIds, partsOfRow(row.id), undefined);
  show(row.id, result);
}

/** Writes down what has been run of a row on this commit, until the whole row is. */
function keepParts(row, { date, problem }, progress) {
  if (problem !== undefined) return;
  const title = `${row.title}, in part`;
  show(partsOfRow(row.id), { title, date, isInPart: true, ...sumOfParts(progress.of(row.id)) });
}

/** Keeps a result, and brings the page up to date. */
function show(id, result) {
  keepResult(resultsPath, resultIds, id, result);
  writeIntoPage(at('docs/matrix.md'), Object.values(readResults(resultsPath)));
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

async function install(folder, tarball) {
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'matrix', private: true }));
  await npm(['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball], { cwd: project });
  const subject = join(project, 'node_modules/fdmux');
  // The suite imports modules of src/, which the package has only bundled. Its ES modules name what those export.
  const dist = join(subject, 'dist');
  const entries = readdirSync(dist).filter((name) => name.endsWith('.mjs'));
  const texts = entries.map((name) => readFileSync(join(dist, name)));
  await buildModules(relative(root, dist));
  entries.forEach((name, index) => writeFileSync(join(dist, name), texts[index]));
  return subject;
}

async function runRow(row, suites, { folder, subject, tarball, commit, progress }) {
  const date = new Date().toISOString().slice(0, 10);
  const outcomes = {};
  let problem;
  try {
    const runtime = await row.runtime();
    const env = {
      FDMUX_TEST_SUBJECT: subject,
      FDMUX_TEST_TARBALL: tarball,
      FDMUX_BINARY: binaryOf(row, subject),
      FDMUX_DEADLINE_MS: String(deadlineOf(row)),
      ...row.env,
    };
    for (const part of partsOf(row, suites)) {
      const known = values.continue ? progress?.of(row.id)[part.name] : undefined;
      const files = filesToRun(part.files, known);
      const { seconds, byFile } = await runFiles(row, runtime, env, files, folder);
      const outcome = sumOfFiles(byFile, { known, files: part.files, commit, seconds });
      outcomes[part.name] = outcome;
      if (files.length === 0) continue;
      progress?.keep(row.id, part.name, outcome);
      say(`  ${part.name}: ${counted(outcome)}, in ${seconds} s`);
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    problem = error.message;
  }
  return { title: row.title, date, isDaily: isDaily(row), ...sumOfParts(outcomes), problem };
}

/** The parts of a row, which end one after the other: the daily tests of each suite, then those that take minutes. */
function partsOf(row, suites) {
  const wanted = suites.filter((suite) => row.suites?.includes(suite) ?? true);
  const parts = [];
  for (const wantsLong of isDaily(row) ? [false] : [false, true]) {
    for (const suite of wanted) {
      const files = testFiles(suite).filter(
        (path) => isLong(path) === wantsLong && !(row.isForeign && compilesWithEsbuild(path)),
      );
      if (files.length > 0) parts.push({ name: wantsLong ? longPart(suite) : suite, files });
    }
  }
  return parts;
}

/** Runs files of tests. Returns the outcome of each, and how long all took. */
async function runFiles(row, runtime, env, files, folder) {
  const byFile = {};
  const started = performance.now();
  const { filesAtOnce = files.length } = row;
  for (let start = 0; start < files.length; start += filesAtOnce) {
    const group = files.slice(start, start + filesAtOnce);
    const outcomes = await runTests(row, runtime, env, group, folder);
    Object.assign(byFile, outcomes);
    // The runtime has ended early: the file that ended it takes no other with it.
    const isLost = group.length > 1 && group.some((file) => outcomes[file] === undefined);
    if (!isLost || row.filesAtOnce === undefined) continue;
    for (const file of group) Object.assign(byFile, await runTests(row, runtime, env, [file], folder));
  }
  const missing = files.filter((file) => byFile[file] === undefined);
  // Of some it is known why: a whole run has failed.
  const isKnown = Object.values(byFile).some(({ failures }) => failures.length > 0);
  if (missing.length > 0 && !isKnown) Object.assign(byFile, lost(missing, 'not in the report'));
  return { byFile, seconds: Math.round((performance.now() - started) / 1000) };
}

/** The addon of a row: that of the package, which has only this system's with --here. */
function binaryOf({ arch = process.arch, libc = 'glibc' }, subject) {
  const path = binaryPath({ arch, libc });
  const packed = join(subject, path);
  if (existsSync(packed)) return packed;
  if (!existsSync(at(path))) throw new Problem(`needs ${path} (npm run prebuild -- --only ${arch}-${libc})`);
  return at(path);
}

/** Whether a row leaves out the tests that take minutes. */
function isDaily(row) {
  return values.daily || row.isDaily === true;
}

/** esbuild's program is for this machine; imported on another processor, esbuild looks for another one. */
function compilesWithEsbuild(path) {
  return /from 'esbuild'/.test(readFileSync(at(path), 'utf8'));
}

/** Runs files of tests by one vitest. Returns the outcome of each, by its path; not of those that have to run again. */
async function runTests(row, { program, args = [], env: runtimeEnv }, env, files, folder) {
  const report = join(folder, `${row.id}.json`);
  rmSync(report, { force: true });
  const timeout = (files.some(isLong) ? LONG_DEADLINES : DEADLINES) * deadlineOf(row);
  const limits = [`--testTimeout=${timeout}`, `--hookTimeout=${timeout}`];
  const config = files.some(isLong) ? ['--mode', 'long'] : [];
  const options = [
    'run',
    ...config,
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${report}`,
    ...limits,
    ...withoutTags(Object.keys(row.lacks ?? {})),
    ...files,
  ];
  // A foreign runtime runs the tests, not vitest itself, whose own addons are for this machine.
  const [command, ...rest] = row.isForeign ? [process.execPath] : [program, ...args];
  const ended = await tryRun(command, [...rest, vitest, ...options], {
    cwd: at(),
    env: { ...env, ...runtimeEnv, ...foreignEnv(row, program, args, folder) },
    timeoutMs: limitMs(row),
  });
  if (!existsSync(report)) {
    // The table shows the reason; vitest's output is for the person who runs the matrix.
    process.stdout.write(`${ended.output.slice(-4000)}\n`);
    return lost(files, `no report (${ended.reason})`);
  }
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const results = testResults.map((result) => ({ ...result, name: relative(root, result.name) }));
  const byFile = Object.fromEntries(results.map((result) => [result.name, outcomeOf(row, result)]));
  const failed = new Set(results.filter(({ status }) => status === 'failed').map(({ name }) => name));
  const stray = strayErrors(ended.output);
  for (const { message, origin = files.length === 1 ? files[0] : undefined } of stray) {
    // Its tests count as failed, or the row lacks what they need.
    if (failed.has(origin)) continue;
    if (byFile[origin] === undefined) return lost(files, `outside of the tests: ${message}`);
    fail(byFile[origin], { name: origin, message: `outside of the tests: ${message}` });
  }
  if (!ended.ok && stray.length === 0 && failed.size === 0) return lost(files, `outside of the tests: ${ended.reason}`);
  return byFile;
}

/**
 * Leaves out the tests that need what a row lacks. They would wait for their deadlines, and what a failed one leaves
 * behind disturbs the next in its process.
 */
function withoutTags(tags) {
  return tags.length === 0 ? [] : [`--tagsFilter=${tags.map((tag) => `!${tag}`).join(' && ')}`];
}

/** The outcome of a file of tests, from its part of vitest's report. */
function outcomeOf(row, { name, status, message, assertionResults }) {
  const outcome = emptyOutcome();
  if (status === 'failed' && assertionResults.every((test) => test.status !== 'failed')) {
    fail(outcome, { name, message: message ?? '' });
  }
  for (const { fullName, status, failureMessages, tags } of assertionResults) {
    if (status === 'passed') {
      outcome.passed += 1;
      continue;
    }
    const hasFailed = status === 'failed';
    const reason = reasonAgainst(row, { tags, hasFailed });
    if (reason !== undefined) skip(outcome, reason);
    else fail(outcome, { name: fullName, message: hasFailed ? failureMessages.join('\n') : 'did not run' });
  }
  return outcome;
}

/** The outcome of files of which no single test is known to have failed: all of them have to run again. */
function lost([first, ...others], message) {
  const outcome = emptyOutcome();
  fail(outcome, { name: others.length === 0 ? first : `${first} and ${others.length} others`, message });
  return { [first]: outcome };
}

function limitMs({ isEmulated, filesAtOnce }) {
  if (isEmulated) return EMULATED_LIMIT_MS;
  return patience * (filesAtOnce === undefined ? RUN_LIMIT_MS : GROUP_LIMIT_MS);
}

/** The settings by which this machine's Node.js, which runs vitest, has a foreign runtime run the tests. */
function foreignEnv({ isForeign, isPooled }, program, args, folder) {
  if (!isForeign) return {};
  if (isPooled) return { FDMUX_TEST_PROGRAM: program, FDMUX_TEST_WORKER: JSON.stringify([program, ...args]) };
  return startingAs(program, folder);
}

/** Makes every process start its workers and children by `program`. */
function startingAs(program, folder) {
  const preload = join(folder, 'exec-path.cjs');
  writeFileSync(preload, 'process.execPath = process.env.FDMUX_TEST_PROGRAM;\n');
  return { FDMUX_TEST_PROGRAM: program, NODE_OPTIONS: `--require ${preload}` };
}

function fail(outcome, { name, message }) {
  outcome.failed += 1;
  outcome.failures.push(`${name}: ${message.split('\n')[0]}`);
}

function skip(outcome, reason) {
  outcome.skipped += 1;
  outcome.reasons[reason] = (outcome.reasons[reason] ?? 0) + 1;
}
