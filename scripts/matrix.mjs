/**
 * `npm run matrix`: the whole suite, run on the packed package by every runtime and with every way of waiting that this
 * machine can have. It goes on after a failure, prints one table and writes it to docs/matrix.md.
 *
 *   --only node24,bun           picks rows; the others keep their last result in docs/matrix.md
 *   --suites readiness,net      picks folders of test/; docs/matrix.md stays as it is
 *   --here                      packs the addon that is built here in place of the prebuilt ones
 *   --tarball FILE              takes a package that is packed already
 *   --quick                     two runtimes and two folders, for .ci/run; a runtime that cannot be had is told and left out
 *   --list                      names the rows
 *
 * What is fetched is kept in .cache/, or in the folder that FDMUX_CACHE names.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheFolder, fetchPackage, fetched } from './lib/fetch.mjs';
import { arm64Node, muslNode } from './lib/foreign-node.mjs';
import { packPackage } from './lib/pack.mjs';
import { at } from './lib/paths.mjs';
import { Problem, runMain, say } from './lib/progress.mjs';
import { npm, tryRun } from './lib/run.mjs';
import { binaryPath } from './lib/targets.mjs';

const folder = join(cacheFolder, 'matrix');
const vitest = at('node_modules/vitest/vitest.mjs');
/** What one run of vitest may take: a folder of tests, or a file where a runtime takes them one by one. */
const RUN_LIMIT_MS = 15 * 60_000;
const FILE_LIMIT_MS = 2 * 60_000;

/** What runs a row's tests: a program, and what its environment needs. */
const nodeOf = (key) => async () => ({ program: join(await fetchPackage(key), 'bin/node') });

const rows = [
  { id: 'node20', title: `Node.js ${fetched.node20.version}`, runtime: nodeOf('node20') },
  { id: 'node22', title: `Node.js ${fetched.node22.version}`, runtime: nodeOf('node22') },
  { id: 'node24', title: `Node.js ${fetched.node24.version}`, runtime: nodeOf('node24') },
  { id: 'node26', title: `Node.js ${fetched.node26.version}`, runtime: nodeOf('node26') },
  {
    id: 'node24-thread',
    title: 'Node.js 24, epoll waiting by the helper thread',
    runtime: nodeOf('node24'),
    env: { FDMUX_WAITER: 'thread' },
  },
  { id: 'node24-poll', title: 'Node.js 24, poll', runtime: nodeOf('node24'), env: { FDMUX_BACKEND: 'poll' } },
  { id: 'node24-select', title: 'Node.js 24, select', runtime: nodeOf('node24'), env: { FDMUX_BACKEND: 'select' } },
  {
    id: 'node24-arm64',
    title: `Node.js ${fetched['node24-arm64'].version}, arm64 (qemu)`,
    runtime: async () => ({ program: await arm64Node() }),
    arch: 'arm64',
    isForeign: true,
    env: { FDMUX_DEADLINE_MS: '60000' },
    testTimeoutMs: 120_000,
  },
  {
    id: 'node26-musl',
    title: 'Node.js 26.0.0, x64 musl',
    runtime: async () => ({ program: await muslNode() }),
    libc: 'musl',
    isForeign: true,
  },
  {
    id: 'bun',
    title: `Bun ${fetched.bun.version}`,
    runtime: async () => ({ program: join(await fetchPackage('bun'), 'bin/bun'), args: ['--bun'] }),
    fileByFile: true,
  },
  {
    id: 'deno',
    title: `Deno ${fetched.deno.version}`,
    runtime: async () => ({ program: join(await fetchPackage('deno'), 'deno'), args: ['run', '-A'] }),
  },
];

/**
 * What a row cannot do, by the name or the message of a test: such a failure counts as skipped, and the table gives the
 * reason. Everything else that fails has failed.
 */
const cannot = [
  {
    rows: ['node24-arm64'],
    name: /busy-polling/,
    reason: 'the emulator has no ioctl for busy polling',
  },
  {
    rows: ['node24-arm64'],
    name: /a wait of 100 microseconds/,
    reason: 'the emulator takes more than a millisecond for any call',
  },
  {
    rows: ['bun', 'deno'],
    name: /waiter: 'uv'|the uv waiter|loop-watch|uv_poll/,
    reason: 'the runtime has no working uv_poll; asynchronous waits use the helper thread',
  },
  {
    rows: ['bun'],
    name: /a handler that throws ends the process/,
    reason: "Bun reports an uncaught exception from an addon's callback and goes on",
  },
  {
    rows: ['node24-poll', 'node24-select'],
    message: /ERR_UNSUPPORTED_TRIGGER|has no trigger|has no '?exclusive/,
    reason: 'the test asks the default backend for what only epoll has',
  },
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
    for (const { id, title } of rows) process.stdout.write(`${id.padEnd(16)} ${title}\n`);
    return;
  }
  const picked = pick();
  const suites = values.quick ? ['readiness', 'multiplexer'] : (values.suites?.split(',') ?? allSuites());
  mkdirSync(folder, { recursive: true });
  const tarball =
    values.tarball === undefined
      ? await packPackage(join(folder, 'pack'), values.here || values.quick)
      : resolve(values.tarball);
  const subject = await install(tarball);
  const results = [];
  for (const [index, row] of picked.entries()) {
    say(`${index + 1}/${picked.length} ${row.title}`);
    const result = await runRow(row, suites, subject, tarball);
    results.push(result);
    if (values.suites === undefined && !values.quick) writeFileSync(resultPath(row), JSON.stringify(result));
    say(`  ${summary(result)}`);
  }
  process.stdout.write(`\n${toTable(results, suites)}\n`);
  if (values.suites === undefined && !values.quick) writeReport(suites);
  const isBad = ({ failures, problem }) => failures.length > 0 || (problem !== undefined && !values.quick);
  if (results.some(isBad)) process.exitCode = 1;
});

function pick() {
  if (values.quick) return rows.filter(({ id }) => id === 'node26' || id === 'bun');
  if (values.only === undefined) return rows;
  return values.only.split(',').map((wanted) => {
    const row = rows.find(({ id }) => id === wanted);
    if (row === undefined) throw new Problem(`there is no row '${wanted}'; --list names them`);
    return row;
  });
}

/** The folders of test/ that have tests. */
function allSuites() {
  return readdirSync(at('test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'scripts' && testFiles(entry.name).length > 0)
    .map(({ name }) => name);
}

function testFiles(suite) {
  return readdirSync(at('test', suite), { recursive: true })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `test/${suite}/${path}`)
    .sort();
}

async function install(tarball) {
  const project = join(folder, 'project');
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'matrix', private: true }));
  await npm(['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball], { cwd: project });
  return join(project, 'node_modules/fdmux');
}

async function runRow(row, suites, subject, tarball) {
  const result = { title: row.title, bySuite: {}, failures: [], skipped: {}, problem: undefined, seconds: 0 };
  const started = performance.now();
  try {
    const runtime = await row.runtime();
    const env = {
      FDMUX_TEST_SUBJECT: subject,
      FDMUX_TEST_TARBALL: tarball,
      FDMUX_BINARY: join(subject, binaryPath({ arch: row.arch ?? process.arch, libc: row.libc ?? 'glibc' })),
      ...row.env,
    };
    for (const suite of suites) {
      // Its tests compile with esbuild, whose binary here is for this machine.
      if (row.isForeign && suite === 'packaging') continue;
      const files = testFiles(suite);
      for (const group of row.fileByFile ? files.map((file) => [file]) : [files]) {
        await runTests(row, runtime, env, suite, group, result);
      }
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    result.problem = error.message;
  }
  result.seconds = Math.round((performance.now() - started) / 1000);
  return result;
}

async function runTests(row, { program, args = [] }, env, suite, files, result) {
  const report = join(folder, `${row.id}.json`);
  rmSync(report, { force: true });
  const timeout = row.testTimeoutMs === undefined ? [] : [`--testTimeout=${row.testTimeoutMs}`];
  const options = ['run', '--reporter=json', `--outputFile=${report}`, ...timeout, ...files];
  // A foreign runtime runs the tests, not vitest itself, whose own addons are for this machine.
  const [command, ...rest] = row.isForeign ? [process.execPath] : [program, ...args];
  const outcome = await tryRun(command, [...rest, vitest, ...options], {
    cwd: at(),
    env: { ...env, ...(row.isForeign ? startingAs(program) : {}) },
    timeoutMs: row.fileByFile ? FILE_LIMIT_MS : RUN_LIMIT_MS,
  });
  const counts = (result.bySuite[suite] ??= { passed: 0, failed: 0, skipped: 0 });
  if (!existsSync(report)) {
    counts.failed += 1;
    result.failures.push(
      `${files.join(' ')}: ${outcome.reason}\n${outcome.output.trim().split('\n').slice(-8).join('\n')}`,
    );
    return;
  }
  for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) {
    if (file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed')) {
      count(row, counts, result, { name: file.name.replace(at(), ''), message: file.message ?? '' });
    }
    for (const { fullName, status, failureMessages } of file.assertionResults) {
      if (status === 'passed') counts.passed += 1;
      else if (status === 'failed') count(row, counts, result, { name: fullName, message: failureMessages.join('\n') });
      else skip(counts, result, 'left out by the test itself');
    }
  }
}

/** Makes every process start its workers and children by `program`. */
function startingAs(program) {
  const preload = join(folder, 'exec-path.cjs');
  writeFileSync(preload, 'process.execPath = process.env.FDMUX_TEST_PROGRAM;\n');
  return { FDMUX_TEST_PROGRAM: program, NODE_OPTIONS: `--require ${preload}` };
}

/** Counts a failure, or a thing that the row cannot do. */
function count(row, counts, result, { name, message }) {
  const rule = cannot.find(
    (each) => each.rows.includes(row.id) && (each.name?.test(name) ?? true) && (each.message?.test(message) ?? true),
  );
  if (rule !== undefined) {
    skip(counts, result, rule.reason);
  } else {
    counts.failed += 1;
    result.failures.push(`${name}\n    ${message.split('\n')[0]}`);
  }
}

function skip(counts, result, reason) {
  counts.skipped += 1;
  result.skipped[reason] = (result.skipped[reason] ?? 0) + 1;
}

function summary({ bySuite, problem, seconds }) {
  if (problem !== undefined) return `not run: ${problem}`;
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const counts of Object.values(bySuite)) for (const key of Object.keys(total)) total[key] += counts[key];
  return `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped, in ${seconds} s`;
}

function toTable(results, suites) {
  const cell = (counts) => {
    if (counts === undefined) return '';
    const { passed, failed, skipped } = counts;
    return [`${passed}`, failed > 0 ? `**${failed} failed**` : '', skipped > 0 ? `${skipped} skipped` : '']
      .filter((part) => part !== '')
      .join(', ');
  };
  const lines = [
    `| runtime | ${suites.join(' | ')} | together |`,
    `|---|${suites.map(() => '---').join('|')}|---|`,
    ...results.map(
      (result) =>
        `| ${result.title} | ${suites.map((suite) => cell(result.bySuite[suite])).join(' | ')} | ${summary(result)} |`,
    ),
  ];
  for (const { title, failures, skipped } of results) {
    if (failures.length + Object.keys(skipped).length === 0) continue;
    lines.push('', `${title}:`, '');
    for (const [reason, times] of Object.entries(skipped)) lines.push(`- skipped ${times}: ${reason}`);
    for (const failure of failures) lines.push(`- failed: ${failure}`);
  }
  return lines.join('\n');
}

/** Where the newest whole result of a row is kept, so that rows can be run one at a time. */
function resultPath({ id }) {
  return join(folder, `result-${id}.json`);
}

function writeReport(suites) {
  const results = rows
    .map(resultPath)
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')));
  const text = `# The matrix

What \`npm run matrix\` found, last on ${new Date().toISOString().slice(0, 10)}: the suite of this repository, run on the package as it is
installed from its tarball (x64 glibc unless said otherwise; Linux ${release()}, ${availableParallelism()} cores). The rows that name a
backend or a waiter force it by FDMUX_BACKEND and FDMUX_WAITER; the others let the runtime choose, and the suite itself
goes through every backend and waiter besides.

${toTable(results, suites)}

What cannot be run on one such machine is left to the hosted workflows: Alpine itself, arm64 hardware, old
distributions. The arm64 binary for musl is checked by its ELF headers alone (test/packaging/binaries.test.ts).
`;
  writeFileSync(at('docs/matrix.md'), text);
  say('wrote docs/matrix.md');
}
