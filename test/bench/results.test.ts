import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Run } from '../../bench/support/load.js';
import { runSchema } from '../../bench/support/load.js';
import type { Measured } from '../../bench/support/measured.js';
import { Publication } from '../../bench/support/publication.js';
import { writeReport } from '../../bench/support/report.js';
import type { Answer, Results } from '../../bench/support/results.js';
import { readResults, withAnswer, withMemory, writeResults } from '../../bench/support/results.js';
import { type TransportRun, writeTransportReport } from '../../bench/transports/report.js';

/** How the bench keeps what it published. */

const KNOWN = { questions: ['first', 'second', 'third'], peers: ['C', 'node:net', 'fdmux'] };
const MONDAY: Measured = { on: '2026-11-16 10:00', machine: 'a machine', rounds: 2, seconds: 1 };
const TUESDAY: Measured = { on: '2026-11-17 10:00', machine: 'another machine', rounds: 1, seconds: 1 };

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-bench-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function answer<Each>(
  id: string,
  when: Measured,
  runs: Readonly<Record<string, readonly Each[]>>,
  failures: Readonly<Record<string, string>> = {},
): Answer<Each> {
  const measured = Object.fromEntries(Object.keys(runs).map((peer) => [peer, when]));
  return { id, title: `the ${id}`, load: { bytes: 64 }, runs, measured, failures };
}

const run = (cpuNsPerMessage: number): Run => ({
  messagesPerSecond: 1e9 / cpuNsPerMessage,
  p50Us: 1,
  p99Us: 2,
  loadCpu: 0.5,
  cpuNsPerMessage,
  instructionsPerMessage: null,
});

const results = (...answers: readonly Answer<number>[]): Results<number> => ({ answers, memory: null });

test('a question that is asked again takes its own place and leaves the others', () => {
  const old = results(answer('third', MONDAY, { C: [3] }), answer('first', MONDAY, { C: [1] }));
  const { answers } = withAnswer(old, answer('second', TUESDAY, { C: [2] }), KNOWN);
  expect(answers.map(({ id, runs }) => [id, runs])).toEqual([
    ['first', { C: [1] }],
    ['second', { C: [2] }],
    ['third', { C: [3] }],
  ]);
});

test('a question that is no more goes', () => {
  const old = results(answer('former', MONDAY, { C: [1] }));
  expect(withAnswer(old, answer('first', TUESDAY, { C: [2] }), KNOWN).answers.map(({ id }) => id)).toEqual(['first']);
});

test('a peer that was not asked keeps its runs and their time', () => {
  const old = results(answer('first', MONDAY, { fdmux: [5, 6], C: [1, 2] }));
  const [merged] = withAnswer(old, answer('first', TUESDAY, { fdmux: [4] }), KNOWN).answers;
  expect(Object.entries(merged?.runs ?? {})).toEqual([
    ['C', [1, 2]],
    ['fdmux', [4]],
  ]);
  expect(merged?.measured).toEqual({ C: MONDAY, fdmux: TUESDAY });
});

test('a peer that fails keeps its last runs, with the failure beside them until it survives', () => {
  const old = results(answer('first', MONDAY, { C: [1, 2] }));
  const failed = withAnswer(old, answer('first', TUESDAY, { C: [] }, { C: 'signal SIGSEGV' }), KNOWN);
  expect(failed.answers).toEqual([answer('first', MONDAY, { C: [1, 2] }, { C: 'signal SIGSEGV' })]);
  const other = withAnswer(failed, answer('first', TUESDAY, { fdmux: [4] }), KNOWN);
  expect(other.answers[0]?.failures).toEqual({ C: 'signal SIGSEGV' });
  const survived = withAnswer(failed, answer('first', TUESDAY, { C: [3] }), KNOWN);
  expect(survived.answers).toEqual([answer('first', TUESDAY, { C: [3] })]);
});

test('memory is merged peer by peer, as the questions are', () => {
  const old = { ...results(), memory: answer('memory', MONDAY, { C: [16], fdmux: [500] }) };
  const { memory } = withMemory(old, answer('memory', TUESDAY, { fdmux: [480] }), KNOWN);
  expect(memory?.runs).toEqual({ C: [16], fdmux: [480] });
});

test('each answer is published at once, in the file and on the page', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'results.json');
  writeResults(path, { answers: [answer('third', MONDAY, { C: [run(300)] })], memory: null });
  const suite = {
    file: 'results.json',
    run: runSchema,
    known: KNOWN,
    writePage: (to: string, all: Results<Run>) => writeReport(to, all, KNOWN.peers),
  };
  const publication = new Publication(folder, suite, { rounds: 1, seconds: 1 });
  publication.publish({ id: 'first', title: 'the first', load: {} }, { runs: { fdmux: [run(100)] }, failures: {} });
  expect(readResults(path, runSchema).answers.map(({ id }) => id)).toEqual(['first', 'third']);
  const page = readFileSync(join(folder, 'README.md'), 'utf8');
  expect(page).toContain('## the first');
  expect(page).toContain('## the third');
  expect(page).toContain('Never measured: node:net.');
});

test('without a folder nothing is published', () => {
  const pages: string[] = [];
  const suite = { file: 'results.json', run: runSchema, known: KNOWN, writePage: (to: string) => pages.push(to) };
  const publication = new Publication(null, suite, { rounds: 1, seconds: 1 });
  publication.publish({ id: 'first', title: 'the first', load: {} }, { runs: { fdmux: [run(100)] }, failures: {} });
  expect(pages).toEqual([]);
  expect(publication.answers).toHaveLength(1);
});

test('published results that cannot be read are refused before anything is measured', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'results.json'), '{"answers":[{"id":"first"}]}');
  const suite = { file: 'results.json', run: runSchema, known: KNOWN, writePage: () => undefined };
  expect(() => new Publication(folder, suite, { rounds: 1, seconds: 1 })).toThrow();
  expect(existsSync(join(folder, 'README.md'))).toBe(false);
});

test('the page gives ratios only within one time, and says how a peer failed', () => {
  const folder = temporaryFolder();
  const mixed: Answer<Run> = {
    ...answer('first', MONDAY, { C: [run(100)], 'node:net': [run(200)], fdmux: [run(150)] }, { C: 'exit code 7' }),
    measured: { C: TUESDAY, 'node:net': MONDAY, fdmux: MONDAY },
  };
  writeReport(folder, { answers: [mixed], memory: null }, KNOWN.peers);
  const page = readFileSync(join(folder, 'README.md'), 'utf8');
  expect(page).toMatch(/^\| C \| 100 \| {2}\| .* \| 50 % \| 2026-11-17 10:00 \|$/m);
  expect(page).toMatch(/^\| fdmux \| 150 \| 0\.75 \| .* \| 50 % \| 2026-11-16 10:00 \|$/m);
  expect(page).toContain('- C failed when last asked: exit code 7');
});

test('the page of the transports gives ratios within one time, and says how far each aim is reached', () => {
  const folder = temporaryFolder();
  const cost = (cpuNsEach: number): TransportRun => ({ perSecond: 1e9 / cpuNsEach, cpuNsEach, instructionsEach: null });
  const meaning = { unit: 'messages', reference: 'C', aims: { fdmux: 1.25, bun: 2, gone: 3 } };
  const asked = answer('first', MONDAY, {
    C: [cost(100), cost(300)],
    fdmux: [
      { ...cost(150), ...{ p50Us: 1, p99Us: 3, p999Us: 4 } },
      { ...cost(120), ...{ p50Us: 5, p99Us: 2, p999Us: 6 } },
    ],
    gone: [],
  });
  const later = answer('first', TUESDAY, { bun: [cost(50)] });
  const both = {
    ...asked,
    runs: { ...asked.runs, ...later.runs },
    measured: { ...asked.measured, ...later.measured },
  };
  const memory = answer('memory', MONDAY, { 'fdmux TLS': [30_000, 24_000] });
  writeTransportReport(folder, { answers: [both], memory }, ['C', 'fdmux', 'bun', 'gone'], { first: meaning });
  const page = readFileSync(join(folder, 'transports.md'), 'utf8');
  expect(page).toContain('| fdmux | 120 | 1.20 | 135 | 0.68 | 8,333,333 | 1 | 2 | 4 | 2026-11-16 10:00 |');
  expect(page).toContain('- fdmux: at most 1.25 x C is the aim, 1.20 is reached.');
  expect(page).toContain('| bun | 50 |  | 50 |  |');
  expect(page).toContain('| gone | did not survive |');
  expect(page).not.toContain('- bun:');
  expect(page).toContain('at most 35,000 is the aim, 24,000 is reached.');
});
