/** The cost of a thread: every round in a file, and a page made of that. */
import * as v from 'valibot';
import { measuredSchema, occasionOf } from './measured.js';
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

const resultsSchema = v.strictObject({ threads: v.optional(answerSchema) });

export type ThreadCost = v.InferOutput<typeof costSchema>;
export type ThreadsAnswer = v.InferOutput<typeof answerSchema>;
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
export function threadsFiles({ threads }: ThreadsResults): Readonly<Record<string, string>> {
  return threads === undefined ? {} : { 'threads.md': threadsPage(threads) };
}

/** Makes the page of the rounds. */
export function threadsPage({ measured, workers, answers }: ThreadsAnswer): string {
  const lines = [
    '# What a thread costs',
    '',
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
  return `${lines.join('\n')}\n`;
}

/** A row of the table: the least, the median and the most of a figure. */
function row(name: string, values: readonly number[]): string {
  const { least, median, most } = rangeOf(values);
  return `| ${[name, ...[least, median, most].map((value) => value.toFixed(1))].join(' | ')} |`;
}
