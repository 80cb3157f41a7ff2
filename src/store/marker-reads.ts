/** The questions about the marks of accounts. */
import { integerOf } from './columns.js';
import type { ReadersOf } from './tasks.js';

export interface MarkerReads {
  /** The time up to which an account has read a conversation; null if that is not known. */
  readonly mark: { readonly ask: { readonly owner: string; readonly target: string }; readonly answer: number | null };
}

export const markerReads: ReadersOf<MarkerReads> = {
  mark: (tables, { owner, target }) => {
    const row = tables.run('SELECT at_ms FROM marker WHERE owner = ? AND target = ?').get(owner, target);
    return row === undefined ? null : integerOf(row, 'at_ms');
  },
};
