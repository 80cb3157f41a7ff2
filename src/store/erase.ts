/** The data that the store removes with an account. */
import { dropShelf } from './line-writes.js';
import type { Tables } from './tables.js';

/** Removes one part's data of an account, in the transaction that removes the account. */
export type Eraser = (tables: Tables, folded: string) => void;

/** Data that only the account's owner may read, and nobody who registers the name later. */
export const SHELF_ERASERS: readonly Eraser[] = [
  (tables: Tables, folded: string): void => {
    tables.run('DELETE FROM marker WHERE owner = ?').run(folded);
  },
  // Its copies of private lines.
  (tables: Tables, folded: string): void => {
    dropShelf(tables, `a:${folded}`);
  },
];

/** Every part that keeps something by account is here, except the lines of the account: see `said.ts`. */
export const ERASERS: readonly Eraser[] = [
  (tables: Tables, folded: string): void => {
    // The states of rooms say which belong to it: rooms learn of the erasure when a server has them.
    tables
      .run("INSERT OR REPLACE INTO fact(name, value) SELECT 'erased ' || folded, name FROM account WHERE folded = ?")
      .run(folded);
  },
  (tables: Tables, folded: string): void => {
    tables.run('DELETE FROM member WHERE account = (SELECT name FROM account WHERE folded = ?)').run(folded);
  },
  ...SHELF_ERASERS,
];
