/** The questions about logs, their states and leases. */
import { bytesOf, integerOf, nullableOf, textOf } from './columns.js';
import { floorOf, IS_EMPTY } from './log-floor.js';
import type { ReadersOf } from './tasks.js';

/** Where a log begins and ends. */
export interface LogEnds {
  readonly log: string;
  /** The number of the first pack that is kept; one more than `top` when none is. */
  readonly first: number;
  readonly top: number;
}

/** Where those logs end that a server has to know before anybody asks for them. */
export interface KnownTops {
  readonly tops: readonly Pick<LogEnds, 'log' | 'top'>[];
  /** No other log has ever had a pack with a higher number. */
  readonly floor: number;
}

/** Some logs of which nothing is kept but the name and the number. */
export interface EmptyLogs {
  readonly names: readonly string[];
  /** The row up to which all rows have been looked at; null if there are no others. */
  readonly upTo: number | null;
}

/** The kept parts of a log that may be forgotten. */
export interface Holding extends LogEnds {
  /** Whether a state is kept. */
  readonly hasState: boolean;
  /** Whether its lines are kept, for the history. */
  readonly hasLines: boolean;
}

/** Part of a log, as bytes. */
export interface Page extends Omit<LogEnds, 'log'> {
  readonly packs: readonly { readonly seq: number; readonly body: Uint8Array }[];
}

/** The kept state of a log. */
export interface KeptState {
  /** The number of the last pack that is in it; 0 if nothing has ever been kept. */
  readonly seq: number;
  readonly state: string | null;
}

/** The kept state of a log, with the packs after it. */
export interface StoredState extends KeptState {
  readonly log: string;
  readonly tail: Page['packs'];
}

/** The kept state of a log that has never had one. */
export const NOTHING_KEPT: KeptState = { seq: 0, state: null };

export interface LogReads {
  /** The states of the logs that have one, or that have packs without one. */
  readonly states: { readonly ask: null; readonly answer: readonly StoredState[] };
  /** The kept state of one log. */
  readonly state: { readonly ask: { readonly log: string }; readonly answer: KeptState };
  /** The ends of all logs. */
  readonly ends: { readonly ask: null; readonly answer: readonly LogEnds[] };
  /** The ends of the logs whose states come at the start, and of so many others, those that were made last. */
  readonly tops: { readonly ask: { readonly most: number }; readonly answer: KnownTops };
  /** Logs of which nothing is kept, at most so many, from behind a row on; 0 for the beginning. */
  readonly 'empty-logs': {
    readonly ask: { readonly after: number; readonly most: number };
    readonly answer: EmptyLogs;
  };
  /** The logs of which more than the name is kept: most logs that strangers have opened have nothing. */
  readonly holdings: { readonly ask: null; readonly answer: readonly Holding[] };
  readonly packs: {
    readonly ask: { readonly log: string; readonly after: number; readonly maxPacks: number };
    readonly answer: Page;
  };
  /** The nodes whose lease has run out, in the order in which that happened. */
  readonly expired: { readonly ask: { readonly nowMs: number }; readonly answer: readonly string[] };
  /** The nodes whose lease runs. */
  readonly living: { readonly ask: { readonly nowMs: number }; readonly answer: readonly string[] };
}

/** The question for the kept parts of logs, in SQLite and in PostgreSQL. */
export const HOLDINGS = `SELECT * FROM (
    SELECT name, first, top, CASE WHEN kept IS NULL THEN 0 ELSE 1 END AS has_state,
      CASE WHEN EXISTS(SELECT 1 FROM line WHERE line.log = log.id) THEN 1 ELSE 0 END AS has_lines FROM log
  ) AS held WHERE first <= top OR has_state = 1 OR has_lines = 1`;

/** Returns the holding in a row of {@link HOLDINGS}. */
export function holdingOf(row: object): Holding {
  return {
    log: textOf(row, 'name'),
    first: integerOf(row, 'first'),
    top: integerOf(row, 'top'),
    hasState: integerOf(row, 'has_state') === 1,
    hasLines: integerOf(row, 'has_lines') === 1,
  };
}

/** A log may have a row because of its lines alone. */
const HAS_BEGUN = '(top > 0 OR kept IS NOT NULL)';
const GOES_ON = '(kept IS NOT NULL OR top > kept_seq)';
const MADE_LAST = 'id IN (SELECT id FROM log ORDER BY id DESC LIMIT ?)';

export const logReads: ReadersOf<LogReads> = {
  states: (tables) => {
    const tail = tables.run('SELECT seq, body FROM pack WHERE log = ? AND seq > ? ORDER BY seq');
    const rows = tables.run(`SELECT id, name, kept_seq, kept FROM log WHERE ${GOES_ON} ORDER BY name`).all();
    return rows.map((row) => {
      const seq = integerOf(row, 'kept_seq');
      const packs = tail.all(integerOf(row, 'id'), seq);
      return {
        log: textOf(row, 'name'),
        seq,
        state: nullableOf(row, 'kept', textOf),
        tail: packs.map((pack) => ({ seq: integerOf(pack, 'seq'), body: bytesOf(pack, 'body') })),
      };
    });
  },
  state: (tables, { log }) => {
    const row = tables.run(`SELECT kept_seq, kept FROM log WHERE name = ? AND ${HAS_BEGUN}`).get(log);
    if (row === undefined) return { ...NOTHING_KEPT, seq: floorOf(tables) };
    return { seq: integerOf(row, 'kept_seq'), state: nullableOf(row, 'kept', textOf) };
  },
  ends: (tables) => {
    const rows = tables.run('SELECT name, first, top FROM log').all();
    return rows.map((row) => ({
      log: textOf(row, 'name'),
      first: integerOf(row, 'first'),
      top: integerOf(row, 'top'),
    }));
  },
  tops: (tables, { most }) => {
    const rows = tables.run(`SELECT name, top FROM log WHERE ${GOES_ON} OR ${MADE_LAST}`).all(most);
    const others = tables
      .run(`SELECT coalesce(max(top), 0) AS top FROM log WHERE NOT ${GOES_ON} AND NOT ${MADE_LAST}`)
      .get(most);
    return {
      tops: rows.map((row) => ({ log: textOf(row, 'name'), top: integerOf(row, 'top') })),
      floor: Math.max(floorOf(tables), integerOf(others ?? {}, 'top')),
    };
  },
  'empty-logs': (tables, { after, most }) => {
    const rows = tables
      .run(`SELECT id, name FROM log WHERE id > ? AND ${IS_EMPTY} ORDER BY id LIMIT ?`)
      .all(after, most);
    const last = rows.at(-1);
    return {
      names: rows.map((row) => textOf(row, 'name')),
      upTo: last === undefined || rows.length < most ? null : integerOf(last, 'id'),
    };
  },
  holdings: (tables) => tables.run(HOLDINGS).all().map(holdingOf),
  packs: (tables, { log, after, maxPacks }) => {
    // Packs and ends as they are at one moment: it is one statement.
    const rows = tables
      .run(
        `SELECT first, top, seq, body FROM log LEFT JOIN pack ON pack.log = log.id AND seq > ?
         WHERE name = ? AND ${HAS_BEGUN} ORDER BY seq LIMIT ?`,
      )
      .all(after, log, maxPacks);
    const [ends] = rows;
    if (ends === undefined) return { packs: [], first: floorOf(tables) + 1, top: floorOf(tables) };
    return {
      packs: rows
        .filter((row) => Reflect.get(row, 'seq') !== null)
        .map((row) => ({ seq: integerOf(row, 'seq'), body: bytesOf(row, 'body') })),
      first: integerOf(ends, 'first'),
      top: integerOf(ends, 'top'),
    };
  },
  expired: (tables, { nowMs }) => {
    const rows = tables.run('SELECT node FROM lease WHERE end_ms <= ? ORDER BY end_ms').all(nowMs);
    return rows.map((row) => textOf(row, 'node'));
  },
  living: (tables, { nowMs }) => {
    const rows = tables.run('SELECT node FROM lease WHERE end_ms > ? ORDER BY end_ms').all(nowMs);
    return rows.map((row) => textOf(row, 'node'));
  },
};
