/** How the members are written that stay when the server stops. */
import { isOfGone } from './gone-accounts.js';
import type { WritersOf } from './tasks.js';

export interface MemberWrites {
  /**
   * Keeps the state of a member, by its session. One whose account has been erased is not kept: it would return with
   * the account of whoever has the name by then.
   */
  readonly 'member-keep': {
    readonly session: string;
    readonly account: string;
    readonly state: string;
    /** Since when it is so, in milliseconds since the epoch; not given by earlier versions. */
    readonly atMs?: number;
  };
  readonly 'member-drop': { readonly session: string };
}

/** A time of which it is not known whether the next account of a name was there: later than all. */
export const LATEST_MS = Number.MAX_SAFE_INTEGER;

export const memberWrites: WritersOf<MemberWrites> = {
  'member-keep': (tables, { session, account, state, atMs = LATEST_MS }) => {
    if (isOfGone(tables, account, atMs)) return 0;
    tables.run('INSERT OR REPLACE INTO member(session, account, state) VALUES(?, ?, ?)').run(session, account, state);
    return 0;
  },
  'member-drop': (tables, { session }) => {
    tables.run('DELETE FROM member WHERE session = ?').run(session);
    return 0;
  },
};
