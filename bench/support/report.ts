/** What was measured, as JSON, as a Markdown table, and as plots. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from './bar-chart.js';
import type { Load, Run } from './load.js';
import { circumstances, machine, WITHOUT_COUNTERS } from './machine.js';

/** All runs of one question, by peer. */
export interface Answer {
  readonly id: string;
  readonly title: string;
  readonly load: Load;
  readonly runs: Readonly<Record<string, readonly Run[]>>;
}

/** What an idle connection takes of the server's memory. */
export interface MemoryAnswer {
  readonly peer: string;
  readonly bytesPerConnection: number;
}

export interface Report {
  readonly answers: readonly Answer[];
  readonly memory: readonly MemoryAnswer[];
  readonly missing: readonly string[];
  /** Whether the machine counts instructions. */
  readonly hasCounters: boolean;
  readonly rounds: number;
  /** Runs that failed, in words. */
  readonly failures: readonly string[];
}

/** What the tables compare with. */
const REFERENCE = 'node:net';

interface Row {
  readonly peer: string;
  readonly bestRate: number;
  readonly medianRate: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Instructions where they are counted, otherwise ns. The smallest: whatever disturbs a run adds to it. */
  readonly cost: number;
  readonly loadCpu: number;
}

/** Writes results.json, README.md and a plot for each question into `folder`. */
export function writeReport(folder: string, report: Report): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify({ machine, ...report }, null, 1)}\n`);
  const lines = [
    '# Benchmarks',
    '',
    'Written by `npm run bench`; [bench/README.md](../../bench/README.md) says how it measures and what to beware of.',
    '',
    ...circumstances(`${report.rounds} rounds`, report.missing),
  ];
  if (report.failures.length > 0) lines.push('', 'Failed:', '', ...report.failures.map((failure) => `- ${failure}`));
  if (!report.hasCounters) lines.push('', WITHOUT_COUNTERS);
  for (const answer of report.answers) {
    const rows = toRows(answer, report.hasCounters);
    const unit = report.hasCounters ? 'instructions' : 'ns of CPU';
    lines.push('', `## ${answer.title}`, '', `![rate by server](${answer.id}.svg)`, '', ...table(rows, unit));
    const chart = barChart(
      `${answer.title}: messages per second, best of ${report.rounds}`,
      rows.map((row) => ({ label: row.peer, value: row.bestRate, note: `${round(row.cost)} ${unit} each` })),
    );
    writeFileSync(join(folder, `${answer.id}.svg`), chart);
  }
  if (report.memory.length > 0) {
    lines.push(
      '',
      '## Memory per idle connection',
      '',
      '![bytes by server](memory.svg)',
      '',
      '| server | bytes |',
      '|---|---:|',
    );
    for (const { peer, bytesPerConnection } of report.memory) lines.push(`| ${peer} | ${round(bytesPerConnection)} |`);
    const bars = report.memory.map(({ peer, bytesPerConnection }) => ({
      label: peer,
      value: bytesPerConnection,
      note: '',
    }));
    writeFileSync(join(folder, 'memory.svg'), barChart('server memory per idle connection, bytes', bars));
  }
  writeFileSync(join(folder, 'README.md'), `${lines.join('\n')}\n`);
  console.log(`\n${lines.join('\n')}`);
}

function toRows({ runs }: Answer, hasCounters: boolean): readonly Row[] {
  return Object.entries(runs).map(([peer, all]) => {
    const rates = all.map(({ messagesPerSecond }) => messagesPerSecond);
    return {
      peer,
      bestRate: Math.max(...rates),
      medianRate: median(rates),
      p50Us: Math.min(...all.map(({ p50Us }) => p50Us)),
      p99Us: Math.min(...all.map(({ p99Us }) => p99Us)),
      cost: Math.min(
        ...all.map((run) => (hasCounters ? (run.instructionsPerMessage ?? Infinity) : run.cpuNsPerMessage)),
      ),
      loadCpu: Math.max(...all.map(({ loadCpu }) => loadCpu)),
    };
  });
}

function table(rows: readonly Row[], unit: string): readonly string[] {
  const reference = rows.find(({ peer }) => peer === REFERENCE);
  const times = (value: number, base: number | undefined) => (base === undefined ? '' : (value / base).toFixed(2));
  return [
    `| server | best /s | median /s | x ${REFERENCE} | p50 us | p99 us | ${unit} each | x ${REFERENCE} | load's core |`,
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...rows.map(
      (row) =>
        `| ${row.peer} | ${round(row.bestRate)} | ${round(row.medianRate)} | ${times(row.bestRate, reference?.bestRate)} ` +
        `| ${round(row.p50Us)} | ${round(row.p99Us)} | ${round(row.cost)} | ${times(row.cost, reference?.cost)} ` +
        `| ${Math.round(100 * row.loadCpu)} % |`,
    ),
  ];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? 0) + (high ?? 0)) / 2;
}

function round(value: number): string {
  return Math.round(value).toLocaleString('en');
}
