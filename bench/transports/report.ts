/** The page of the transports: a table for each question, and whether its aims are reached. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { type Cost, costsBy, countsInstructions } from '../support/costs.js';
import { WITHOUT_COUNTERS } from '../support/machine.js';
import { median } from '../support/median.js';
import { circumstances, failures, leastOf, linkToReadme, orNothing, round } from '../support/page.js';
import type { Answer, Results } from '../support/results.js';

/** The results of one run: of messages, of handshakes, or of deliveries. */
export interface TransportRun {
  readonly perSecond: number;
  /** Server time, user and kernel, of each. */
  readonly cpuNsEach: number;
  /** Null if the machine does not count them. */
  readonly instructionsEach: number | null;
  /** From a message to its answer; of a chat, to those of all other senders. Results of an earlier time have none. */
  readonly p50Us?: number | undefined;
  readonly p99Us?: number | undefined;
  readonly p999Us?: number | undefined;
}

/** A run as it is published. */
export const transportRunSchema: v.GenericSchema<unknown, TransportRun> = v.strictObject({
  perSecond: v.number(),
  cpuNsEach: v.number(),
  instructionsEach: v.nullable(v.number()),
  p50Us: v.optional(v.number()),
  p99Us: v.optional(v.number()),
  p999Us: v.optional(v.number()),
});

/** The meaning of a question, for its table. */
export interface Meaning {
  /** The unit that is counted: messages, handshakes, deliveries. */
  readonly unit: string;
  /** The peer whose cost is 1. */
  readonly reference: string;
  /** The most that a peer may cost, as a multiple of the reference. */
  readonly aims: Readonly<Record<string, number>>;
}

/** The most bytes that an idle connection over TLS may take. */
const MEMORY_AIM = { peer: 'fdmux TLS', bytes: 35_000 } as const;

/** Writes transports.md into `folder`. */
export function writeTransportReport(
  folder: string,
  results: Results<TransportRun>,
  peers: readonly string[],
  meanings: Readonly<Record<string, Meaning>>,
): void {
  mkdirSync(folder, { recursive: true });
  const lines = [
    '# TLS and WebSocket beside plain TCP',
    '',
    `Written by \`npm run bench\`; ${linkToReadme(folder, '#transports')} says how it measures and what to beware of.`,
    '',
    ...circumstances(results, peers),
    '',
    'The aims are compared with the least costs. If the medians have another ratio, the machine had other work.',
  ];
  if (!results.answers.every((answer) => countsInstructions(answer, costOf))) lines.push('', WITHOUT_COUNTERS);
  for (const answer of results.answers) {
    const { [answer.id]: meaning } = meanings;
    if (meaning !== undefined) lines.push('', `## ${answer.title}`, '', ...section(answer, meaning));
  }
  if (results.memory !== null) lines.push('', ...memorySection(results.memory));
  writeFileSync(join(folder, 'transports.md'), `${lines.join('\n')}\n`);
}

const costOf = (run: TransportRun): Cost => ({ cpuNs: run.cpuNsEach, instructions: run.instructionsEach });

/** The cost to the server of one message, handshake or delivery, for each run. */
export function transportCostsOf(answer: Answer<TransportRun>): Readonly<Record<string, readonly number[]>> {
  return costsBy(answer, costOf);
}

function section(answer: Answer<TransportRun>, { unit, reference, aims }: Meaning): readonly string[] {
  const cost = countsInstructions(answer, costOf) ? 'instructions' : 'ns of CPU';
  const costs = transportCostsOf(answer);
  const ratio = (peer: string, pick: (all: readonly number[]) => number): number | null => {
    const [own = [], others = []] = [costs[peer], costs[reference]];
    const areComparable = answer.measured[peer]?.on === answer.measured[reference]?.on;
    return areComparable && own.length > 0 && others.length > 0 ? pick(own) / pick(others) : null;
  };
  const rows = Object.entries(answer.runs).map(([peer, all]) => {
    const on = answer.measured[peer]?.on ?? '';
    if (all.length === 0) return `| ${peer} | did not survive | | | | | | | | ${on} |`;
    const own = costs[peer] ?? [];
    const rate = Math.max(...all.map(({ perSecond }) => perSecond));
    const ratios = [ratio(peer, least), ratio(peer, median)].map((value) => value?.toFixed(2) ?? '');
    const latencies = [
      all.map(({ p50Us }) => p50Us),
      all.map(({ p99Us }) => p99Us),
      all.map(({ p999Us }) => p999Us),
    ].map((values) => orNothing(leastOf(values)));
    const cells = [round(least(own)), ratios[0], round(median(own)), ratios[1], round(rate), ...latencies];
    return `| ${peer} | ${cells.join(' | ')} | ${on} |`;
  });
  const verdicts = Object.entries(aims).flatMap(([peer, aim]) => {
    const value = ratio(peer, least);
    return value === null
      ? []
      : [`- ${peer}: at most ${aim} x ${reference} is the aim, ${value.toFixed(2)} is reached.`];
  });
  return [
    `| server | ${cost} each (least) | x ${reference} | median | x ${reference} | ${unit}/s (best) | p50 us | p99 us | p99.9 us | measured |`,
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|---|',
    ...rows,
    ...(verdicts.length > 0 ? ['', ...verdicts] : []),
    ...failures(answer),
  ];
}

function least(all: readonly number[]): number {
  return Math.min(...all);
}

function memorySection(memory: Answer<number>): readonly string[] {
  const { [MEMORY_AIM.peer]: own = [] } = memory.runs;
  return [
    `## ${memory.title}`,
    '',
    '| server | bytes | measured |',
    '|---|---:|---|',
    ...Object.entries(memory.runs).map(([peer, bytes]) => {
      const size = bytes.length === 0 ? 'did not survive' : round(least(bytes));
      return `| ${peer} | ${size} | ${memory.measured[peer]?.on ?? ''} |`;
    }),
    '',
    ...(own.length > 0
      ? [`- ${MEMORY_AIM.peer}: at most ${round(MEMORY_AIM.bytes)} is the aim, ${round(least(own))} is reached.`]
      : []),
    ...failures(memory),
  ];
}
