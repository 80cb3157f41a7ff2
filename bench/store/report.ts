/** The results for a server that keeps data: as a file with every figure, and as a page made of that. */
import * as v from 'valibot';
import { type Latency, latencySchema } from '../support/latency.js';
import { answered, type Measured, occasionOf } from '../support/measured.js';
import { median } from '../support/median.js';
import { round, table } from '../support/page.js';
import { publishParts, readParts } from '../support/parts.js';

const rateSchema = v.strictObject({ messagesPerSecond: v.number(), cpuUsPerMessage: v.number() });
const searchesSchema = v.strictObject({
  lines: v.number(),
  queries: v.array(v.strictObject({ words: v.string(), found: v.number(), ms: v.number() })),
  bytes: v.record(v.string(), v.number()),
});

/** Everything that was measured last; a question that was never asked is missing. */
const resultsSchema = v.strictObject({
  rate: v.optional(answered(v.record(v.string(), v.array(rateSchema)))),
  echo: v.optional(answered(v.record(v.string(), v.array(latencySchema)))),
  unkept: v.optional(answered(v.array(v.strictObject({ without: v.number(), beside: v.number() })))),
  search: v.optional(answered(searchesSchema)),
});

export type Rate = v.InferOutput<typeof rateSchema>;
export type Searches = v.InferOutput<typeof searchesSchema>;
export type StoreResults = v.InferOutput<typeof resultsSchema>;

const FILE = { data: 'store.json', schema: resultsSchema };

/** Returns the results in a folder; nothing if it has none. @throws if it cannot be read */
export function readStoreResults(folder: string): StoreResults {
  return readParts(folder, FILE);
}

/** Puts new answers among those that a folder has, and makes its page again. */
export function publishStore(folder: string, answers: StoreResults): void {
  publishParts(folder, FILE, answers, storeFiles);
}

/** Returns the page of some results, by the name of its file. */
export function storeFiles(results: StoreResults): Readonly<Record<string, string>> {
  return { 'store.md': storePage(results) };
}

const ms = (value: number): string => value.toFixed(1);

/** The best of each: other work of the machine only reduces it. */
function bestOf<Each>(
  answers: Readonly<Record<string, readonly Each[]>>,
  valueOf: (each: Each) => number,
): (readonly [string, Each])[] {
  return Object.entries(answers).flatMap(([name, all]) => {
    const [best] = all.toSorted((one, other) => valueOf(one) - valueOf(other));
    return best === undefined ? [] : [[name, best] as const];
  });
}

function ratePart(answers: Readonly<Record<string, readonly Rate[]>>): string[] {
  const rates = bestOf(answers, ({ messagesPerSecond }) => -messagesPerSecond);
  return [
    '## Stored and indexed',
    '',
    'Twenty clients talk as fast as the echoes allow, each alone in a channel. The time ends when a search finds the last messages.',
    '',
    ...table(
      ['what is kept', 'messages/s', 'CPU us a message, all threads'],
      rates.map(([name, each]) => [name, round(each.messagesPerSecond), ms(each.cpuUsPerMessage)]),
    ),
  ];
}

function echoPart(answers: Readonly<Record<string, readonly Latency[]>>): string[] {
  const echoes = bestOf(answers, ({ p99Ms }) => p99Ms);
  return [
    '## Echoes',
    '',
    'From writing a message to its echo, while 1,000 are written each second. With a store, an echo says that the message is stored.',
    '',
    ...table(
      ['what is kept', 'p50 ms', 'p99 ms', 'p99.9 ms', 'longest ms'],
      echoes.map(([name, { p50Ms, p99Ms, p999Ms, maxMs }]) => [
        name,
        ...[ms(p50Ms), ms(p99Ms), p999Ms === undefined ? '' : ms(p999Ms), ms(maxMs)],
      ]),
    ),
  ];
}

function unkeptPart(costs: readonly { readonly without: number; readonly beside: number }[]): string[] {
  const without = median(costs.map((each) => each.without));
  const beside = median(costs.map((each) => each.beside));
  return [
    '## Rooms without history',
    '',
    `CPU time of a delivery, 200 members: ${round(without)} ns in a server that keeps nothing, ${round(beside)} ns in a room without`,
    `history of a server with a store: ${(beside / without).toFixed(3)} times as much. Medians of the rounds, in which both took turns.`,
  ];
}

function searchPart({ lines, queries, bytes }: Searches): string[] {
  const times = queries.map((query) => query.ms);
  const total = Object.values(bytes).reduce((sum, each) => sum + each, 0);
  return [
    '## Searches',
    '',
    `The last 50 matches among ${round(lines)} lines in twenty channels, Chinese and English: from sending SEARCH to the end of the batch, the`,
    `median of five. The longest takes ${ms(Math.max(...times))} ms, the middle one ${ms(median(times))} ms.`,
    '',
    ...table(
      ['words', 'found', 'ms'],
      queries.map((query) => [`\`${query.words.replaceAll('|', '\\|')}\``, String(query.found), ms(query.ms)]),
    ),
    '',
    `A line takes ${round(total)} bytes: its entry in the log of the room (\`pack\`), the line as people read it (\`line\`), and its place in the index`,
    '(`line_text`), each with its own keys.',
    '',
    ...table(
      ['table', 'bytes a line'],
      Object.entries(bytes)
        .filter(([, each]) => each >= 0.5)
        .map(([name, each]) => [`\`${name}\``, ms(each)]),
    ),
  ];
}

const occasion = (measured: Measured): string => `${occasionOf(measured)}.`;

/** Makes the page of the results. */
export function storePage({ rate, echo, unkept, search }: StoreResults): string {
  const parts = [
    rate === undefined ? [] : [...ratePart(rate.answers), '', occasion(rate.measured)],
    echo === undefined ? [] : [...echoPart(echo.answers), '', occasion(echo.measured)],
    unkept === undefined ? [] : [...unkeptPart(unkept.answers), '', occasion(unkept.measured)],
    search === undefined ? [] : [...searchPart(search.answers), '', occasion(search.measured)],
  ];
  const lines = [
    '# The store',
    '',
    'Written by `npm run bench:store`; every round is in [store.json](store.json). Server and load share both cores, so whatever the load needs the',
    'server lacks. Of the rounds, the best counts. `process`: what is acknowledged survives kill -9; `power`: a loss of power, too.',
    ...parts.flatMap((part) => (part.length === 0 ? [] : ['', ...part])),
  ];
  return `${lines.join('\n')}\n`;
}
