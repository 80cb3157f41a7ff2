/** What is published about the benchmarks says what the raw data say. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { describeCommand } from '../../bench/support/describe-command.js';
import { instructionsFiles } from '../../bench/support/instructions-report.js';
import type { Run } from '../../bench/support/load.js';
import { TEXTS, textsWithFigures, writePages } from '../../bench/support/pages.js';
import { figuresIn, proseFigures, withProse, withTables } from '../../bench/support/prose-figures.js';
import { occasionsOf, readPublished } from '../../bench/support/published.js';
import { withFigures } from '../../bench/support/readme-figures.js';
import { writeReport } from '../../bench/support/report.js';
import { summaryTable } from '../../bench/support/summary.js';
import { root } from '../../bench/support/tools.js';
import { projectPath } from '../support/processes.js';

const folder = projectPath('docs/benchmarks');
const published = readPublished(folder);
const { servers, irc } = published;

const fresh = mkdtempSync(join(tmpdir(), 'fdmux-pages-'));
afterAll(() => {
  rmSync(fresh, { recursive: true });
});

/** A page, whatever its way to bench/README.md. */
const read = (path: string): string =>
  readFileSync(path, 'utf8').replaceAll(/\]\([^)]*\/bench\/README\.md/g, '](bench/README.md');

describe('`npm run bench:pages` would change nothing in', () => {
  test('the pages and plots of docs/benchmarks, and there are no others', () => {
    writePages(fresh, published);
    const written = readdirSync(fresh);
    for (const name of written) expect(read(join(folder, name)), name).toBe(read(join(fresh, name)));
    expect(readdirSync(folder).filter((name) => !name.endsWith('.json'))).toEqual(written);
  });

  test.each(TEXTS)('%s: its figures are those of the raw data', (path) => {
    expect(textsWithFigures(published, folder).get(path)).toBe(readFileSync(projectPath(path), 'utf8'));
  });
});

test('all raw data are of one commit, unless they are older than the record of commits', () => {
  const commits = new Set(occasionsOf(published).map(({ commit }) => commit));
  expect([...commits], '`npm run bench:all` measures all suites on one commit').toHaveLength(1);
});

test('every figure that the texts may have is in one of them', () => {
  const asked = TEXTS.flatMap((path) => figuresIn(readFileSync(projectPath(path), 'utf8')));
  expect([...new Set(asked)].sort()).toEqual([...proseFigures(published).keys()].sort());
});

test('a figure in a text is replaced, and one that there is not is refused', () => {
  const figures = new Map([['cost', '2 µs']]);
  expect(withProse('costs <!-- figure cost -->1 µs<!-- /figure -->.', figures)).toBe(
    'costs <!-- figure cost -->2 µs<!-- /figure -->.',
  );
  expect(() => withProse('<!-- figure coast -->1 µs<!-- /figure -->', figures)).toThrow("no figure 'coast'");
});

test('a table in a text has the rows of the page that begin as its own', () => {
  const page = '| fds | us |\n|---|---|\n| 10 | 2 |\n| 100 | 3 |\n';
  const text = '<!-- figures of page.md -->\n\n| fds | us |\n|---|---|\n| 100 | 1 |\n\nAnd so on.\n';
  expect(withTables(text, () => page)).toBe(text.replace('| 100 | 1 |', '| 100 | 3 |'));
  expect(() => withTables(text, () => '| fds | us |\n|---|---|\n')).toThrow("no row '| 100 |'");
});

test('a figure in README.md that is not in the raw data is noticed', () => {
  const readme = readFileSync(projectPath('README.md'), 'utf8');
  const wrong = readme.replace(/(CPU per message \| )[\d,]+/, '$11');
  expect(wrong).not.toBe(readme);
  expect(withFigures(wrong, servers, irc)).toBe(readme);
  expect(() => withFigures('# no figures', servers, irc)).toThrow('no place');
});

const run = (messagesPerSecond: number, loadCpu: number): Run => ({
  ...{ messagesPerSecond, loadCpu, cpuNsPerMessage: 1e9 / messagesPerSecond, instructionsPerMessage: null },
  ...{ p50Us: 1, p99Us: 2 },
});

test('the page of the instructions compares each peer with C', () => {
  const on = { on: 'now', machine: 'a guest', rounds: 1, seconds: 1 };
  const counted = (instructionsPerMessage: number) => [{ ...run(1000, 0.5), instructionsPerMessage }];
  const answer = {
    ...{ id: 'echo-1', title: 'echo, 1 connection', load: {}, failures: { node: 'exit code 1' } },
    runs: { 'C epoll': counted(10_000), 'fdmux edge': counted(12_500) },
    measured: { 'C epoll': on, 'fdmux edge': on },
  };
  const nothing = { answers: [], memory: null };
  const page = instructionsFiles({ servers: { answers: [answer], memory: null }, irc: nothing }, fresh);
  expect(page['instructions.md']).toContain('| server | echo, 1 connection |');
  expect(page['instructions.md']).toContain('| C epoll | 10,000 |\n| fdmux edge | 12,500 (1.25) |');
  expect(page['instructions.md']).toContain('\n- node failed when last asked for echo, 1 connection: exit code 1\n');
  expect(instructionsFiles({ servers: nothing, irc: nothing }, fresh)).toEqual({});
});

test('a page gives the arguments of the load, and the version and the command of each peer', () => {
  const on = { on: 'now', machine: 'a machine', rounds: 1, seconds: 1 };
  const answer = {
    ...{ id: 'echo-64', title: 'echo', load: { mode: 'echo', bytes: 64 }, failures: {} },
    runs: { C: [run(1000, 0.5)], old: [run(1000, 0.5)] },
    measured: { C: { ...on, server: describeCommand([process.execPath, `${root}/a.js`, 'echo']) }, old: on },
  };
  writeReport(fresh, { answers: [answer], memory: null }, []);
  const page = readFileSync(join(fresh, 'README.md'), 'utf8');
  expect(page).toContain('Load: mode echo, bytes 64.');
  expect(page).toContain(`- C: \`Node.js ${process.version}: ${process.execPath} a.js echo\``);
  expect(page).not.toContain('- old:');
});

test('a rate of which the load generator was the limit is marked, and not compared', () => {
  const on = { on: 'now', machine: 'a machine', rounds: 1, seconds: 1 };
  const answer = {
    ...{ id: 'echo-64', title: 'echo', load: { mode: 'echo' }, failures: {} },
    runs: {
      'fdmux edge': [{ ...run(1000, 0.96), p999Us: 9 }, run(1100, 0.5)],
      'node:net': [run(500, 0.95)],
      'Bun.listen': [run(250, 0.4)],
    },
    measured: { 'fdmux edge': on, 'node:net': on, 'Bun.listen': on },
  };
  writeReport(fresh, { answers: [answer], memory: null }, []);
  const page = readFileSync(join(fresh, 'README.md'), 'utf8');
  expect(page).toContain('| fdmux edge | 909,091 to 1,000,000 | 0.45 | 1,000 to 1,100 † |  | 1 | 2 | 9 | 96 % | now |');
  expect(page).toContain('| Bun.listen | 4,000,000 | 2.00 | 250 | 0.50 | 1 | 2 |  | 40 % | now |');
  expect(page).toContain('† The load generator');
  const all = ['fanout', 'accept', 'received'].map((id) => ({ ...answer, id, load: { mode: id } }));
  const table = summaryTable({ answers: [answer, ...all], memory: null }).join('\n');
  expect(table).toContain('| the same: messages/s | - | 1,000 to 1,100 † | - | 500 | - |');
  expect(table).toContain('ns of CPU per delivery');
});
