/** How the lines that people have read are written. */
import type { Redaction } from '../history/history.js';
import { type Line, LINE_KINDS } from '../history/line.js';
import { integerOf } from './columns.js';
import { isOfGone, ownerOf } from './gone-accounts.js';
import { unindexLine } from './line-index.js';
import { blankEntry, eraseLine } from './said.js';
import type { Tables } from './tables.js';
import type { WritersOf } from './tasks.js';

/** Each write answers with the number of lines that it has changed. */
export interface LineWrites {
  /**
   * Puts a line on a shelf; nothing happens if it is there. It is never older than the one before it, whatever the
   * clock does: pages and searches by time rely on that. One that was on its way when its account was erased is erased
   * as those before it were.
   */
  readonly line: {
    readonly shelf: string;
    readonly line: Line;
    /** Whether it may be there, from another process or an attempt that failed: then that is found out first. */
    readonly isLate?: boolean;
  };
  /**
   * Removes the text of a line, from all shelves that it is on and from the entry that it is from: the pack `seq` of
   * `log`, the entry `part` of that.
   */
  readonly 'line-redact': Redaction;
  /**
   * Removes the lines of a shelf from before a time, the oldest first: at most so many that no other write waits for
   * long.
   */
  readonly 'lines-drop': { readonly shelf: string; readonly beforeMs: number };
  /** Removes a shelf that is no log, with all that is on it. */
  readonly 'shelf-drop': { readonly shelf: string };
}

/** The number of a line that has been taken back; the other kinds are counted from 1. */
const REDACTED = 0;
/** They take some ten milliseconds. */
const MAX_DROPPED = 200;

const INSERT = `INSERT INTO line(log, seq, part, at_ms, kind, msgid, peer, source, account, target, ranks, text, tags,
  object, bits) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id`;

export const lineWrites: WritersOf<LineWrites> = {
  line: (tables, { shelf, line }) => {
    const owner = ownerOf(shelf);
    if (owner !== null && isOfGone(tables, owner, line.atMs)) return 0;
    const log = tables.log(shelf);
    const atMs = Math.max(line.atMs, log.lineMs);
    const { seq, part, kind, msgid, peer, source, account, target, ranks, text, tags, object, bits } = line;
    const row = tables
      .run(INSERT)
      .get(
        log.id,
        seq,
        part,
        atMs,
        LINE_KINDS.indexOf(kind) + 1,
        msgid,
        peer,
        source,
        account,
        target,
        ranks,
        text,
        tags.length === 0 ? null : JSON.stringify(tags),
        object,
        bits,
      );
    if (row === undefined) return 0;
    log.lineMs = atMs;
    if (account !== null && isOfGone(tables, account, line.atMs)) eraseLine(tables, integerOf(row, 'id'));
    return 1;
  },
  'line-redact': (tables, { shelves, msgid, log, seq, part }) => {
    let count = 0;
    for (const shelf of shelves) {
      const rows = tables
        .run('UPDATE line SET kind = ?, text = ?, tags = NULL WHERE log = ? AND msgid = ? RETURNING id')
        .all(REDACTED, '', tables.log(shelf).id, msgid);
      for (const row of rows) unindexLine(tables, integerOf(row, 'id'));
      count += rows.length;
    }
    blankEntry(tables, tables.log(log).id, seq, part);
    return count;
  },
  'lines-drop': (tables, { shelf, beforeMs }) => dropBefore(tables, shelf, beforeMs),
  'shelf-drop': (tables, { shelf }) => dropShelf(tables, shelf),
};

/** Removes a shelf that is no log, with everything on it: nothing refers to it any more. @returns how many lines */
export function dropShelf(tables: Tables, shelf: string): number {
  let count = 0;
  let dropped: number;
  do {
    dropped = dropBefore(tables, shelf, Number.MAX_SAFE_INTEGER);
    count += dropped;
  } while (dropped === MAX_DROPPED);
  tables.run('DELETE FROM log WHERE name = ? AND top = 0').run(shelf);
  tables.forgetLog(shelf);
  return count;
}

function dropBefore(tables: Tables, shelf: string, beforeMs: number): number {
  const rows = tables
    .run('SELECT id FROM line WHERE log = ? AND at_ms < ? ORDER BY at_ms LIMIT ?')
    .all(tables.log(shelf).id, beforeMs, MAX_DROPPED);
  removeLines(
    tables,
    rows.map((row) => integerOf(row, 'id')),
  );
  return rows.length;
}

/** Removes lines by their ids. */
export function removeLines(tables: Tables, ids: readonly number[]): void {
  for (const id of ids) {
    unindexLine(tables, id);
    tables.run('DELETE FROM line WHERE id = ?').run(id);
  }
}
