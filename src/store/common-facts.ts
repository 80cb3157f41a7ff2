/** The settings that all servers of a store have in common, as one text. */
import { textOf } from './columns.js';
import type { ReadersOf, WritersOf } from './tasks.js';

export interface CommonReads {
  /** The text; null before the first. */
  readonly common: { readonly ask: null; readonly answer: string | null };
  /** The number of processes that have the store open. */
  readonly sharers: { readonly ask: null; readonly answer: number };
}

export interface CommonWrites {
  /** Replaces the text if it is still as it was read. Answers 1 if it was, and 0 if not. */
  readonly common: { readonly before: string | null; readonly after: string };
}

export const commonReads: ReadersOf<CommonReads> = {
  common: (tables) => {
    const row = tables.run("SELECT value FROM fact WHERE name = 'common'").get();
    return row === undefined ? null : textOf(row, 'value');
  },
  // The others ask this process.
  sharers: () => 1,
};

export const commonWrites: WritersOf<CommonWrites> = {
  common: (tables, { before, after }) => {
    const row = tables
      .run(
        before === null
          ? "INSERT OR IGNORE INTO fact(name, value) VALUES('common', ?) RETURNING 1"
          : "UPDATE fact SET value = ? WHERE name = 'common' AND value = ? RETURNING 1",
      )
      .get(...(before === null ? [after] : [after, before]));
    return row === undefined ? 0 : 1;
  },
};
