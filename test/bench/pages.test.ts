/** What is published about the benchmarks says what the raw data say. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ircRunSchema, writeIrcReport } from '../../bench/irc/report.js';
import { ircCandidates } from '../../bench/irc/servers.js';
import { here } from '../../bench/support/checkout.js';
import { describeCommand } from '../../bench/support/describe-command.js';
import { type Run, runSchema } from '../../bench/support/load.js';
import { serverCandidates } from '../../bench/support/peers.js';
import { withFigures } from '../../bench/support/readme-figures.js';
import { writeReport } from '../../bench/support/report.js';
import { readResults } from '../../bench/support/results.js';
import { summaryPlot, summaryTable } from '../../bench/support/summary.js';
import { root } from '../../bench/support/tools.js';
import { projectPath } from '../support/processes.js';

const published = projectPath('docs/benchmarks');
const servers = readResults(join(published, 'results.json'), runSchema);
const irc = readResults(join(published, 'irc.json'), ircRunSchema);

const fresh = mkdtempSync(join(tmpdir(), 'fdmux-pages-'));
afterAll(() => {
  rmSync(fresh, { recursive: true });
});

const names = (candidates: readonly { readonly name: string }[]) => candidates.map(({ name }) => name);

/** A page, whatever its way to bench/README.md. */
const read = (path: string): string =>
  readFileSync(path, 'utf8').replaceAll(/\]\([^)]*\/bench\/README\.md/g, '](bench/README.md');

describe('`npm run bench:pages` would change nothing in', () => {
  test('README.md: its figures are those of the raw data', () => {
    const readme = readFileSync(projectPath('README.md'), 'utf8');
    expect(withFigures(readme, servers, irc)).toBe(readme);
  });

  test('the picture of README.md', () => {
    expect(summaryPlot(servers)).toBe(readFileSync(join(published, 'summary.svg'), 'utf8'));
  });

  test('the pages and plots of docs/benchmarks', () => {
    writeReport(fresh, servers, names(serverCandidates([here])));
    writeIrcReport(fresh, irc, names(ircCandidates([here])));
    const written = readdirSync(fresh);
    expect(written.length).toBeGreaterThan(10);
    for (const name of written) expect(read(join(published, name)), name).toBe(read(join(fresh, name)));
  });
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
      'fdmux level': [run(1000, 0.96), run(1100, 0.5)],
      'node:net': [run(500, 0.95)],
      'Bun.listen': [run(250, 0.4)],
    },
    measured: { 'fdmux level': on, 'node:net': on, 'Bun.listen': on },
  };
  writeReport(fresh, { answers: [answer], memory: null }, []);
  const page = readFileSync(join(fresh, 'README.md'), 'utf8');
  expect(page).toContain('| fdmux level | 909,091 to 1,000,000 | 0.45 | 1,000 to 1,100 † |  | 1 | 2 | 96 % | now |');
  expect(page).toContain('| Bun.listen | 4,000,000 | 2.00 | 250 | 0.50 | 1 | 2 | 40 % | now |');
  expect(page).toContain('† The load generator');
  const all = ['fanout', 'accept'].map((id) => ({ ...answer, id, load: { mode: id } }));
  const table = summaryTable({ answers: [answer, ...all], memory: null }).join('\n');
  expect(table).toContain('| the same: messages/s | - | 1,000 to 1,100 † | - | 500 | - |');
  expect(table).toContain('ns of CPU per delivery');
});
