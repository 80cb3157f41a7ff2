/** The cost and the gain of threads: every round in a file, and a page made of that. */
import * as v from 'valibot';
import { type Run, runSchema } from './load.js';
import { answered, measuredSchema, occasionOf } from './measured.js';
import { leastOf, orNothing, round, table } from './page.js';
import { publishParts, readParts } from './parts.js';
import { rangeOf } from './range.js';

/** The cost of one worker of a process, on average. */
const costSchema = v.strictObject({
  /** Resident memory. */
  kilobytes: v.number(),
  /** User and kernel, of all threads. */
  cpuMs: v.number(),
  /** From `new Worker` to the moment at which it is about to wait. */
  elapsedMs: v.number(),
});

const answerSchema = v.strictObject({
  measured: measuredSchema,
  /** How many workers a process starts. */
  workers: v.number(),
  answers: v.array(costSchema),
});

/** The runs of a server by the number of its workers. */
const growthSchema = answered(v.record(v.string(), v.array(runSchema)));

const resultsSchema = v.strictObject({ threads: v.optional(answerSchema), growth: v.optional(growthSchema) });

export type ThreadCost = v.InferOutput<typeof costSchema>;
type ThreadsAnswer = v.InferOutput<typeof answerSchema>;
type Growth = v.InferOutput<typeof growthSchema>;
export type ThreadsResults = v.InferOutput<typeof resultsSchema>;

const FILE = { data: 'threads.json', schema: resultsSchema };

/** Returns the results in a folder; nothing if it has none. @throws if it cannot be read */
export function readThreads(folder: string): ThreadsResults {
  return readParts(folder, FILE);
}

/** Replaces the answers in a folder by new ones, and makes its page again. */
export function publishThreads(folder: string, answers: ThreadsResults): void {
  publishParts(folder, FILE, answers, threadsFiles);
}

/** Returns the page of some results, by the name of its file. */
export function threadsFiles(results: ThreadsResults): Readonly<Record<string, string>> {
  const isEmpty = results.threads === undefined && results.growth === undefined;
  return isEmpty ? {} : { 'threads.md': threadsPage(results) };
}

/** Makes the page of the rounds. */
export function threadsPage({ threads, growth }: ThreadsResults): string {
  const lines = [
    '# What a thread costs',
    '',
    ...(threads === undefined ? [] : startPart(threads)),
    ...(growth === undefined ? [] : [...(threads === undefined ? [] : ['']), ...growthPart(growth)]),
  ];
  return `${lines.join('\n')}\n`;
}

function growthPart({ measured, answers }: Growth): readonly string[] {
  const most = (workers: string) => Math.max(...(answers[workers] ?? []).map((run) => run.messagesPerSecond));
  const counts = Object.keys(answers);
  const [first = ''] = counts;
  return [
    '## What more workers serve',
    '',
    'A server whose workers listen on one port (`reusePort`) and work some 100 us on each message; it and the load share all cores. The load',
    'takes its share of them, too, so two workers on two cores cannot serve twice as much.',
    '',
    ...table(
      ['workers', 'messages/s (best)', `x ${first}`, 'us of CPU each (least)', 'p50 us', 'p99 us', 'p99.9 us'],
      counts.map((workers) => {
        const runs = answers[workers] ?? [];
        const least = (pick: (run: Run) => number | undefined): string => orNothing(leastOf(runs.map(pick)));
        return [
          ...[workers, round(most(workers)), (most(workers) / most(first)).toFixed(2)],
          ...[least((run) => run.cpuNsPerMessage / 1000)],
          ...[least((run) => run.p50Us), least((run) => run.p99Us), least((run) => run.p999Us)],
        ];
      }),
    ),
    '',
    `${occasionOf(measured)}.`,
  ];
}

function startPart({ measured, workers, answers }: ThreadsAnswer): readonly string[] {
  return [
    `Written by \`npm run bench:threads\`: one of ${workers} workers, each of which loads fdmux and waits in \`recv\`. Each round is a process of its`,
    'own; all of them are in [threads.json](threads.json).',
    '',
    '| a worker costs | least | median | most |',
    '|---|---:|---:|---:|',
    row(
      'resident memory, MB',
      answers.map(({ kilobytes }) => kilobytes / 1000),
    ),
    row(
      'CPU time to start, ms',
      answers.map(({ cpuMs }) => cpuMs),
    ),
    row(
      'elapsed time to start, ms',
      answers.map(({ elapsedMs }) => elapsedMs),
    ),
    '',
    `${occasionOf(measured)}.`,
  ];
}

/** A row of the table: the least, the median and the most of a figure. */
function row(name: string, values: readonly number[]): string {
  const { least, median, most } = rangeOf(values);
  return `| ${[name, ...[least, median, most].map((value) => value.toFixed(1))].join(' | ')} |`;
}
