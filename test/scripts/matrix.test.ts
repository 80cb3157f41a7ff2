import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectPath, run } from '../support/processes.js';

/** How `npm run matrix` keeps its results. */

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-matrix-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Runs an ES module. */
function runModule(source: string): ReturnType<typeof run> {
  return run(process.execPath, ['--input-type=module', '-e', source]);
}

/** Runs a few lines that can call the report's functions. */
async function withReport(lines: string): Promise<string> {
  const source = `
    import { keepResult, readResults, toMarkdown, writeIntoPage } from '${projectPath('scripts/lib/matrix-report.mjs')}';
    ${lines}
  `;
  const { code, stdout, stderr } = await runModule(source);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const row = (title: string, suite: string, passed: number) => ({
  title,
  date: '2026-11-21',
  seconds: 5,
  bySuite: { [suite]: { passed, failed: 0, skipped: 0 } },
  skipped: {},
  failures: [],
});

test('a row takes the place of its last result and leaves the others, in the order of the rows', async () => {
  const path = join(temporaryFolder(), 'matrix.json');
  const kept = await withReport(`
    const path = ${JSON.stringify(path)};
    const ids = ['one', 'two', 'three'];
    for (const [id, result] of [['three', 3], ['one', 1], ['gone', 0], ['three', 4]]) keepResult(path, ids, id, result);
    console.log(JSON.stringify(readResults(path)));
  `);
  expect(kept).toBe('{"one":1,"three":4}\n');
});

test('the table takes its place in the page; the words around it stay', async () => {
  const path = join(temporaryFolder(), 'matrix.md');
  const [begin, end] = ['<!-- npm run matrix writes from here -->', '<!-- to here -->'];
  writeFileSync(path, `Before.\n\n${begin}\nan old table\n${end}\n\nAfter.\n`);
  const results = [
    row('one', 'net', 7),
    {
      ...row('two', 'readiness', 5),
      bySuite: { readiness: { passed: 5, failed: 1, skipped: 2 } },
      skipped: { 'no uv_poll': 2 },
      failures: ['a test: an error'],
    },
    { ...row('three', 'net', 0), bySuite: {}, problem: 'it cannot be had' },
    { ...row('four', 'net', 6), commit: '0a1b2c3d', isDaily: true, passedLater: ['another test: a deadline'] },
    { ...row('five', 'net', 5), isInPart: true },
  ];
  await withReport(`writeIntoPage(${JSON.stringify(path)}, ${JSON.stringify(results)});`);
  expect(readFileSync(path, 'utf8')).toBe(`Before.

${begin}

| runtime | net | readiness | together | on |
|---|---|---|---|---|
| one | 7 |  | 7, in 5 s | 2026-11-21 |
| two |  | 5, **1 failed**, 2 skipped | 5, **1 failed**, 2 skipped, in 5 s | 2026-11-21 |
| three |  |  | not run: it cannot be had | 2026-11-21 |
| four | 6 |  | 6, in 5 s, without long tests | 2026-11-21, 0a1b2c3d |
| five | 5 |  | 5, in 5 s, not the whole row | 2026-11-21 |

Skipped, because of

- no uv_poll (two: 2)

Failed

- two: a test: an error

Failed at first, and passed when the part was run again

- four: another test: a deadline

${end}

After.
`);
});

const passing = (passed: number) => ({ passed, failed: 0, skipped: 0, reasons: {}, failures: [] });

/** Runs a few lines that can call the functions about parts of rows. Returns what they print, which is JSON. */
async function withParts(lines: string): Promise<unknown> {
  const { code, stdout, stderr } = await runModule(`
    import { sumOfFiles, sumOfParts } from '${projectPath('scripts/lib/matrix-report.mjs')}';
    import { filesToRun, Progress, thisCommit } from '${projectPath('scripts/lib/matrix-progress.mjs')}';
    import { strayErrors } from '${projectPath('scripts/lib/matrix-stray.mjs')}';
    const print = (value) => console.log(JSON.stringify(value));
    ${lines}
  `);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

test('the parts of a row are added up by suites, with the commits that had their tests', async () => {
  const part = { ...passing(0), seconds: 2, commits: ['0a1b2c3d'], passedLater: [] };
  const parts = {
    net: { ...part, passed: 7, skipped: 1, reasons: { 'no uv_poll': 1 } },
    'net, long': { ...part, passed: 2, failed: 1, skipped: 1, reasons: { 'no uv_poll': 1 }, failures: ['a: an error'] },
    store: { ...part, passed: 3, commits: ['0a1b2c3d', '4e5f6a7b'], passedLater: ['b: late'] },
  };
  expect(await withParts(`print(sumOfParts(${JSON.stringify(parts)}));`)).toEqual({
    commit: '0a1b2c3d and 4e5f6a7b',
    seconds: 6,
    bySuite: { net: { passed: 9, failed: 1, skipped: 2 }, store: { passed: 3, failed: 0, skipped: 0 } },
    skipped: { 'no uv_poll': 2 },
    failures: ['a: an error'],
    passedLater: ['b: late'],
  });
});

test('a later run of a part takes the files that have not passed, and adds them to those that have', async () => {
  const first = {
    'test/a.test.ts': { ...passing(7), skipped: 1, reasons: { 'no uv_poll': 1 } },
    'test/b.test.ts': { ...passing(2), failed: 2, failures: ['b: late', 'c: an error'] },
  };
  const second = {
    'test/b.test.ts': { ...passing(3), failed: 1, failures: ['c: an error'] },
    'test/c.test.ts': passing(5),
  };
  const { files, sum, fresh } = Object(
    await withParts(`
      const files = ['test/a.test.ts', 'test/b.test.ts', 'test/c.test.ts'];
      const known = sumOfFiles(${JSON.stringify(first)}, { files, commit: 'one', seconds: 4 });
      const sum = sumOfFiles(${JSON.stringify(second)}, { files, known, commit: 'two', seconds: 2 });
      print({ files: filesToRun(files, known), sum, fresh: filesToRun(files, undefined) });
    `),
  );
  expect(files).toEqual(['test/b.test.ts', 'test/c.test.ts']);
  expect(fresh).toEqual(['test/a.test.ts', ...files]);
  expect(sum).toEqual({
    passed: 15,
    failed: 1,
    skipped: 1,
    reasons: { 'no uv_poll': 1 },
    failures: ['c: an error'],
    seconds: 6,
    commits: ['one', 'two'],
    passedLater: ['b: late'],
    byFile: { ...first, ...second },
  });
});

test('a file of tests that is removed takes its outcome along, and nothing that has run adds no commit', async () => {
  const outcomes = {
    'test/a.test.ts': passing(7),
    'test/b.test.ts': { ...passing(1), failed: 1, failures: ['b: late'] },
  };
  const sum = await withParts(`
    const known = sumOfFiles(${JSON.stringify(outcomes)}, { files: ['test/a.test.ts', 'test/b.test.ts'], commit: 'one', seconds: 4 });
    print(sumOfFiles({}, { files: ['test/a.test.ts'], known, commit: 'two', seconds: 0 }));
  `);
  expect(sum).toEqual({
    ...passing(7),
    seconds: 4,
    commits: ['one'],
    passedLater: [],
    byFile: { 'test/a.test.ts': passing(7) },
  });
});

test('errors outside of all tests are found in the output, each with the file of tests that ran', async () => {
  const banner = (text: string): string => `⎯⎯⎯⎯⎯⎯ ${text} ⎯⎯⎯⎯⎯⎯`;
  const origin = (file: string): string =>
    `This error originated in "${file}" test file. It doesn't mean the error was thrown inside the file itself.`;
  const output = [
    ' ❯ test/c.test.ts (1 test | 1 failed) 5ms',
    ...[banner('Failed Tests 1'), 'AssertionError: expected 1 to be 2', banner('Unhandled Errors'), ''],
    '\u001b[31mVitest caught 3 unhandled errors during the test run.\u001b[39m',
    'This might cause false positive tests. Resolve unhandled errors to make sure your tests are not affected.',
    ...['', banner('Unhandled Rejection'), 'Error: one', ' ❯ test/a.test.ts:3:20', '', origin('test/a.test.ts')],
    ...['', banner('Uncaught Exception'), 'TypeError: two', ' ❯ src/b.ts:3:20', origin('test/b.test.ts')],
    ...['', banner('Unhandled Error'), 'Error: Worker exited unexpectedly', '⎯⎯⎯⎯⎯⎯', ' Test Files  3 passed (3)'],
  ].join('\n');
  expect(await withParts(`print(strayErrors(${JSON.stringify(output)}));`)).toEqual([
    { message: 'Error: one', origin: 'test/a.test.ts' },
    { message: 'TypeError: two', origin: 'test/b.test.ts' },
    { message: 'Error: Worker exited unexpectedly' },
  ]);
  expect(await withParts(`print(strayErrors(${JSON.stringify(banner('Failed Tests 1'))}));`)).toEqual([]);
});

test('the parts that have ended are known to a later run of the same package only', async () => {
  const path = JSON.stringify(join(temporaryFolder(), 'progress.json'));
  const known = await withParts(`
    const progress = (subject) => new Progress(${path}, subject);
    progress('one').keep('node24', 'net', { passed: 7 });
    progress('one').keep('node24', 'net, long', { passed: 1 });
    const before = [progress('one').of('node24'), progress('one').of('bun'), progress('two').of('node24')];
    progress('two').keep('bun', 'net', { passed: 5 });
    print([...before, progress('one').of('node24'), progress('two').of('bun')]);
  `);
  const parts = { net: { passed: 7 }, 'net, long': { passed: 1 } };
  expect(known).toEqual([parts, {}, {}, {}, { net: { passed: 5 } }]);
});

test('commits that differ in their tests only have the same package', async () => {
  const folder = temporaryFolder();
  const git = async (...args: string[]): Promise<unknown> =>
    run('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args]);
  const contentWith = async (path: string, text: string): Promise<unknown> => {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    await git('add', '.');
    await git('commit', '-q', '-m', path);
    return withParts(`print((await thisCommit(${JSON.stringify(folder)})).content);`);
  };
  await git('init', '-q');
  const first = await contentWith('src/index.ts', 'one');
  expect(first).toMatch(/^[0-9a-f]{16}$/);
  expect(await contentWith('test/index.test.ts', 'one')).toBe(first);
  expect(await contentWith('scripts/lib/matrix-rows.mjs', 'one')).toBe(first);
  const second = await contentWith('src/index.ts', 'two');
  expect(second).not.toBe(first);
  expect(await contentWith('scripts/lib/compile.mjs', 'one')).not.toBe(second);
});

test('each run has a folder of its own; what a run left behind is removed', async () => {
  const parent = temporaryFolder();
  const ended = await runModule('console.log(process.pid);');
  const others = [`run-${ended.stdout.trim()}`, `run-${process.pid}`, 'progress.json'];
  for (const name of others) mkdirSync(join(parent, name));
  const { stdout } = await runModule(`
    import { makeRunFolder } from '${projectPath('scripts/lib/run-folder.mjs')}';
    console.log(makeRunFolder(${JSON.stringify(parent)}));
  `);
  const mine = stdout.trim();
  expect(readdirSync(parent).sort()).toEqual([basename(mine), `run-${process.pid}`, 'progress.json'].sort());
});

test('each row has a name of its own, by which it can be chosen', async () => {
  const { code, stdout } = await run(process.execPath, [projectPath('scripts/matrix.mjs'), '--list']);
  const ids = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0]);
  expect(code).toBe(0);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expect.arrayContaining(['node20', 'node22', 'node24', 'node26', 'bun', 'deno']));
  expect(await run(process.execPath, [projectPath('scripts/matrix.mjs'), '--only', 'node19'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("there is no row 'node19'"),
  });
});

/** Returns the results of the rows' functions. */
async function ofRows(expression: string): Promise<unknown> {
  const source = `
    import { reasonAgainst, rows } from '${projectPath('scripts/lib/matrix-rows.mjs')}';
    console.log(JSON.stringify(${expression}));
  `;
  const { code, stdout, stderr } = await runModule(source);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

test('a row lacks only tags that tests can have', async () => {
  const lacking = await ofRows('[...new Set(rows.flatMap(({ lacks = {} }) => Object.keys(lacks)))]');
  const tags: unknown = JSON.parse(readFileSync(projectPath('test/tags.json'), 'utf8'));
  for (const name of [lacking].flat()) expect(tags).toContainEqual(expect.objectContaining({ name }));
  expect([lacking].flat().length).toBeGreaterThan(5);
});

test('what the row lacks excuses a failure; what a test needs excuses one that skips itself', async () => {
  const reasons = await ofRows(`[
    reasonAgainst({ lacks: { 'needs-root': 'nobody is root' } }, { tags: ['needs-python', 'needs-root'], hasFailed: true }),
    reasonAgainst({ lacks: { 'needs-root': 'nobody is root' } }, { tags: ['needs-root'], hasFailed: false }),
    reasonAgainst({}, { tags: ['needs-root'], hasFailed: false }),
    reasonAgainst({}, { tags: ['needs-root'], hasFailed: true }) ?? null,
    reasonAgainst({}, { tags: [], hasFailed: false }) ?? null,
  ]`);
  expect(reasons).toEqual(['nobody is root', 'nobody is root', 'this machine lacks root', null, null]);
});
