/** The cost of a wait: every figure in a file, and a page with a plot made of that. */
import * as v from 'valibot';
import { linePlot } from './line-plot.js';
import { answered, type Measured, occasionOf } from './measured.js';
import { leastOf, round } from './page.js';
import { publishParts, readParts } from './parts.js';

/** The call that the others are compared with. */
export const REFERENCE = 'C, two threads';

const costsSchema = v.record(v.string(), v.array(v.number()));
/** Results of an earlier time have no p99.9. */
const latencySchema = v.strictObject({ p50Us: v.number(), p99Us: v.number(), p999Us: v.optional(v.number()) });
const garbageSchema = v.strictObject({
  name: v.string(),
  bytesPerEvent: v.number(),
  bytesPerWait: v.number(),
});

/** Everything that was measured last, with every round of every peer; a part that was never asked is missing. */
const resultsSchema = v.strictObject({
  calls: v.optional(answered(v.array(v.strictObject({ title: v.string(), unit: v.string(), costs: costsSchema })))),
  idle: v.optional(answered(v.array(v.strictObject({ count: v.number(), costs: costsSchema })))),
  latency: v.optional(answered(v.record(v.string(), v.array(latencySchema)))),
  allocation: v.optional(answered(v.array(garbageSchema))),
});

/** The cost of one call for each peer, round by round. */
export type CallCosts = NonNullable<WaitsResults['calls']>['answers'][number];
/** The cost of one wake-up for each backend beside so many idle fds, round by round, in ns. */
export type IdleCosts = NonNullable<WaitsResults['idle']>['answers'][number];
/** From a byte's writing to the callback. */
export type Latency = v.InferOutput<typeof latencySchema>;
/** The garbage that a wait leaves. */
export type Garbage = v.InferOutput<typeof garbageSchema>;
export type WaitsResults = v.InferOutput<typeof resultsSchema>;

const FILE = { data: 'waits.json', schema: resultsSchema };
const PLOT = 'idle-fds.svg';

/** Returns the results in a folder; nothing if it has none. @throws if it cannot be read */
export function readWaits(folder: string): WaitsResults {
  return readParts(folder, FILE);
}

/** Puts new answers among those that a folder has, and makes its page and its plot again. */
export function publishWaits(folder: string, answers: WaitsResults): void {
  publishParts(folder, FILE, answers, waitsFiles);
}

/** Returns the page of some results, and its plot, by the names of their files. */
export function waitsFiles(results: WaitsResults): Readonly<Record<string, string>> {
  return { 'waits.md': waitsPage(results), ...plotsOf(results) };
}

const least = (values: readonly number[]): number => Math.min(...values);

/** Makes the page of the results. */
export function waitsPage({ calls, idle, latency, allocation }: WaitsResults): string {
  const lines = [
    '# What a wait costs',
    '',
    'Written by `npm run bench:waits`; every round is in [waits.json](waits.json). CPU time of one call, user and kernel; the best of the rounds, in',
    'which every peer had its turn, on one core.',
    ...(calls === undefined ? [] : ['', ...callsPart(calls.answers), '', occasion(calls.measured)]),
    ...(idle === undefined ? [] : ['', ...idlePart(idle.answers), '', occasion(idle.measured)]),
    ...(latency === undefined ? [] : ['', ...latencyPart(latency.answers), '', occasion(latency.measured)]),
    ...(allocation === undefined ? [] : ['', ...allocationPart(allocation.answers), '', occasion(allocation.measured)]),
  ];
  return `${lines.join('\n')}\n`;
}

const occasion = (measured: Measured): string => `${occasionOf(measured)}.`;

function callsPart(calls: readonly CallCosts[]): readonly string[] {
  const peers = [...new Set(calls.flatMap(({ costs }) => Object.keys(costs)))];
  const [{ unit } = { unit: '' }] = calls;
  return [
    '## One call',
    '',
    'A process of several threads pays more for each fd that a call looks at, since the kernel then counts references to open files.',
    'Node.js always has several, so the columns with two threads are what can be reached; the others have one.',
    '',
    `| ${unit} | ${peers.join(' | ')} |`,
    `|---|${peers.map(() => '---:|').join('')}`,
    ...calls.map(({ title, costs }) => {
      const reference = least(costs[REFERENCE] ?? []);
      const cells = peers.map((peer) => {
        const own = least(costs[peer] ?? []);
        if (own === Infinity) return '-';
        return reference === Infinity ? round(own) : `${round(own)} (${(own / reference).toFixed(2)})`;
      });
      return `| ${title} | ${cells.join(' | ')} |`;
    }),
    '',
    'In brackets: against C with two threads.',
  ];
}

const IDLE_TITLE = 'One wake-up against idle fds';

const backendsOf = (idle: readonly IdleCosts[]): readonly string[] => Object.keys(idle[0]?.costs ?? {});
const microseconds = (ns: readonly number[] = []): number => least(ns) / 1000;

function idlePart(idle: readonly IdleCosts[]): readonly string[] {
  const backends = backendsOf(idle);
  return [
    `## ${IDLE_TITLE}`,
    '',
    `| idle fds | ${backends.map((backend) => `${backend}, us`).join(' | ')} |`,
    `|---:|${backends.map(() => '---:|').join('')}`,
    ...idle.map(({ count, costs }) => {
      const cells = backends.map((backend) => microseconds(costs[backend]).toFixed(2));
      return `| ${count.toLocaleString('en')} | ${cells.join(' | ')} |`;
    }),
    '',
    `![${IDLE_TITLE}](${PLOT})`,
  ];
}

function plotsOf({ idle }: WaitsResults): Readonly<Record<string, string>> {
  if (idle === undefined) return {};
  const plot = linePlot(
    'CPU time of one wake-up against registered fds',
    { x: 'registered fds (logarithmic)', y: 'us of CPU (logarithmic)' },
    backendsOf(idle.answers).map((name) => ({
      name,
      points: idle.answers.map(({ count, costs }) => ({ x: count, y: microseconds(costs[name]) })),
    })),
  );
  return { [PLOT]: plot };
}

function latencyPart(latency: Readonly<Record<string, readonly Latency[]>>): readonly string[] {
  const best = Object.entries(latency).map(([name, rounds]) => ({
    name,
    p50Us: least(rounds.map(({ p50Us }) => p50Us)),
    p99Us: least(rounds.map(({ p99Us }) => p99Us)),
    p999Us: leastOf(rounds.map(({ p999Us }) => p999Us)),
  }));
  const reference = best.find(({ name }) => name === 'node:net');
  return [
    '## From a byte’s writing to the callback, in one process on a socket pair',
    '',
    '| | p50, us | p99, us | p99.9, us | p50 and p99 against node:net |',
    '|---|---:|---:|---:|---:|',
    ...best.map(({ name, p50Us, p99Us, p999Us }) => {
      const ratios = reference && [p50Us / reference.p50Us, p99Us / reference.p99Us];
      const against = ratios?.map((ratio) => ratio.toFixed(2)).join(', ') ?? '';
      return `| ${name} | ${p50Us.toFixed(1)} | ${p99Us.toFixed(1)} | ${p999Us?.toFixed(1) ?? ''} | ${against} |`;
    }),
  ];
}

function allocationPart(allocation: readonly Garbage[]): readonly string[] {
  return [
    '## What a wait leaves to the garbage collector, over 10,000,000 events (of turns, 1,000,000)',
    '',
    '| | bytes per event | bytes per wait of 64 events, per turn of one |',
    '|---|---:|---:|',
    ...allocation.map(
      ({ name, bytesPerEvent, bytesPerWait }) =>
        `| ${name} | ${bytesPerEvent.toFixed(3)} | ${bytesPerWait.toFixed(1)} |`,
    ),
  ];
}
