/** The questions about the lines that people have read. Each question contains what its asker may see. */
import type { Anchor, Latest, LatestQuery, LineQuery, Page, Sight } from '../history/history.js';
import { type Line, LINE_KINDS, type Shelf } from '../history/line.js';
import { centred, latestOf } from '../history/page.js';
import type { Tag } from '../log/entry.js';
import { integerOf, nullableOf, textOf } from './columns.js';
import type { Value } from './engine.js';
import type { Tables } from './tables.js';
import type { ReadersOf } from './tasks.js';

/** The last line of a log. */
export interface LastLine {
  readonly log: string;
  /** In milliseconds since the epoch. */
  readonly atMs: number;
  readonly msgid: string;
}

/** The questions about lines, by name. */
export interface LineReads {
  /** The last lines of the logs that have any. */
  readonly 'last-lines': { readonly ask: null; readonly answer: readonly LastLine[] };
  readonly lines: { readonly ask: LineQuery; readonly answer: Page };
  readonly latest: { readonly ask: LatestQuery; readonly answer: readonly Latest[] };
}

/** A condition with its values. */
interface Where {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** The place of a line: by its time, and among those of one time by its row. */
interface Place {
  readonly atMs: number;
  readonly id: number;
}

/** The greatest number that every version of SQLite's drivers hands over exactly. */
const LAST_ID = Number.MAX_SAFE_INTEGER;

/** One end of a range: a condition, and the time that all lines within it have at least, or at most. */
interface Edge extends Where {
  readonly atMs: number;
}

function visible({ hasEvents, ranks, source }: Sight): Where {
  return {
    sql: `kind ${hasEvents ? '> 0' : 'IN (1, 2)'}
      AND ((ranks & -ranks) <= ? OR (source = ? AND source <> ''))`,
    values: [ranks, source],
  };
}

/** The lines of one shelf, or of one conversation on it, that the asker may see. */
class Lines {
  readonly #tables: Tables;
  readonly #log: number;
  readonly #where: Where;
  readonly #sinceMs: number;
  readonly #index: string;

  constructor(tables: Tables, log: number, peer: string | null, sight: Sight) {
    const seen = visible(sight);
    this.#tables = tables;
    this.#log = log;
    this.#sinceMs = sight.sinceMs;
    // Left to itself, SQLite reads all conversations of a shelf to find one.
    this.#index = peer === null ? 'INDEXED BY line_time' : 'INDEXED BY line_peer';
    this.#where =
      peer === null
        ? { sql: `log = ? AND ${seen.sql}`, values: [log, ...seen.values] }
        : { sql: `log = ? AND peer = ? AND ${seen.sql}`, values: [log, peer, ...seen.values] };
  }

  /** Returns the place of a message, whether the asker may see it or not; null if it is not kept. */
  placeOf(msgid: string): Place | null {
    const row = this.#tables.run('SELECT at_ms, id FROM line WHERE log = ? AND msgid = ?').get(this.#log, msgid);
    return row === undefined ? null : { atMs: integerOf(row, 'at_ms'), id: integerOf(row, 'id') };
  }

  /** Returns the lines between two places, the oldest first. `from` is exclusive or not, `to` is exclusive. */
  between(from: Edge, to: Edge, end: 'oldest' | 'newest', limit: number): Line[] {
    const order = end === 'oldest' ? 'ASC' : 'DESC';
    const rows = this.#tables
      .run(
        // The times are conditions of their own, because the index is asked for one range of them.
        `SELECT * FROM line ${this.#index} WHERE ${this.#where.sql} AND at_ms >= ? AND at_ms <= ? AND ${from.sql} AND ${to.sql}
         ORDER BY at_ms ${order}, id ${order} LIMIT ?`,
      )
      .all(...this.#where.values, Math.max(this.#sinceMs, from.atMs), to.atMs, ...from.values, ...to.values, limit);
    const lines = rows.map(lineOf);
    return end === 'oldest' ? lines : lines.reverse();
  }
}

const FIRST: Edge = { sql: 'TRUE', values: [], atMs: Number.MIN_SAFE_INTEGER };
const LAST: Edge = { sql: 'TRUE', values: [], atMs: Number.MAX_SAFE_INTEGER };
const NONE: Edge = { sql: 'FALSE', values: [], atMs: 0 };
const at = (operator: '<' | '>' | '>=', { atMs, id }: Place): Edge => ({
  sql: `(at_ms, id) ${operator} (?, ?)`,
  values: [atMs, id],
  atMs,
});

/** Everything after an anchor, without that. */
function after(lines: Lines, anchor: Anchor | null): Edge {
  if (anchor === null) return FIRST;
  if (anchor.kind === 'time') return at('>', { atMs: anchor.atMs, id: LAST_ID });
  const place = lines.placeOf(anchor.msgid);
  return place === null ? FIRST : at('>', place);
}

/** Everything before an anchor, without that. */
function before(lines: Lines, anchor: Anchor | null): Edge {
  if (anchor === null) return LAST;
  if (anchor.kind === 'time') return at('<', { atMs: anchor.atMs, id: 0 });
  const place = lines.placeOf(anchor.msgid);
  return place === null ? NONE : at('<', place);
}

/** The place of an anchor; a message that is not kept is before all that are. */
function startOf(lines: Lines, anchor: Anchor): Place {
  if (anchor.kind === 'time') return { atMs: anchor.atMs, id: 0 };
  return lines.placeOf(anchor.msgid) ?? { atMs: -Infinity, id: 0 };
}

function compare(one: Place, other: Place): number {
  return one.atMs === other.atMs ? one.id - other.id : one.atMs < other.atMs ? -1 : 1;
}

function logOf(tables: Tables, shelf: Shelf): number | null {
  const row = tables.run('SELECT id FROM log WHERE name = ?').get(shelf);
  return row === undefined ? null : integerOf(row, 'id');
}

function readLines(tables: Tables, { shelf, peer, range, limit, sight }: LineQuery): Page {
  const log = logOf(tables, shelf);
  if (log === null) return range.kind === 'around' && range.anchor.kind === 'id' ? UNKNOWN : NOTHING;
  const lines = new Lines(tables, log, peer, sight);
  if (range.kind === 'between') {
    const [from, to] = [after(lines, range.after), before(lines, range.before)];
    return { kind: 'lines', lines: lines.between(from, to, range.end, limit) };
  }
  if (range.kind === 'span') {
    const { from, to } = range;
    const isForward = compare(startOf(lines, from), startOf(lines, to)) <= 0;
    const [older, newer] = isForward ? [from, to] : [to, from];
    const page = lines.between(after(lines, older), before(lines, newer), isForward ? 'oldest' : 'newest', limit);
    return { kind: 'lines', lines: page };
  }
  const { anchor } = range;
  const place = anchor.kind === 'time' ? { atMs: anchor.atMs, id: 0 } : lines.placeOf(anchor.msgid);
  if (place === null) return UNKNOWN;
  const older = lines.between(FIRST, at('<', place), 'newest', limit);
  const newer = lines.between(at('>=', place), LAST, 'oldest', limit);
  return { kind: 'lines', lines: centred(older, newer, limit) };
}

const UNKNOWN: Page = { kind: 'unknown-message' };
const NOTHING: Page = { kind: 'lines', lines: [] };

/** Walks from one peer of a shelf to the next by the index: it reads no line of a conversation but the last. */
const PEERS = `WITH RECURSIVE known(log, peer) AS (
  SELECT log, min(peer) FROM line WHERE log = ? AND peer IS NOT NULL
  UNION ALL
  SELECT log, (SELECT min(peer) FROM line WHERE line.log = known.log AND line.peer > known.peer) FROM known
  WHERE known.peer IS NOT NULL
) SELECT peer FROM known WHERE peer IS NOT NULL LIMIT ?`;

/** The most conversations that are looked at: all other questions wait meanwhile. */
const MAX_PEERS = 10_000;

const LAST_PEERS = `SELECT DISTINCT peer FROM (SELECT peer FROM line INDEXED BY line_time
  WHERE log = ? AND peer IS NOT NULL ORDER BY at_ms DESC, id DESC LIMIT ?)`;

/**
 * Returns the peers of a shelf. If there are too many, because of ever changing nicks, it returns those of the last
 * lines.
 */
function peersOf(tables: Tables, log: number): string[] {
  const peers = tables.run(PEERS).all(log, MAX_PEERS + 1);
  const rows = peers.length > MAX_PEERS ? tables.run(LAST_PEERS).all(log, MAX_PEERS) : peers;
  return rows.map((row) => textOf(row, 'peer'));
}

function readLatest(tables: Tables, query: LatestQuery): Latest[] {
  const found: Latest[] = [];
  const look = (shelf: Shelf, log: number, peer: string | null, sight: Sight): void => {
    const [line] = new Lines(tables, log, peer, sight).between(FIRST, LAST, 'newest', 1);
    if (line !== undefined && line.atMs > query.afterMs && line.atMs < query.beforeMs) found.push({ shelf, line });
  };
  for (const { shelf, sight } of query.rooms) {
    const log = logOf(tables, shelf);
    if (log !== null) look(shelf, log, null, sight);
  }
  if (query.people !== null) {
    const { shelf, sight } = query.people;
    const log = logOf(tables, shelf);
    if (log !== null) for (const peer of peersOf(tables, log)) look(shelf, log, peer, sight);
  }
  return latestOf(found, query);
}

/** Asks for the last lines; the index has that of each log at hand. */
export const LAST_LINES = `SELECT * FROM
  (SELECT name, (SELECT max(at_ms) FROM line WHERE line.log = log.id) AS at_ms,
    (SELECT msgid FROM line WHERE line.log = log.id ORDER BY at_ms DESC, id DESC LIMIT 1) AS msgid FROM log) AS last
  WHERE at_ms IS NOT NULL`;

function readLastLines(tables: Tables): LastLine[] {
  return tables.run(LAST_LINES).all().map(lastLineOf);
}

/** Returns the last line in a row of {@link LAST_LINES}. */
export function lastLineOf(row: object): LastLine {
  return { log: textOf(row, 'name'), atMs: integerOf(row, 'at_ms'), msgid: textOf(row, 'msgid') };
}

export const lineReads: ReadersOf<LineReads> = { lines: readLines, latest: readLatest, 'last-lines': readLastLines };

/** Returns the line of a row. */
export function lineOf(row: object): Line {
  return {
    seq: integerOf(row, 'seq'),
    part: integerOf(row, 'part'),
    atMs: integerOf(row, 'at_ms'),
    kind: LINE_KINDS[integerOf(row, 'kind') - 1] ?? 'message',
    msgid: textOf(row, 'msgid'),
    peer: nullableOf(row, 'peer', textOf),
    source: textOf(row, 'source'),
    account: nullableOf(row, 'account', textOf),
    target: textOf(row, 'target'),
    ranks: integerOf(row, 'ranks'),
    text: textOf(row, 'text'),
    tags: tagsOf(nullableOf(row, 'tags', textOf)),
    object: nullableOf(row, 'object', textOf),
    bits: integerOf(row, 'bits'),
  };
}

function tagsOf(json: string | null): Tag[] {
  const tags: unknown = json === null ? [] : JSON.parse(json);
  if (!Array.isArray(tags)) return [];
  return tags.flatMap((tag: unknown): Tag[] => {
    if (!Array.isArray(tag)) return [];
    const name: unknown = tag[0];
    const value: unknown = tag[1];
    return typeof name === 'string' && typeof value === 'string' ? [[name, value]] : [];
  });
}
