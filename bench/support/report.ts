/** The page of the servers: a table and a plot for each question. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from './bar-chart.js';
import { type Cost, costsBy, countsInstructions } from './costs.js';
import type { Run } from './load.js';
import { WITHOUT_COUNTERS } from './machine.js';
import { median } from './median.js';
import { circumstances, failures, linkToReadme, round } from './page.js';
import type { Answer, Results } from './results.js';

/** What the tables compare with. */
const REFERENCE = 'node:net';

interface Row {
  readonly peer: string;
  readonly on: string;
  readonly bestRate: number;
  readonly medianRate: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Instructions if they were counted for all, otherwise ns. The smallest: whatever disturbs a run adds to it. */
  readonly cost: number;
  readonly loadCpu: number;
}

/** Writes README.md and a plot for each question into `folder`. */
export function writeReport(folder: string, results: Results<Run>, peers: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  const lines = [
    '# Benchmarks',
    '',
    `Written by \`npm run bench\`; ${linkToReadme(folder)} says how it measures and what to beware of.`,
    '',
    ...circumstances(results, peers),
  ];
  if (!results.answers.every((answer) => countsInstructions(answer, costOf))) lines.push('', WITHOUT_COUNTERS);
  for (const answer of results.answers) lines.push('', ...section(folder, answer));
  if (results.memory !== null) lines.push('', ...memorySection(folder, results.memory));
  writeFileSync(join(folder, 'README.md'), `${lines.join('\n')}\n`);
}

const costOf = (run: Run): Cost => ({ cpuNs: run.cpuNsPerMessage, instructions: run.instructionsPerMessage });

/** The cost to the server of one message, for each run. */
export function costsOf(answer: Answer<Run>): Readonly<Record<string, readonly number[]>> {
  return costsBy(answer, costOf);
}

function section(folder: string, answer: Answer<Run>): readonly string[] {
  const rows = toRows(answer);
  const unit = countsInstructions(answer, costOf) ? 'instructions' : 'ns of CPU';
  const bars = rows.map((row) => ({ label: row.peer, value: row.bestRate, note: `${round(row.cost)} ${unit} each` }));
  writeFileSync(
    join(folder, `${answer.id}.svg`),
    barChart(`${answer.title}: messages per second, best of the rounds`, bars),
  );
  const plot = `![rate by server](${answer.id}.svg)`;
  return [`## ${answer.title}`, '', plot, '', ...table(rows, unit), ...failures(answer)];
}

function memorySection(folder: string, memory: Answer<number>): readonly string[] {
  const rows = Object.entries(memory.runs)
    .filter(([, bytes]) => bytes.length > 0)
    // Memory that the collector has not given back yet only ever adds.
    .map(([peer, bytes]) => ({ label: peer, value: Math.min(...bytes), note: '' }));
  writeFileSync(join(folder, 'memory.svg'), barChart(`server ${memory.title}, bytes`, rows));
  return [
    '## Memory per idle connection',
    '',
    '![bytes by server](memory.svg)',
    '',
    '| server | bytes | measured |',
    '|---|---:|---|',
    ...rows.map(({ label, value }) => `| ${label} | ${round(value)} | ${memory.measured[label]?.on ?? ''} |`),
    ...failures(memory),
  ];
}

function toRows(answer: Answer<Run>): readonly Row[] {
  const costs = costsOf(answer);
  return Object.entries(answer.runs)
    .filter(([, all]) => all.length > 0)
    .map(([peer, all]) => {
      const rates = all.map(({ messagesPerSecond }) => messagesPerSecond);
      return {
        peer,
        on: answer.measured[peer]?.on ?? '',
        bestRate: Math.max(...rates),
        medianRate: median(rates),
        p50Us: Math.min(...all.map(({ p50Us }) => p50Us)),
        p99Us: Math.min(...all.map(({ p99Us }) => p99Us)),
        cost: Math.min(...(costs[peer] ?? [])),
        loadCpu: Math.max(...all.map(({ loadCpu }) => loadCpu)),
      };
    });
}

function table(rows: readonly Row[], unit: string): readonly string[] {
  const reference = rows.find(({ peer }) => peer === REFERENCE);
  const times = (row: Row, pick: (row: Row) => number) =>
    reference?.on === row.on ? (pick(row) / pick(reference)).toFixed(2) : '';
  return [
    `| server | best /s | median /s | x ${REFERENCE} | p50 us | p99 us | ${unit} each | x ${REFERENCE} | load's core | measured |`,
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|---|',
    ...rows.map(
      (row) =>
        `| ${row.peer} | ${round(row.bestRate)} | ${round(row.medianRate)} | ${times(row, ({ bestRate }) => bestRate)} ` +
        `| ${round(row.p50Us)} | ${round(row.p99Us)} | ${round(row.cost)} | ${times(row, ({ cost }) => cost)} ` +
        `| ${Math.round(100 * row.loadCpu)} % | ${row.on} |`,
    ),
  ];
}
