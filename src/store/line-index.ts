/** The index of what people have said, for the one connection that writes. */
import type { Line } from '../history/line.js';
import { speakerOf } from '../history/search-query.js';
import { gramsOf } from '../search/grams.js';
import { folded } from '../search/terms.js';
import { integerOf } from './columns.js';
import type { Connection } from './engine.js';
import { lineOf } from './line-reads.js';
import { Tables } from './tables.js';

/** Every character of a gram belongs to it; gramsOf leaves out the others. ' and " are doubled where they stand. */
const SIGNS = String.raw`!""#$%&''()*+,-./:;<=>?@[\]^_` + '`{|}~';

/**
 * The table, whose rows have the ids of lines. It has no copy of the texts (`content=''`), and where in a text a gram
 * is does not matter (`detail=none`): a line that is found is compared with the terms anyway.
 */
export const INDEX_SCHEMA = `CREATE VIRTUAL TABLE line_text USING fts5(grams, content='', contentless_delete=1,
  detail=none, tokenize="ascii tokenchars '${SIGNS}'")`;

// Beside its grams, a line has a token for its shelf and one for who has said it. What begins with one of these
// characters of private use and goes on with a letter or a digit is no gram.
const SHELF = '\ue000';
const SPEAKER = '\ue001';

/** @param log - the row of the shelf in the table `log` */
export const shelfToken = (log: number): string => `${SHELF}${log}`;

/** @param nick - folded */
export const speakerToken = (nick: string): string => `${SPEAKER}${nick}`;

/** Puts a line into the index at the end of the transaction, if it is one that people search for. */
export function indexLine(tables: Tables, id: number, log: number, { kind, source, text }: Line): void {
  if (kind !== 'message' && kind !== 'notice') return;
  tables.later(() => {
    const grams = `${shelfToken(log)} ${speakerToken(speakerOf(source))} ${gramsOf(folded(text))}`;
    tables.run('INSERT INTO line_text(rowid, grams) VALUES(?, ?)').run(id, grams);
  });
}

/** Puts all lines into the index that are in a file from before there was one. */
export function indexAllLines(connection: Connection): void {
  const tables = new Tables(connection);
  let last = 0;
  for (;;) {
    const rows = tables.run('SELECT * FROM line WHERE id > ? AND kind > 0 ORDER BY id LIMIT ?').all(last, PAGE_LINES);
    for (const row of rows) {
      last = integerOf(row, 'id');
      indexLine(tables, last, integerOf(row, 'log'), lineOf(row));
    }
    tables.finish();
    if (rows.length < PAGE_LINES) return;
  }
}

const PAGE_LINES = 1_000;

/** Removes a line from the index at the end of the transaction. */
export function unindexLine(tables: Tables, id: number): void {
  tables.later(() => {
    tables.run('DELETE FROM line_text WHERE rowid = ?').run(id);
  });
}
