/** The figures inside the texts of the documentation, made of the raw data. */
import { figure } from './bar-chart.js';
import { median } from './median.js';
import type { Published } from './published.js';
import { type Range, rangeOf } from './range.js';
import type { Answer } from './results.js';

/** A figure in a text: `<!-- figure NAME -->1.2 µs<!-- /figure -->`. */
const MARKED = /<!-- figure ([\w-]+) -->.*?<!-- \/figure -->/g;
/** A table whose rows are those of a page of docs/benchmarks. */
const TABLE = /(<!-- figures of (\S+) -->\n\n)((?:\|.*\n)+)/g;

/** The peer of the chat's suites that is fdmux with its defaults. */
const FDMUX = 'fdmux level';
/** The same of the suites that measure connections alone. */
const FDMUX_STREAMS = 'fdmux edge';

/** Returns the names of the figures of a text. */
export function figuresIn(text: string): string[] {
  return [...text.matchAll(MARKED)].map(([, name = '']) => name);
}

/**
 * Puts figures into a text.
 *
 * @throws if it asks for one that does not exist
 */
export function withProse(text: string, figures: ReadonlyMap<string, string>): string {
  return text.replace(MARKED, (_marked, name: string) => {
    const value = figures.get(name);
    if (value === undefined) throw new Error(`there is no figure '${name}'`);
    return `<!-- figure ${name} -->${value}<!-- /figure -->`;
  });
}

/**
 * Puts the rows of pages into the tables of a text: each row is that which begins with the same cell.
 *
 * @param read returns a page
 * @throws if the page has no such row
 */
export function withTables(text: string, read: (path: string) => string): string {
  return text.replace(TABLE, (_table, begin: string, path: string, rows: string) => {
    const lines = read(path).split('\n');
    const fresh = rows
      .trimEnd()
      .split('\n')
      .map((row) => {
        const cell = row.slice(0, row.indexOf('|', 1) + 1);
        const line = lines.find((candidate) => candidate.startsWith(cell));
        if (line === undefined) throw new Error(`${path} has no row '${cell}'`);
        return line;
      });
    return `${begin}${fresh.join('\n')}\n`;
  });
}

/** Returns the figures that texts may ask for. @throws if something was never measured */
export function proseFigures({ servers, irc, transports, store, threads }: Published): ReadonlyMap<string, string> {
  const talk = ['irc-50-10', 'irc-200-20', 'irc-500-20', 'irc-500-500'].flatMap((id) => deliveriesOf(irc.answers, id));
  const join = deliveriesOf(irc.answers, 'irc-join');
  const all = rangeOf([...talk, ...join]);
  const chat = answerOf(transports.answers, 'chat-200-20');
  const costOf = (peer: string) => Math.min(...ownOf(chat, peer).map(({ cpuNsEach }) => cpuNsEach));
  const [web, tls] = ['fdmux WebSocket', 'fdmux TLS'].map((peer) => costOf(peer) / costOf('fdmux TCP'));
  const tlsBytes = Math.min(...ownOf(measuredIn(transports.memory), 'fdmux TLS'));
  const idle = Math.min(...ownOf(measuredIn(servers.memory), FDMUX_STREAMS));
  const threadBytes = 1000 * median(measuredIn(threads.threads).answers.map(({ kilobytes }) => kilobytes));
  const rates = measuredIn(store.rate).answers['process'] ?? [];
  const storedUs = rangeOf(rates.map(({ cpuUsPerMessage }) => cpuUsPerMessage)).least;
  const echoOf = (keeping: string) =>
    Math.min(...(measuredIn(store.echo).answers[keeping] ?? []).map(({ p50Ms }) => p50Ms));
  const lineBytes = Object.values(measuredIn(store.search).answers.bytes).reduce((sum, bytes) => sum + bytes, 0);
  const shareOf = (ns: number) => figure(Number(((ns * LARGE_ROOM) / 1e7).toPrecision(2)));
  return new Map([
    ['delivery-talk', microseconds(rangeOf(talk))],
    ['delivery-join', microseconds(rangeOf(join))],
    ['delivery-web', times(web)],
    ['delivery-tls', times(tls)],
    ['member-bytes', kilobytes(rangeOf(ownOf(measuredIn(irc.memory), FDMUX)))],
    ['tls-bytes', kilobytes(rangeOf([tlsBytes]))],
    ['stored-us', `${figure(Number(storedUs.toPrecision(2)))} µs`],
    ['line-bytes', `${figure(Number(lineBytes.toPrecision(2)))} bytes`],
    ['echo-without-store', `${echoOf('nothing').toFixed(1)} ms`],
    ['echo-with-store', `${echoOf('process').toFixed(1)} ms`],
    ['large-room-share', `${shareOf(all.least)} and ${shareOf(all.most)}`],
    ['large-room-share-tls', shareOf(all.most * (tls ?? NaN))],
    ['idle-bytes', `${figure(Number(idle.toPrecision(2)))} bytes`],
    ['thousand-threads', `${figure(Number((threadBytes / 1e6).toPrecision(2)))} GB`],
    ['thousand-idle', `${(idle / 1e3).toFixed(1)} MB`],
  ]);
}

/** Deliveries a second of the example in scale.md: ten messages a second to 5,000 members. */
const LARGE_ROOM = 50_000;

function measuredIn<Each>(answer: Each | null | undefined): Each {
  if (answer === null || answer === undefined) throw new Error('the documentation shows what was never measured');
  return answer;
}

function answerOf<Run>(answers: readonly Answer<Run>[], id: string): Answer<Run> {
  return measuredIn(answers.find((answer) => answer.id === id));
}

function ownOf<Run>({ title, runs }: Answer<Run>, peer: string): readonly Run[] {
  const own = measuredIn(runs[peer]);
  if (own.length === 0) throw new Error(`the documentation shows ${peer}, which did not survive: ${title}`);
  return own;
}

/** The cost of a delivery for the chat server, run by run, in ns; nothing for a question that was never asked. */
function deliveriesOf(answers: Published['irc']['answers'], id: string): readonly number[] {
  const answer = answers.find((candidate) => candidate.id === id);
  return (answer?.runs[FDMUX] ?? []).map(({ cpuNsPerDelivery }) => cpuNsPerDelivery);
}

const between = ({ least, most }: Range, inWords: (value: number) => string): string =>
  inWords(least) === inWords(most) ? inWords(least) : `${inWords(least)} to ${inWords(most)}`;

const microseconds = (ns: Range): string =>
  `${between(ns, (value) => figure(Number((value / 1000).toPrecision(2))))} µs`;

const kilobytes = (bytes: Range): string =>
  `${between(bytes, (value) => figure(Number((value / 1000).toPrecision(2))))} kB`;

/** A cost beside that of plain TCP. */
function times(ratio = NaN): string {
  return ratio >= 0.95 && ratio < 1.05 ? 'as much' : `${ratio.toFixed(1)} times as much`;
}
