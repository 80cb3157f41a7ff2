import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { publishStore, readStoreResults, storePage } from '../../bench/store/report.js';
import type { Measured } from '../../bench/support/measured.js';
import { projectPath } from '../support/processes.js';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-bench-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

const measured: Measured = { on: '2026-11-16 10:00', machine: 'a machine', rounds: 2, seconds: 1, load: 3.25 };

test('every question has been published', () => {
  const results = readStoreResults(projectPath('docs/benchmarks'));
  expect(Object.keys(results)).toEqual(['rate', 'echo', 'unkept', 'search']);
});

test('the page has the best of all rounds, and when and under which load they were', () => {
  const slow = { p50Ms: 1, p99Ms: 9, maxMs: 10 };
  const page = storePage({ echo: { measured, answers: { process: [slow, { ...slow, p99Ms: 4 }], power: [] } } });
  expect(page).toContain('| process | 1.0 | 4.0 |  | 10.0 |');
  expect(page).not.toContain('| power |');
  expect(page).toContain('2026-11-16 10:00: a machine; 2 x 1 s; load average before: 3.3.');
});

test('a question that is asked again takes its own place and leaves the others', () => {
  const folder = temporaryFolder();
  const unkept = { measured, answers: [{ without: 100, beside: 101 }] };
  publishStore(folder, { unkept });
  publishStore(folder, {
    rate: { measured, answers: { process: [{ messagesPerSecond: 20_000, cpuUsPerMessage: 40 }] } },
  });
  publishStore(folder, { unkept: { ...unkept, answers: [{ without: 100, beside: 103 }] } });
  const page = readFileSync(join(folder, 'store.md'), 'utf8');
  expect(page).toContain('| process | 20,000 | 40.0 |');
  expect(page).toContain('1.030 times as much');
  expect(page).not.toContain('1.010');
});

test('published figures that cannot be read are refused, and left as they are', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'store.json'), '{"rate":{}}');
  expect(() => {
    publishStore(folder, {});
  }).toThrow();
  expect(readFileSync(join(folder, 'store.json'), 'utf8')).toBe('{"rate":{}}');
});
