/** The results for logs that processes share: as a file with every figure, and as a page made of that. */
import * as v from 'valibot';
import { type Latency, latencySchema } from '../support/latency.js';
import { answered, type Measured, occasionOf } from '../support/measured.js';
import { median } from '../support/median.js';
import { round, table } from '../support/page.js';
import { publishParts, readParts } from '../support/parts.js';

const rate = {
  messagesPerSecond: v.number(),
  nodeUsPerMessage: v.number(),
  brokerUsPerMessage: v.number(),
  /** Of the process that has the clients; missing in older results, and where there are no clients. */
  loadUsPerMessage: v.optional(v.number()),
};
const rateSchema = v.strictObject(rate);
const packSchema = v.strictObject({ ...rate, p50Ms: v.number() });
const lossSchema = v.strictObject({ before: latencySchema, after: latencySchema });

/** The answers to one question: those of each broker, round by round. */
const byBroker = <Each>(each: v.GenericSchema<unknown, Each>) => answered(v.record(v.string(), v.array(each)));

/** Everything that was measured last; a question that was never asked is missing. */
const resultsSchema = v.strictObject({
  append: v.optional(byBroker(rateSchema)),
  see: v.optional(byBroker(latencySchema)),
  packs: v.optional(byBroker(v.record(v.string(), packSchema))),
  servers: v.optional(byBroker(rateSchema)),
  loss: v.optional(byBroker(lossSchema)),
});

export type Rate = v.InferOutput<typeof rateSchema>;
export type PackCost = v.InferOutput<typeof packSchema>;
export type Loss = v.InferOutput<typeof lossSchema>;
export type LogResults = v.InferOutput<typeof resultsSchema>;

const FILE = { data: 'log.json', schema: resultsSchema };

/** Returns the results in a folder; nothing if it has none. @throws if it cannot be read */
export function readLogResults(folder: string): LogResults {
  return readParts(folder, FILE);
}

/** Puts new answers among those that a folder has, and makes its page again. */
export function publishLog(folder: string, answers: LogResults): void {
  publishParts(folder, FILE, answers, logFiles);
}

/** Returns the page of some results, by the name of its file; none as long as nothing has been measured. */
export function logFiles(results: LogResults): Readonly<Record<string, string>> {
  return Object.keys(results).length === 0 ? {} : { 'log.md': logPage(results) };
}

type Answers<Each> = Readonly<Record<string, readonly Each[]>>;

const fixed = (value: number): string => value.toFixed(1);

/** Returns the median of one figure of all rounds. */
function middle<Each>(all: readonly Each[], valueOf: (each: Each) => number): number {
  return median(all.map(valueOf));
}

/** The medians of the rounds; nothing for a figure that no round has. */
function latencyCells(all: readonly Latency[]): string[] {
  const cell = (values: readonly (number | undefined)[]): string => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? '' : fixed(median(known));
  };
  return [
    cell(all.map(({ p50Ms }) => p50Ms)),
    cell(all.map(({ p99Ms }) => p99Ms)),
    cell(all.map(({ p999Ms }) => p999Ms)),
  ];
}

function rateRows(answers: Answers<Rate>): string[][] {
  return Object.entries(answers).map(([name, all]) => [
    name,
    round(middle(all, (one) => one.messagesPerSecond)),
    fixed(middle(all, (one) => one.nodeUsPerMessage)),
    fixed(middle(all, (one) => one.brokerUsPerMessage)),
  ]);
}

/** The rows with the cost of the clients, and with the part of it in that of everything. */
function serverRows(answers: Answers<Rate>): string[][] {
  return rateRows(answers).map(([name = '', ...cells]) => {
    const all = answers[name] ?? [];
    const loads = all.flatMap(({ loadUsPerMessage: us }) => us ?? []);
    if (loads.length === 0) return [name, ...cells, '', ''];
    const load = median(loads);
    const sum = load + middle(all, (one) => one.nodeUsPerMessage) + middle(all, (one) => one.brokerUsPerMessage);
    return [name, ...cells, fixed(load), `${Math.round((100 * load) / sum)} %`];
  });
}

const RATE_HEAD = ['logs in', 'messages/s', 'CPU us a message, nodes', 'CPU us a message, broker'];

function appendPart(answers: Answers<Rate>): string[] {
  return [
    '## Appends',
    '',
    'Three processes append packs of 20 messages to a hundred rooms, one under way for each room, and each follows all of them.',
    '',
    ...table(RATE_HEAD, rateRows(answers)),
  ];
}

function seePart(answers: Answers<Latency>): string[] {
  return [
    '## From sending to seeing',
    '',
    'The same three processes append 3,000 packs of one message a second: how long until each of them has seen a pack.',
    '',
    ...table(
      ['logs in', 'p50 ms', 'p99 ms', 'p99.9 ms'],
      Object.entries(answers).map(([name, all]) => [name, ...latencyCells(all)]),
    ),
  ];
}

function packsPart(answers: Answers<Readonly<Record<string, PackCost>>>): string[] {
  const rows = Object.entries(answers).flatMap(([name, all]) =>
    Object.keys(all[0] ?? {}).map((size) => {
      const costs = all.flatMap((one) => one[size] ?? []);
      const [[, ...cells] = []] = rateRows({ [name]: costs });
      return [name, size, ...cells, fixed(middle(costs, (one) => one.p50Ms))];
    }),
  );
  const [first = '', ...rest] = RATE_HEAD;
  return [
    '## What a pack costs',
    '',
    'One process appends to one room, one pack after the other.',
    '',
    ...table([first, 'messages in a pack', ...rest, 'p50 ms'], rows),
  ];
}

function serversPart(answers: Answers<Rate>): string[] {
  return [
    '## Servers',
    '',
    'Three nodes (`fdmux serve`), each with twenty clients that talk as fast as the echoes allow, each alone in a channel with history. Nodes,',
    'broker and clients share all cores: the clients must not take much of them, or they would be what is measured.',
    '',
    ...table([...RATE_HEAD, 'CPU us a message, clients', 'their part'], serverRows(answers)),
  ];
}

function lossPart(answers: Answers<Loss>): string[] {
  return [
    '## When a node is lost',
    '',
    'Three nodes with twenty channels that have a member on each; 1,000 messages a second. How long until those on two of the nodes have seen a',
    'message: before the third one is killed, and from then on, past the end of its lease.',
    '',
    ...table(
      ['logs in', 'p50 ms', 'p99 ms', 'p99.9 ms', 'p50 ms after it', 'p99 ms after it', 'p99.9 ms after it'],
      Object.entries(answers).map(([name, all]) => [
        name,
        ...latencyCells(all.map(({ before }) => before)),
        ...latencyCells(all.map(({ after }) => after)),
      ]),
    ),
  ];
}

const occasion = (measured: Measured): string => `${occasionOf(measured)}.`;

/** Makes the page of the results. */
export function logPage({ append, see, packs, servers, loss }: LogResults): string {
  const parts = [
    append === undefined ? [] : [...appendPart(append.answers), '', occasion(append.measured)],
    see === undefined ? [] : [...seePart(see.answers), '', occasion(see.measured)],
    packs === undefined ? [] : [...packsPart(packs.answers), '', occasion(packs.measured)],
    servers === undefined ? [] : [...serversPart(servers.answers), '', occasion(servers.measured)],
    loss === undefined ? [] : [...lossPart(loss.answers), '', occasion(loss.measured)],
  ];
  const lines = [
    '# Logs that several nodes share',
    '',
    'Written by `npm run bench:log`; every round is in [log.json](log.json). Figures are medians of the rounds. PostgreSQL has `fsync` and',
    '`synchronous_commit` on, Redis `appendfsync always`: what is acknowledged survives a loss of power.',
    ...parts.flatMap((part) => (part.length === 0 ? [] : ['', ...part])),
  ];
  return `${lines.join('\n')}\n`;
}
