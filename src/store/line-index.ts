/** The index of what people have said, for the one connection that writes. */
import type { Line } from '../history/line.js';
import { speakerOf } from '../history/search-query.js';
import { gramsOf } from '../search/grams.js';
import { folded } from '../search/terms.js';
import { integerOf, nullableOf } from './columns.js';
import { lineOf } from './line-reads.js';
import type { Tables } from './tables.js';

/** Every character of a gram belongs to it; gramsOf leaves out the others. ' and " are doubled. */
const SIGNS = String.raw`!""#$%&''()*+,-./:;<=>?@[\]^_` + '`{|}~';

/**
 * The table, whose rows have the ids of lines. It has no copy of the texts (`content=''`), and the place of a gram in a
 * text does not matter (`detail=none`): a line that is found is compared with the terms anyway.
 */
export const INDEX_SCHEMA = `CREATE VIRTUAL TABLE IF NOT EXISTS line_text USING fts5(grams, content='', contentless_delete=1,
  detail=none, tokenize="ascii tokenchars '${SIGNS}'")`;

// Besides its grams, a line has a token for its shelf and one for its author. A token that begins with one of these
// characters of private use and continues with a letter or a digit is no gram.
const SHELF = '\ue000';
const SPEAKER = '\ue001';

/** @param log - the row of the shelf in the table `log` */
export const shelfToken = (log: number): string => `${SHELF}${log}`;

/** @param nick - folded */
export const speakerToken = (nick: string): string => `${SPEAKER}${nick}`;

/** How far the lines of a file are in the index, by their ids. */
export interface Indexed {
  readonly upTo: number;
  readonly last: number;
}

/** Returns how far the index is, which it shows itself. */
function indexedIn(tables: Tables): Indexed {
  return {
    upTo: Math.max(tables.indexedUpTo, maxOf(tables, 'SELECT max(id) AS most FROM line_text_docsize')),
    last: maxOf(tables, 'SELECT max(id) AS most FROM line WHERE kind > 0'),
  };
}

/**
 * Puts the next lines into the index that are not in it yet, in the transaction that is open.
 *
 * @param maxLines - how many of them are looked at
 */
export function indexMoreLines(tables: Tables, maxLines: number): Indexed {
  const begun = indexedIn(tables);
  const { last } = begun;
  let { upTo } = begun;
  for (let left = maxLines; left > 0; left -= PAGE_LINES) {
    const limit = Math.min(left, PAGE_LINES);
    const rows = tables.run(UNINDEXED).all(upTo, limit);
    for (const row of rows) {
      upTo = integerOf(row, 'id');
      indexLine(tables, upTo, integerOf(row, 'log'), lineOf(row));
    }
    if (rows.length < limit) upTo = Math.max(upTo, last);
    tables.indexedUpTo = upTo;
    if (upTo >= last) break;
  }
  return { upTo, last };
}

const PAGE_LINES = 1_000;
/** The lines that belong in the index: messages and notices. */
const UNINDEXED = 'SELECT * FROM line WHERE id > ? AND kind IN (1, 2) ORDER BY id LIMIT ?';

/** From now on, parts of the index are merged by {@link mergeIndex} alone. */
export function mergeByCommand(tables: Tables): void {
  tables.run("INSERT INTO line_text(line_text, rank) VALUES('automerge', 0)").run();
}

/** Merges parts of the index, about so many pages. @returns whether there was anything to merge */
export function mergeIndex(tables: Tables, pages: number): boolean {
  const before = changesIn(tables);
  tables.run("INSERT INTO line_text(line_text, rank) VALUES('merge', ?)").run(pages);
  // https://www.sqlite.org/fts5.html#the_merge_command: a command that does nothing counts as one change.
  return changesIn(tables) - before >= 2;
}

function changesIn(tables: Tables): number {
  return integerOf(tables.run('SELECT total_changes() AS changes').get() ?? {}, 'changes');
}

function indexLine(tables: Tables, id: number, log: number, { source, text }: Line): void {
  const grams = `${shelfToken(log)} ${speakerToken(speakerOf(source))} ${gramsOf(folded(text))}`;
  tables.run('INSERT INTO line_text(rowid, grams) VALUES(?, ?)').run(id, grams);
}

function maxOf(tables: Tables, sql: string): number {
  const row = tables.run(sql).get() ?? {};
  return nullableOf(row, 'most', integerOf) ?? 0;
}

/** Removes a line from the index at the end of the transaction. */
export function unindexLine(tables: Tables, id: number): void {
  // The next added line may get the number of a removed one.
  tables.indexedUpTo = Math.min(tables.indexedUpTo, id - 1);
  tables.later(() => {
    tables.run('DELETE FROM line_text WHERE rowid = ?').run(id);
  });
}
