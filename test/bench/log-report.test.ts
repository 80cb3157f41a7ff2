import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { logFiles, logPage, publishLog, readLogResults } from '../../bench/log/report.js';
import type { Measured } from '../../bench/support/measured.js';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-bench-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

const measured: Measured = { on: '2026-11-26 10:00', machine: 'a machine', rounds: 3, seconds: 1, load: 0.25 };
const rate = { messagesPerSecond: 30_000, nodeUsPerMessage: 10.25, brokerUsPerMessage: 5 };

test('the page has the median of all rounds, and when they were', () => {
  const answers = { postgres: [rate, { ...rate, messagesPerSecond: 10_000 }, { ...rate, messagesPerSecond: 50_000 }] };
  const page = logPage({ append: { measured, answers } });
  expect(page).toContain('| postgres | 30,000 | 10.3 | 5.0 |');
  expect(page).toContain('2026-11-26 10:00: a machine; 3 x 1 s; load average before: 0.3.');
});

test('each size of a pack has its row', () => {
  const cost = { ...rate, p50Ms: 0.5 };
  const page = logPage({ packs: { measured, answers: { redis: [{ 1: cost, 20: { ...cost, p50Ms: 2 } }] } } });
  expect(page).toContain('| redis | 1 | 30,000 | 10.3 | 5.0 | 0.5 |\n| redis | 20 | 30,000 | 10.3 | 5.0 | 2.0 |');
});

test('the cost of the clients is there with its part of everything, if it was measured', () => {
  const answers = { postgres: [{ ...rate, loadUsPerMessage: 1.5 }], redis: [rate] };
  const page = logPage({ servers: { measured, answers } });
  expect(page).toContain('| postgres | 30,000 | 10.3 | 5.0 | 1.5 | 9 % |');
  expect(page).toContain('| redis | 30,000 | 10.3 | 5.0 |  |  |');
});

test('how late messages are is there for before the loss of a node and after it', () => {
  const before = { p50Ms: 1, p99Ms: 2, p999Ms: 2.9, maxMs: 3 };
  const after = { p50Ms: 1.5, p99Ms: 2.5, maxMs: 9 };
  expect(logPage({ loss: { measured, answers: { redis: [{ before, after }] } } })).toContain(
    '| redis | 1.0 | 2.0 | 2.9 | 1.5 | 2.5 |  |',
  );
});

test('a question that is asked again takes its own place and leaves the others', () => {
  const folder = temporaryFolder();
  const latency = { p50Ms: 4, p99Ms: 9, maxMs: 10 };
  publishLog(folder, { servers: { measured, answers: { redis: [rate] } } });
  publishLog(folder, { see: { measured, answers: { redis: [latency] } } });
  publishLog(folder, { see: { measured, answers: { redis: [{ ...latency, p50Ms: 5 }] } } });
  expect(Object.keys(readLogResults(folder))).toEqual(['see', 'servers']);
  const page = readFileSync(join(folder, 'log.md'), 'utf8');
  expect(page).toContain('| redis | 30,000 | 10.3 | 5.0 |');
  expect(page).toContain('| redis | 5.0 | 9.0 |  |');
  expect(page).not.toContain('| redis | 4.0 |');
});

test('there is no page as long as nothing has been measured', () => {
  const folder = temporaryFolder();
  expect(logFiles(readLogResults(folder))).toEqual({});
  expect(readdirSync(folder)).toEqual([]);
});
