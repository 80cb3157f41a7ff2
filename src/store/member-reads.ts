/** The questions about the members that stay when the server stops. */
import { textOf } from './columns.js';
import type { ReadersOf } from './tasks.js';

/** A member, by the session that it had. */
export interface StoredMember {
  readonly session: string;
  readonly state: string;
}

export interface MemberReads {
  /** In the order in which they were kept: if one is there twice, the first is from an earlier run. */
  readonly members: { readonly ask: null; readonly answer: readonly StoredMember[] };
}

export const memberReads: ReadersOf<MemberReads> = {
  members: (tables) => {
    const rows = tables.run('SELECT session, state FROM member ORDER BY rowid').all();
    return rows.map((row) => ({ session: textOf(row, 'session'), state: textOf(row, 'state') }));
  },
};
