/** The questions about lines in PostgreSQL. Each question contains what its asker may see. */
import type { Anchor, LineQuery, Page, Sight } from '../../history/history.js';
import type { Line, Shelf } from '../../history/line.js';
import { centred } from '../../history/page.js';
import { integerOf } from '../columns.js';
import { LAST_LINES, lastLineOf, lineOf } from '../line-reads.js';
import type { Parameter } from './driver.js';
import { readLatest } from './latest-lines.js';
import { LINE_COLUMNS } from './line-columns.js';
import type { Run } from './link.js';
import type { PostgresReaders } from './parts.js';

/** The place of a line: by its time, and among those of one time by its row. */
interface Place {
  readonly atMs: number;
  readonly id: number;
}

/** One end of a range: a place, and whether the line there belongs to it. */
interface Edge extends Place {
  readonly isWithin: boolean;
}

const FIRST: Edge = { atMs: Number.MIN_SAFE_INTEGER, id: 0, isWithin: true };
const LAST: Edge = { atMs: Number.MAX_SAFE_INTEGER, id: 0, isWithin: true };
/** Before every line that there is. */
const NONE: Edge = { atMs: Number.MIN_SAFE_INTEGER, id: 0, isWithin: false };
const LAST_ID = Number.MAX_SAFE_INTEGER;

/** The lines of one shelf, or of one conversation on it, that the asker may see. */
class Lines {
  readonly #run: Run;
  readonly #log: number;
  readonly #peer: string | null;
  readonly #sight: Sight;

  constructor(run: Run, log: number, peer: string | null, sight: Sight) {
    this.#run = run;
    this.#log = log;
    this.#peer = peer;
    this.#sight = sight;
  }

  /** Returns the place of a message, whether the asker may see it or not; null if it is not kept. */
  async placeOf(msgid: string): Promise<Place | null> {
    const text = 'SELECT at_ms, id FROM line WHERE log = $1 AND msgid = $2';
    const [row] = await this.#run({ text, values: [this.#log, msgid] });
    return row === undefined ? null : { atMs: integerOf(row, 'at_ms'), id: integerOf(row, 'id') };
  }

  /** Returns the lines between two places, the oldest first. */
  async between(from: Edge, to: Edge, end: 'oldest' | 'newest', limit: number): Promise<Line[]> {
    const { hasEvents, ranks, source, sinceMs } = this.#sight;
    const order = end === 'oldest' ? 'ASC' : 'DESC';
    const values: Parameter[] = [this.#log, sinceMs, from.atMs, from.id, to.atMs, to.id, ranks, source, limit];
    if (this.#peer !== null) values.push(this.#peer);
    const rows = await this.#run({
      text: `SELECT ${LINE_COLUMNS} FROM line WHERE log = $1 AND at_ms >= $2
        AND (at_ms, id) ${from.isWithin ? '>=' : '>'} ($3, $4) AND (at_ms, id) ${to.isWithin ? '<=' : '<'} ($5, $6)
        AND kind ${hasEvents ? '> 0' : 'IN (1, 2)'}
        AND ((ranks & -ranks) <= $7 OR (source = $8 AND source <> ''))
        ${this.#peer === null ? '' : 'AND peer = $10'}
        ORDER BY at_ms ${order}, id ${order} LIMIT $9`,
      values,
    });
    const lines = rows.map(lineOf);
    return end === 'oldest' ? lines : lines.reverse();
  }
}

/** Everything after an anchor, without that. */
async function after(lines: Lines, anchor: Anchor | null): Promise<Edge> {
  if (anchor === null) return FIRST;
  if (anchor.kind === 'time') return { atMs: anchor.atMs, id: LAST_ID, isWithin: false };
  const place = await lines.placeOf(anchor.msgid);
  return place === null ? FIRST : { ...place, isWithin: false };
}

/** Everything before an anchor, without that. */
async function before(lines: Lines, anchor: Anchor | null): Promise<Edge> {
  if (anchor === null) return LAST;
  if (anchor.kind === 'time') return { atMs: anchor.atMs, id: 0, isWithin: false };
  const place = await lines.placeOf(anchor.msgid);
  return place === null ? NONE : { ...place, isWithin: false };
}

/** The place of an anchor; a message that is not kept is before all that are. */
async function startOf(lines: Lines, anchor: Anchor): Promise<Place> {
  if (anchor.kind === 'time') return { atMs: anchor.atMs, id: 0 };
  return (await lines.placeOf(anchor.msgid)) ?? { atMs: -Infinity, id: 0 };
}

function compare(one: Place, other: Place): number {
  return one.atMs === other.atMs ? one.id - other.id : one.atMs < other.atMs ? -1 : 1;
}

async function logOf(run: Run, shelf: Shelf): Promise<number | null> {
  const [row] = await run({ text: 'SELECT id FROM log WHERE name = $1', values: [shelf] });
  return row === undefined ? null : integerOf(row, 'id');
}

const UNKNOWN: Page = { kind: 'unknown-message' };

async function readLines(run: Run, { shelf, peer, range, limit, sight }: LineQuery): Promise<Page> {
  const log = await logOf(run, shelf);
  if (log === null) {
    return range.kind === 'around' && range.anchor.kind === 'id' ? UNKNOWN : { kind: 'lines', lines: [] };
  }
  const lines = new Lines(run, log, peer, sight);
  if (range.kind === 'between') {
    const [from, to] = [await after(lines, range.after), await before(lines, range.before)];
    return { kind: 'lines', lines: await lines.between(from, to, range.end, limit) };
  }
  if (range.kind === 'span') {
    const { from, to } = range;
    const isForward = compare(await startOf(lines, from), await startOf(lines, to)) <= 0;
    const [older, newer] = isForward ? [from, to] : [to, from];
    const [begin, end] = [await after(lines, older), await before(lines, newer)];
    return { kind: 'lines', lines: await lines.between(begin, end, isForward ? 'oldest' : 'newest', limit) };
  }
  const { anchor } = range;
  const place = anchor.kind === 'time' ? { atMs: anchor.atMs, id: 0 } : await lines.placeOf(anchor.msgid);
  if (place === null) return UNKNOWN;
  const older = await lines.between(FIRST, { ...place, isWithin: false }, 'newest', limit);
  const newer = await lines.between({ ...place, isWithin: true }, LAST, 'oldest', limit);
  return { kind: 'lines', lines: centred(older, newer, limit) };
}

export const lineReaders: PostgresReaders<'lines' | 'latest' | 'line-time' | 'last-lines'> = {
  lines: readLines,
  latest: readLatest,
  'last-lines': async (run) => (await run({ text: LAST_LINES })).map(lastLineOf),
  'line-time': async (run, { shelves, msgid }) => {
    const text = `SELECT at_ms FROM line WHERE msgid = $2 AND log IN (SELECT id FROM log WHERE name = ANY($1)) LIMIT 1`;
    const [row] = await run({ text, values: [shelves, msgid] });
    return row === undefined ? null : integerOf(row, 'at_ms');
  },
};
