/** The questions about the bans of the server. */
import type { StoredBan } from './ban-writes.js';
import { integerOf, nullableOf, textOf } from './columns.js';
import type { ReadersOf } from './tasks.js';

export interface BanReads {
  /** All of them, in the order in which they were set. */
  readonly bans: { readonly ask: null; readonly answer: readonly StoredBan[] };
}

export const banReads: ReadersOf<BanReads> = {
  bans: (tables) => {
    const rows = tables.run('SELECT kind, mask, reason, setter, at_ms, until_ms FROM ban ORDER BY at_ms').all();
    return rows.map(banOf);
  },
};

/** The ban of a row, whichever database has it. */
export function banOf(row: object): StoredBan {
  return {
    kind: textOf(row, 'kind'),
    mask: textOf(row, 'mask'),
    reason: textOf(row, 'reason'),
    by: textOf(row, 'setter'),
    atMs: integerOf(row, 'at_ms'),
    untilMs: nullableOf(row, 'until_ms', integerOf),
  };
}
