/** The page of the servers: a table and a plot for each question. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart, figure } from './bar-chart.js';
import { type Cost, costsBy, countsInstructions } from './costs.js';
import type { Run } from './load.js';
import { WITHOUT_COUNTERS } from './machine.js';
import { circumstances, commands, failures, leastOf, linkToReadme, orNothing, round } from './page.js';
import { type Range, rangeOf } from './range.js';
import type { Answer, Results } from './results.js';
import { unitOf } from './units.js';

/** The peers that the tables compare with: the one of them that was measured. */
const REFERENCES = ['node:net', 'node:dgram'];

const LIMITED =
  '† The load generator used more than 95 % of its core, so it was the limit: the server can do at least this. Such rates are not compared.';
/** At this share of its core or more, the load generator was the limit: the rate is not the server's. */
export const LIMIT = 0.95;

/** The most that a peer may cost, as a multiple of another one, by question. Streams are edge-triggered by default. */
const AIMS: Readonly<Record<string, readonly { readonly peer: string; readonly most: number; readonly of: string }[]>> =
  {
    'echo-1': [{ peer: 'fdmux edge', most: 1.2, of: 'C epoll' }],
    'echo-64': [
      { peer: 'fdmux level', most: 1, of: 'C epoll' },
      { peer: 'fdmux edge', most: 1, of: 'C epoll' },
    ],
    'echo-pipelined': [{ peer: 'fdmux edge', most: 1.05, of: 'C epoll' }],
    source: [{ peer: 'fdmux edge', most: 1, of: 'node:net' }],
    relay: [{ peer: 'fdmux level', most: 0.33, of: 'node:net' }],
    received: [
      { peer: 'fdmux level', most: 1, of: 'C epoll' },
      { peer: 'fdmux level', most: 0.33, of: 'node:dgram' },
    ],
    'datagram-echo-64': [
      { peer: 'fdmux level', most: 1.25, of: 'C epoll' },
      { peer: 'fdmux level', most: 0.71, of: 'Bun.udpSocket' },
    ],
    accept: [{ peer: 'fdmux edge', most: 1, of: 'Bun.listen' }],
  };

interface Row {
  readonly peer: string;
  readonly on: string;
  readonly rates: Range;
  /** Whether the load generator was the limit in a run. */
  readonly isLimited: boolean;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Null if no run has it. */
  readonly p999Us: number | null;
  /** Instructions if they were counted for all, otherwise ns. */
  readonly costs: Range;
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
  const { one, many } = unitOf(answer.load);
  const unit = countsInstructions(answer, costOf) ? `instructions per ${one}` : `ns of CPU per ${one}`;
  const bars = rows.map(({ peer, costs, rates, isLimited }) => ({
    ...{ label: peer, ...costs },
    note: isLimited ? 'the load was the limit' : `${figure(rates.median)} ${many}/s`,
  }));
  const title = `${answer.title}: what a ${one} costs the server`;
  writeFileSync(
    join(folder, `${answer.id}.svg`),
    barChart(title, `${unit}, median; least to most of the rounds`, bars),
  );
  const plot = `![${unit}, by server](${answer.id}.svg)`;
  const limited = rows.some(({ isLimited }) => isLimited) ? ['', LIMITED] : [];
  return [
    `## ${answer.title}`,
    '',
    plot,
    '',
    ...table(rows, unit, many),
    ...limited,
    ...verdicts(answer.id, rows),
    ...commands(answer),
    ...failures(answer),
  ];
}

function memorySection(folder: string, memory: Answer<number>): readonly string[] {
  const rows = Object.entries(memory.runs)
    .filter(([, bytes]) => bytes.length > 0)
    .map(([peer, bytes]) => ({ label: peer, ...rangeOf(bytes), note: '' }));
  const axis = 'bytes, median; least to most of the rounds';
  writeFileSync(join(folder, 'memory.svg'), barChart(`server ${memory.title}`, axis, rows));
  return [
    '## Memory per idle connection',
    '',
    '![bytes by server](memory.svg)',
    '',
    '| server | bytes | measured |',
    '|---|---:|---|',
    // Memory that the collector has not given back yet only ever adds.
    ...rows.map(({ label, least }) => `| ${label} | ${round(least)} | ${memory.measured[label]?.on ?? ''} |`),
    ...failures(memory),
  ];
}

function toRows(answer: Answer<Run>): readonly Row[] {
  const costs = costsOf(answer);
  return Object.entries(answer.runs)
    .filter(([, all]) => all.length > 0)
    .map(([peer, all]) => {
      const loadCpu = Math.max(...all.map((run) => run.loadCpu));
      return {
        ...{ peer, loadCpu, isLimited: loadCpu > LIMIT },
        on: answer.measured[peer]?.on ?? '',
        rates: rangeOf(all.map(({ messagesPerSecond }) => messagesPerSecond)),
        p50Us: Math.min(...all.map(({ p50Us }) => p50Us)),
        p99Us: Math.min(...all.map(({ p99Us }) => p99Us)),
        p999Us: leastOf(all.map(({ p999Us }) => p999Us)),
        costs: rangeOf(costs[peer] ?? []),
      };
    });
}

/** Lines of Markdown: how far the aims of a question are reached. */
function verdicts(question: string, rows: readonly Row[]): readonly string[] {
  const find = (name: string) => rows.find(({ peer }) => peer === name);
  const lines = (AIMS[question] ?? []).flatMap(({ peer, most, of }) => {
    const [own, other] = [find(peer), find(of)];
    if (own === undefined || own.on !== other?.on) return [];
    const reached = (own.costs.least / other.costs.least).toFixed(2);
    return [`- ${peer}: at most ${most} x ${of} is the aim, ${reached} is reached.`];
  });
  return lines.length > 0 ? ['', ...lines] : [];
}

/**
 * Every disturbance of a run adds to its cost, so costs are compared by the least; a rate of the load is not compared.
 */
function table(rows: readonly Row[], unit: string, many: string): readonly string[] {
  const reference = rows.find(({ peer }) => REFERENCES.includes(peer));
  const name = reference?.peer ?? 'node:net';
  const times = (row: Row, pick: (row: Row) => number) =>
    reference?.on === row.on ? (pick(row) / pick(reference)).toFixed(2) : '';
  const rateTimes = (row: Row) =>
    row.isLimited || reference?.isLimited === true ? '' : times(row, ({ rates }) => rates.most);
  return [
    `| server | ${unit}, least to most | x ${name} | ${many}/s, least to most | x ${name} | p50 us | p99 us | p99.9 us | load's core | measured |`,
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|---|',
    ...rows.map(
      (row) =>
        `| ${row.peer} | ${inWords(row.costs)} | ${times(row, ({ costs }) => costs.least)} ` +
        `| ${inWords(row.rates)}${row.isLimited ? ' †' : ''} | ${rateTimes(row)} | ${round(row.p50Us)} | ${round(row.p99Us)} | ${orNothing(row.p999Us)} ` +
        `| ${Math.round(100 * row.loadCpu)} % | ${row.on} |`,
    ),
  ];
}

const inWords = ({ least, most }: Range): string =>
  round(least) === round(most) ? round(least) : `${round(least)} to ${round(most)}`;
