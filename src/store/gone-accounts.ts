/** The accounts that were erased a short while ago: lines of theirs may still be on their way. */
import { integerOf, nullableOf } from './columns.js';
import type { Tables } from './tables.js';
import type { WritersOf } from './tasks.js';

export interface GoneWrites {
  /** Forgets the accounts that were erased before a time; how many names they had. */
  readonly 'gone-drop': { readonly beforeMs: number };
}

export const goneWrites: WritersOf<GoneWrites> = {
  'gone-drop': (tables, { beforeMs }) => {
    tables.hasGone = null;
    return tables
      .run(`DELETE FROM fact WHERE ${IS_MARK} AND json_extract(value, '$.atMs') < ? RETURNING name`)
      .all(beforeMs).length;
  },
};

const IS_MARK = "name GLOB 'gone *'";
/** A mark for each form of the name that lines have: the one of the account, and the folded one of its shelf. */
const NOTE = `WITH gone AS (SELECT name, folded, CAST(? AS INTEGER) AS at_ms FROM account WHERE folded = ?)
  INSERT OR REPLACE INTO fact(name, value) SELECT 'gone ' || form, json_object('folded', folded, 'atMs', at_ms)
  FROM (SELECT name AS form, folded, at_ms FROM gone UNION SELECT folded, folded, at_ms FROM gone)`;
const FIND = `SELECT created_ms FROM fact LEFT JOIN account ON account.folded = json_extract(value, '$.folded')
  WHERE fact.name = 'gone ' || ?`;

/** Notes that an account is erased, while it is still there. */
export function noteGone(tables: Tables, folded: string): void {
  tables.run(NOTE).run(Date.now(), folded);
  tables.hasGone = true;
}

/**
 * Whether something is of an account that has been erased: nobody has the name any more, or it is older than the
 * account that has it now.
 *
 * @param name - the name of its account, or the folded one
 */
export function isOfGone(tables: Tables, name: string, atMs: number): boolean {
  tables.hasGone ??= tables.run(`SELECT 1 FROM fact WHERE ${IS_MARK} LIMIT 1`).get() !== undefined;
  const row = tables.hasGone ? tables.run(FIND).get(name) : undefined;
  return row !== undefined && atMs < (nullableOf(row, 'created_ms', integerOf) ?? Infinity);
}

/** Returns the folded name of the account that a shelf belongs to; null for any other shelf. */
export function ownerOf(shelf: string): string | null {
  return shelf.startsWith('a:') ? shelf.slice('a:'.length) : null;
}
