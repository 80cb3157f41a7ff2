/** The writes of marks, up to which an account has read its conversations. */
import { MAX_MARKS } from '../history/markers.js';
import { integerOf } from './columns.js';
import { isOfGone } from './gone-accounts.js';
import type { WritersOf } from './tasks.js';

export interface MarkerWrites {
  /** Moves a mark forward, and answers with the resulting one. That of an account that has been erased is not kept. */
  readonly mark: { readonly owner: string; readonly target: string; readonly atMs: number };
}

export const markerWrites: WritersOf<MarkerWrites> = {
  mark: (tables, { owner, target, atMs }) => {
    if (isOfGone(tables, owner, Date.now())) return atMs;
    const row = tables
      .run(
        `INSERT INTO marker(owner, target, at_ms) VALUES(?, ?, ?)
         ON CONFLICT DO UPDATE SET at_ms = max(at_ms, excluded.at_ms) RETURNING at_ms`,
      )
      .get(owner, target, atMs);
    const counted = tables.run('SELECT count(*) AS marks FROM marker WHERE owner = ?').get(owner) ?? {};
    if (integerOf(counted, 'marks') > MAX_MARKS) {
      tables
        .run(
          'DELETE FROM marker WHERE owner = ? AND target = (SELECT target FROM marker WHERE owner = ? ORDER BY at_ms LIMIT 1)',
        )
        .run(owner, owner);
    }
    return integerOf(row ?? {}, 'at_ms');
  },
};
