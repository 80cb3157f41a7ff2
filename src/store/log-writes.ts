/** How logs, their states and leases are written. */
import { integerOf, nullableOf } from './columns.js';
import { floorOf, removeLogs } from './log-floor.js';
import type { LogRow, Tables } from './tables.js';
import type { WritersOf } from './tasks.js';

export interface LogWrites {
  /** Appends a pack; its number. `maxEntries` is how many entries the log keeps: the oldest packs are dropped. */
  readonly pack: {
    readonly log: string;
    readonly body: Uint8Array;
    readonly entries: number;
    readonly maxEntries: number;
    /** The time of its last entry, in milliseconds since the epoch. */
    readonly atMs: number;
    /**
     * The pack gets a higher number than this one, even if the log ends before it. If it is not given, a log that has
     * never had a pack begins behind all logs that have been removed.
     */
    readonly after?: number | undefined;
  };
  /**
   * Drops packs from before a time, starting at the first, as far as the kept state contains them; how many. It drops
   * at most 1,000, so that other writes need not wait for long.
   */
  readonly retain: { readonly log: string; readonly fromMs: number };
  /** Keeps the state of a log after a pack; null for nothing. */
  readonly keep: {
    readonly log: string;
    readonly seq: number;
    readonly state: string | null;
    /** Whether the log leaves out numbers up to `seq` if it ends before that, because it begins there. */
    readonly mayBegin?: boolean;
  };
  /**
   * Notes that logs are in use. Each has a row from then on: it is not removed before nobody has used it for hours, and
   * everybody who begins to follow the log begins at the same number.
   *
   * @param after - the number behind which a log begins that has no row; the default is higher than that of
   *   {@link floorOf}, since a row with 0 could not be told from one that has lines alone
   */
  readonly 'use-logs': { readonly logs: readonly string[]; readonly after?: number | undefined };
  /** Removes the rows of logs of which nothing is kept; how many. Other logs stay. */
  readonly 'remove-logs': { readonly logs: readonly string[] };
  /** Drops the packs before a number. */
  readonly trim: { readonly log: string; readonly before: number };
  readonly lease: { readonly node: string; readonly endMs: number };
  readonly forget: { readonly node: string };
  /** Tries whether there is room for this many bytes; 0 gives it back. */
  readonly trial: { readonly bytes: number };
}

/** How many packs a write drops at most. */
const RETAIN_PACKS = 1_000;

export const logWrites: WritersOf<LogWrites> = {
  pack: (tables, { log: name, body, entries, maxEntries, atMs, after }) => {
    const log = tables.log(name);
    if (after !== undefined) leaveOut(tables, log, after);
    else begin(tables, log, floorOf(tables));
    log.top += 1;
    if (log.entries !== null) log.entries += entries;
    tables
      .run('INSERT INTO pack(log, seq, entries, body, at_ms) VALUES(?, ?, ?, ?, ?)')
      .run(log.id, log.top, entries, body, atMs);
    if (maxEntries < Number.MAX_SAFE_INTEGER) dropBeyond(tables, log, maxEntries);
    tables.run('UPDATE log SET first = ?, top = ? WHERE id = ?').run(log.first, log.top, log.id);
    return log.top;
  },
  retain: (tables, { log: name, fromMs }) => {
    const log = tables.log(name);
    const rows = tables
      .run(
        `SELECT seq, at_ms FROM pack WHERE log = ? AND seq <= (SELECT kept_seq FROM log WHERE id = ?)
         ORDER BY seq LIMIT ${RETAIN_PACKS}`,
      )
      .all(log.id, log.id);
    const young = rows.findIndex((row) => integerOf(row, 'at_ms') >= fromMs);
    const last = rows.at(young < 0 ? -1 : young - 1);
    if (young === 0 || last === undefined) return 0;
    trim(tables, log, integerOf(last, 'seq') + 1);
    return young < 0 ? rows.length : young;
  },
  keep: (tables, { log, seq, state, mayBegin = false }) => {
    // A log without a row needs none to have nothing.
    if (state !== null) leaveOut(tables, tables.log(log), mayBegin ? seq : beginningOf(tables, log, seq));
    // One of several processes may be behind another.
    const text = 'UPDATE log SET kept_seq = ?, kept = ? WHERE name = ? AND (kept_seq <= ? OR kept_seq > top)';
    tables.run(text).run(seq, state, log, seq);
    return seq;
  },
  'use-logs': (tables, { logs, after = floorOf(tables) + 1 }) => {
    for (const name of logs) begin(tables, tables.log(name), after);
    return logs.length;
  },
  'remove-logs': (tables, { logs }) => removeLogs(tables, logs),
  trim: (tables, { log: name, before }) => {
    const log = tables.log(name);
    return trim(tables, log, Math.min(Math.max(log.first, before), log.top + 1));
  },
  lease: (tables, { node, endMs }) => {
    tables.run('INSERT OR REPLACE INTO lease(node, end_ms) VALUES(?, ?)').run(node, endMs);
    return 0;
  },
  forget: (tables, { node }) => {
    tables.run('DELETE FROM lease WHERE node = ?').run(node);
    return 0;
  },
  trial: (tables, { bytes }) => {
    if (bytes === 0) tables.run('DELETE FROM trial').run();
    else tables.run('INSERT INTO trial(body) VALUES(zeroblob(?))').run(bytes);
    return 0;
  },
};

/**
 * Leaves out the numbers of a log up to one, if it ends before that. Nothing that was kept before is the state of the
 * log any more; its packs stay for as long as they are kept.
 */
function leaveOut(tables: Tables, log: LogRow, to: number): void {
  if (log.top >= to) return;
  if (log.first > log.top) log.first = to + 1;
  log.top = to;
  tables
    .run('UPDATE log SET first = ?, top = ?, kept_seq = ?, kept = NULL WHERE id = ?')
    .run(log.first, log.top, to, log.id);
}

/** Begins a log that has never had anything behind a number. A log that has been removed may have had its name. */
function begin(tables: Tables, log: LogRow, after: number): void {
  if (log.top === 0 && !hasState(tables, log)) leaveOut(tables, log, after);
}

/** Returns the number behind which a log begins that has a state before its first pack; 0 for any other log. */
function beginningOf(tables: Tables, name: string, seq: number): number {
  return tables.log(name).top === 0 ? Math.min(seq, floorOf(tables)) : 0;
}

function hasState(tables: Tables, log: LogRow): boolean {
  return tables.run('SELECT 1 FROM log WHERE id = ? AND kept IS NOT NULL').get(log.id) !== undefined;
}

/** Drops the packs before the first that stays. @returns the number of that */
function trim(tables: Tables, log: LogRow, first: number): number {
  const dropped = tables.run('DELETE FROM pack WHERE log = ? AND seq < ? RETURNING entries').all(log.id, first);
  if (log.entries !== null) for (const row of dropped) log.entries -= integerOf(row, 'entries');
  log.first = first;
  tables.run('UPDATE log SET first = ? WHERE id = ?').run(first, log.id);
  return first;
}

/** Drops the oldest packs of a log that has too many entries. */
function dropBeyond(tables: Tables, log: LogRow, maxEntries: number): void {
  let entries = log.entries ?? entriesOf(tables, log);
  while (entries > maxEntries && log.first <= log.top) {
    const row = tables.run('DELETE FROM pack WHERE log = ? AND seq = ? RETURNING entries').get(log.id, log.first);
    entries -= row === undefined ? 0 : integerOf(row, 'entries');
    // Some numbers may have been left out.
    const next = tables.run('SELECT min(seq) AS seq FROM pack WHERE log = ?').get(log.id) ?? {};
    log.first = nullableOf(next, 'seq', integerOf) ?? log.top + 1;
  }
  log.entries = entries;
}

function entriesOf(tables: Tables, log: LogRow): number {
  const row = tables.run('SELECT coalesce(sum(entries), 0) AS entries FROM pack WHERE log = ?').get(log.id) ?? {};
  return integerOf(row, 'entries');
}
