/** Finds and removes the lines of an account. */
import { blankedPack } from './blanked-pack.js';
import { bytesOf, integerOf, textOf } from './columns.js';
import { unindexLine } from './line-index.js';
import type { Tables } from './tables.js';
import type { ReadersOf, WritersOf } from './tasks.js';

/** Some lines of an account. */
export interface Said {
  /** The lines. */
  readonly ids: readonly number[];
  /** The last line that was looked at; null if there is none after the one that was asked for. */
  readonly upTo: number | null;
}

export interface SaidReads {
  /** Looks at the next lines after one for those of an account. There is no index of their authors. */
  readonly said: { readonly ask: { readonly folded: string; readonly after: number }; readonly answer: Said };
}

export interface SaidWrites {
  /**
   * Removes the words and the name of an account from lines, as far as these are its own; how many. They keep their
   * places, so that readers who page through them lose none of the others.
   */
  readonly 'lines-erase': { readonly folded: string; readonly ids: readonly number[] };
}

/** How many lines are looked at in one read: logins wait for some milliseconds meanwhile. */
const WINDOW_LINES = 20_000;

export const saidReads: ReadersOf<SaidReads> = {
  said: (tables, { folded, after }) => {
    const last = tables.run('SELECT max(id) AS last FROM line').get() ?? {};
    const end = Reflect.get(last, 'last') === null ? 0 : integerOf(last, 'last');
    const names = namesOf(tables, folded);
    if (end <= after) return { ids: [], upTo: null };
    const upTo = Math.min(end, after + WINDOW_LINES);
    const rows = tables
      .run('SELECT id FROM line WHERE id > ? AND id <= ? AND account IN (?, ?)')
      .all(after, upTo, ...names);
    return { ids: rows.map((row) => integerOf(row, 'id')), upTo };
  },
};

export const saidWrites: WritersOf<SaidWrites> = {
  'lines-erase': (tables, { folded, ids }) => {
    const names = namesOf(tables, folded);
    const find = tables.run(`${FIND} WHERE line.id = ? AND account IN (?, ?)`);
    return eraseLines(
      tables,
      ids.flatMap((id) => find.get(id, ...names) ?? []),
    );
  },
};

const FIND = 'SELECT line.id, log, name, seq, part FROM line JOIN log ON log.id = line.log';

/** Removes the texts of an account from the lines after a given one. */
export function eraseSaid(tables: Tables, folded: string, after: number): void {
  const find = tables.run(`${FIND} WHERE line.id > ? AND account IN (?, ?)`);
  eraseLines(tables, find.all(after, ...namesOf(tables, folded)));
}

/** Removes the words and the name of its account from a line. */
export function eraseLine(tables: Tables, id: number): void {
  eraseLines(tables, tables.run(`${FIND} WHERE line.id = ?`).all(id));
}

/** The forms of its name that an account may have in lines. */
function namesOf(tables: Tables, folded: string): readonly [string, string] {
  const row = tables.run('SELECT name FROM account WHERE folded = ?').get(folded);
  return [folded, row === undefined ? folded : textOf(row, 'name')];
}

function eraseLines(tables: Tables, rows: readonly object[]): number {
  for (const row of rows) {
    const id = integerOf(row, 'id');
    unindexLine(tables, id);
    if (textOf(row, 'name').startsWith('r:')) {
      blankEntry(tables, integerOf(row, 'log'), integerOf(row, 'seq'), integerOf(row, 'part'));
    }
    tables
      .run(`UPDATE line SET kind = 0, source = '', account = NULL, text = '', tags = NULL, object = NULL WHERE id = ?`)
      .run(id);
  }
  return rows.length;
}

/** Removes the text of an entry. */
export function blankEntry(tables: Tables, log: number, seq: number, part: number): void {
  const row = tables.run('SELECT body FROM pack WHERE log = ? AND seq = ?').get(log, seq);
  const body = row === undefined ? null : blankedPack(bytesOf(row, 'body'), part);
  if (body !== null) tables.run('UPDATE pack SET body = ? WHERE log = ? AND seq = ?').run(body, log, seq);
}
