/** The chat server that keeps data: what it stores and indexes a second, how late its echoes are, and what it finds. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Keeping,
  type Latency,
  measureEcho,
  measureRate,
  measureSearches,
  measureUnkept,
  type Rate,
  type Searches,
} from './store/measures.js';
import { weighTables } from './store/tables.js';
import { machineInWords } from './support/machine.js';
import { median } from './support/median.js';
import type { Options } from './support/options.js';
import { round } from './support/page.js';
import { runSuite } from './support/suite.js';

const KEEPINGS: readonly Keeping[] = ['nothing', 'process', 'power'];
const CORPUS_LINES = 100_000;
const UNKEPT_TURNS = { warm: 150, counted: 200 };

/** What has been measured so far; what was not asked is missing. */
interface Answers {
  rate?: Map<Keeping, Rate>;
  echo?: Map<Keeping, Latency>;
  unkept?: readonly (readonly number[])[];
  search?: Searches;
}

/** Asks all ways of keeping, round by round, and keeps the best answer of each. */
async function best<T>(
  rounds: number,
  measure: (keeping: Keeping) => Promise<T>,
  isBetter: (one: T, other: T) => boolean,
): Promise<Map<Keeping, T>> {
  const answers = new Map<Keeping, T>();
  for (let count = 0; count < rounds; count += 1) {
    for (const keeping of count % 2 === 0 ? KEEPINGS : KEEPINGS.toReversed()) {
      const answer = await measure(keeping);
      const known = answers.get(keeping);
      if (known === undefined || isBetter(answer, known)) answers.set(keeping, answer);
      console.log(keeping, answer);
    }
  }
  return answers;
}

async function searches(): Promise<Searches> {
  const data = mkdtempSync(join(tmpdir(), 'fdmux-bench-'));
  try {
    return await measureSearches(CORPUS_LINES, data, () => weighTables(join(data, 'fdmux.db')));
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`);

const ms = (value: number): string => value.toFixed(1);

function ratePart(rates: ReadonlyMap<Keeping, Rate>): string[] {
  return [
    '## Stored and indexed',
    '',
    'Twenty clients talk as fast as the echoes allow, each alone in a channel. The time ends when a search finds the last messages.',
    '',
    ...table(
      ['what is kept', 'messages/s', 'CPU us a message, all threads'],
      [...rates].map(([name, { messagesPerSecond, cpuUsPerMessage }]) => [
        name,
        round(messagesPerSecond),
        ms(cpuUsPerMessage),
      ]),
    ),
  ];
}

function echoPart(echoes: ReadonlyMap<Keeping, Latency>): string[] {
  return [
    '## Echoes',
    '',
    'From writing a message to its echo, while 1,000 are written each second. With a store, an echo says that the message is stored.',
    '',
    ...table(
      ['what is kept', 'p50 ms', 'p99 ms', 'longest ms'],
      [...echoes].map(([name, { p50Ms, p99Ms, maxMs }]) => [name, ms(p50Ms), ms(p99Ms), ms(maxMs)]),
    ),
  ];
}

function unkeptPart(costs: readonly (readonly number[])[]): string[] {
  const [without = [], beside = []] = [0, 1].map((index) => costs.map((pair) => pair[index] ?? NaN));
  const ratio = median(beside) / median(without);
  return [
    '## Rooms without history',
    '',
    `CPU time of a delivery, 200 members: ${round(median(without))} ns in a server that keeps nothing, ${round(median(beside))} ns in a room without`,
    `history of a server with a store: ${ratio.toFixed(3)} times as much. Medians of ${costs.length} rounds in which both took turns.`,
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
    '## Bytes',
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

function page({ rate, echo, unkept, search }: Answers, { rounds, seconds }: Options): string {
  const on = new Date().toISOString().slice(0, 16).replace('T', ' ');
  return [
    '# The store',
    '',
    'Written by `npm run bench:store`. Server and load share both cores, so whatever the load needs the server lacks. Of the rounds, the best',
    'counts: whatever else runs only takes away. `process`: what is acknowledged survives kill -9; `power`: a loss of power, too.',
    '',
    `${on}: ${machineInWords}; ${rounds} x ${seconds} s.`,
    '',
    ...[
      rate === undefined ? [] : ratePart(rate),
      echo === undefined ? [] : echoPart(echo),
      unkept === undefined ? [] : unkeptPart(unkept),
      search === undefined ? [] : searchPart(search),
    ].flatMap((part) => (part.length === 0 ? [] : [...part, ''])),
  ].join('\n');
}

async function main(options: Options): Promise<void> {
  const { rounds, seconds, only, out } = options;
  const answers: Answers = {};
  if (only.includes('rate')) {
    const isFaster = (one: Rate, other: Rate): boolean => one.messagesPerSecond > other.messagesPerSecond;
    answers.rate = await best(rounds, (keeping) => measureRate(keeping, seconds), isFaster);
  }
  if (only.includes('echo')) {
    const isSooner = (one: Latency, other: Latency): boolean => one.p99Ms < other.p99Ms;
    answers.echo = await best(rounds, (keeping) => measureEcho(keeping, seconds), isSooner);
  }
  if (only.includes('unkept')) {
    const costs: (readonly number[])[] = [];
    for (let count = 0; count < rounds; count += 1) costs.push(await measureUnkept(UNKEPT_TURNS));
    answers.unkept = costs;
  }
  if (only.includes('search')) answers.search = await searches();
  const text = page(answers, options);
  console.log(text);
  // A page with gaps would look as if nobody had asked.
  if (out === null || only.length < QUESTIONS.length) return;
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'store.md'), text);
}

const QUESTIONS = ['rate', 'echo', 'unkept', 'search'];

void runSuite({ script: 'bench:store', questions: QUESTIONS, rounds: 3, seconds: 5 }, main);
