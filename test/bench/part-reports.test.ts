/** The pages of suites whose parts are published one by one. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { importsPage } from '../../bench/support/imports-report.js';
import { type Measured, occasionOf } from '../../bench/support/measured.js';
import { threadsPage } from '../../bench/support/threads-report.js';
import { publishWaits, readWaits, waitsPage } from '../../bench/support/waits-report.js';
import { upgradePage } from '../../bench/upgrade/report.js';

const measured: Measured = { on: '2026-11-16 10:00', machine: 'a machine', rounds: 2 };

test('an occasion has the commit and the load of the machine if they are known', () => {
  expect(occasionOf(measured)).toBe('2026-11-16 10:00: a machine; 2 rounds');
  expect(occasionOf({ ...measured, rounds: 1, seconds: 0.5, commit: 'abc', load: 1.26 })).toBe(
    '2026-11-16 10:00: a machine; 1 x 0.5 s; commit abc; load average before: 1.3',
  );
});

test('a call shows the least of its rounds, and what that is beside C with two threads', () => {
  const costs = { 'C, two threads': [120, 100], fdmux: [150, 175], gone: [] };
  const calls = { measured, answers: [{ title: 'epoll', unit: 'ns of CPU', costs }] };
  const page = waitsPage({ calls });
  expect(page).toContain('| ns of CPU | C, two threads | fdmux | gone |');
  expect(page).toContain('| epoll | 100 (1.00) | 150 (1.50) | - |');
});

test('a part that is measured again takes its own place, and the plot is of the last figures', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-bench-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const latency = {
    measured,
    answers: { 'node:net': [{ p50Us: 5, p99Us: 10 }], mux: [{ p50Us: 6, p99Us: 9, p999Us: 20 }] },
  };
  const idle = (ns: number) => ({ measured, answers: [{ count: 10, costs: { epoll: [ns, 2 * ns] } }] });
  publishWaits(folder, { latency, idle: idle(800) });
  publishWaits(folder, { idle: idle(700) });
  const page = readFileSync(join(folder, 'waits.md'), 'utf8');
  expect(page).toContain('| 10 | 0.70 |');
  expect(page).toContain('| node:net | 5.0 | 10.0 |  | 1.00, 1.00 |');
  expect(page).toContain('| mux | 6.0 | 9.0 | 20.0 | 1.20, 0.90 |');
  expect(readFileSync(join(folder, 'idle-fds.svg'), 'utf8')).toContain('>0.7<');
  expect(readWaits(folder)).toEqual({ latency, idle: idle(700) });
});

test('loading is compared with an empty program, and a thread shows its spread', () => {
  const page = importsPage(measured, {
    'Node.js, empty program': [{ cpuMs: 60, elapsedMs: 70 }],
    fdmux: [
      { cpuMs: 75, elapsedMs: 80 },
      { cpuMs: 72, elapsedMs: 90 },
    ],
  });
  expect(page).toContain('| fdmux | 72.0 | 12.0 | 80.0 |');
  const rounds = [12_000, 14_000, 13_000].map((kilobytes) => ({ kilobytes, cpuMs: 50, elapsedMs: 100 }));
  const threads = threadsPage({ threads: { measured, workers: 8, answers: rounds } });
  expect(threads).toContain('| resident memory, MB | 12.0 | 13.0 | 14.0 |');
});

test('more workers are compared with one', () => {
  const run = (messagesPerSecond: number) => ({
    ...{ messagesPerSecond, p50Us: 10, p99Us: 20, p999Us: 30, loadCpu: 0.1 },
    ...{ cpuNsPerMessage: 100_000, instructionsPerMessage: null },
  });
  const page = threadsPage({ growth: { measured, answers: { 2: [run(1900), run(1800)], 1: [run(1000), run(900)] } } });
  expect(page).toContain('| 1 | 1,000 | 1.00 | 100 | 10 | 20 | 30 |');
  expect(page).toContain('| 2 | 1,900 | 1.90 | 100 | 10 | 20 | 30 |');
});

test('an upgrade is shown for each 500 clients: its median, and the longest', () => {
  const upgrade = (ms: number) => ({ waitMs: ms, gapMs: ms - 4, oldMs: 1, oldCpuMs: 40, newMs: 1, newCpuMs: 80 });
  const page = upgradePage(measured, { clients: 2000, upgrades: { fdmux: [160, 400, 200].map(upgrade) } });
  expect(page).toContain('| fdmux | 50 | 100 | 49 | 99 | 10 | 10 | 20 | 20 |');
});
