import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runSchema } from '../../bench/support/load.js';
import { readResults } from '../../bench/support/results.js';
import { projectPath, run } from '../support/processes.js';

/** The command line of the bench. */

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-bench-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const bench = (...parameters: readonly string[]) =>
  run(process.execPath, [projectPath('bench/run.mjs'), ...parameters], { cwd: projectPath() });

test.each([
  ['servers', '--only', 'echo-63', 'echo-1, echo-64,'],
  ['servers', '--peers', 'fdmux,nodejs', 'C epoll, fdmux level, fdmux edge, node:net,'],
  ['servers', '--peers', 'dmux', 'C epoll, fdmux level, fdmux edge, node:net,'],
  ['servers', '--peers', 'fdmux,', 'C epoll, fdmux level, fdmux edge, node:net,'],
  ['irc', '--only', 'irc-51', 'irc-50-10, irc-200-20, irc-500-20, irc-500-500, irc-join, memory'],
  ['irc', '--peers', 'unrealircd', 'fdmux level, fdmux edge, fdmux WebSocket, ws alone, ngircd, InspIRCd'],
  ['waits', '--only', 'call', 'calls, idle, latency, allocation'],
  ['log', '--only', 'appends', 'append, see, packs, servers, loss'],
  ['log', '--peers', 'mysql', 'postgres, redis'],
  ['waits', '--peers', 'perl', 'C, C, two threads, CPython,'],
])('%s %s %s is refused with the names that there are', async (suite, option, name, known) => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await bench(suite, option, name, '--out', folder);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`known are: ${known}`);
  expect(readdirSync(folder)).toEqual([]);
});

test.each(['servers', 'irc', 'waits'])('%s refuses to measure a folder that is no built checkout', async (suite) => {
  const { code, stderr } = await bench(suite, '--against', temporaryFolder());
  expect(code).toBe(1);
  expect(stderr).toContain('is not a built checkout of fdmux');
});

test('all suites are refused if one of those that are named is none', async () => {
  const { code, stdout, stderr } = await bench('all', 'store', 'threats');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain("no suite 'threats'; known are: servers, irc, waits, store, log, imports, threads, upgrade");
});

test('to count instructions is refused with the command that installs what is missing', async () => {
  const { code, stdout, stderr } = await run(
    process.execPath,
    [projectPath('bench/run.mjs'), 'waits', '--instructions', '--out', temporaryFolder()],
    { cwd: projectPath(), env: { PATH: temporaryFolder() } },
  );
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('apt-get install qemu-system-x86 linux-image-amd64');
});

test('one question to some peers adds to the results, and the other checkout is asked with its own package', async () => {
  const [folder, checkout] = [temporaryFolder(), temporaryFolder()];
  const published = projectPath('docs/benchmarks/results.json');
  writeFileSync(join(folder, 'results.json'), readFileSync(published));
  mkdirSync(join(checkout, 'dist'));
  writeFileSync(join(checkout, 'package.json'), JSON.stringify({ name: 'fdmux', main: 'dist/index.js' }));
  writeFileSync(
    join(checkout, 'dist/index.js'),
    "console.error('the package of another checkout'); process.exit(7);\n",
  );

  const question = ['--only', 'echo-pipelined', '--peers', 'level', '--rounds', '1', '--seconds', '0.01'];
  const { code, stdout } = await bench('servers', ...question, '--against', checkout, '--out', folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/tried once more: fdmux level@\S+: .*exit code 7/);
  expect(stdout).toMatch(/failed: fdmux level@\S+: .*stderr ends with 'the package of another checkout'/);

  const before = readResults(published, runSchema);
  const after = readResults(join(folder, 'results.json'), runSchema);
  expect(after.memory).toEqual(before.memory);
  expect(after.answers.map(({ id }) => id)).toEqual(before.answers.map(({ id }) => id));
  for (const [index, answer] of before.answers.entries()) {
    const { 'fdmux level': asked, ...kept } = answer.runs;
    expect(after.answers[index]?.runs).toMatchObject(kept);
    expect(after.answers[index]?.runs['fdmux level']).toHaveLength(
      answer.id === 'echo-pipelined' ? 1 : (asked ?? []).length,
    );
  }
});
