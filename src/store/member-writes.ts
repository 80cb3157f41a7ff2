/** How the members are written that stay when the server stops. */
import type { WritersOf } from './tasks.js';

export interface MemberWrites {
  /** Keeps the state of a member, by its session. */
  readonly 'member-keep': { readonly session: string; readonly account: string; readonly state: string };
  readonly 'member-drop': { readonly session: string };
}

export const memberWrites: WritersOf<MemberWrites> = {
  'member-keep': (tables, { session, account, state }) => {
    tables.run('INSERT OR REPLACE INTO member(session, account, state) VALUES(?, ?, ?)').run(session, account, state);
    return 0;
  },
  'member-drop': (tables, { session }) => {
    tables.run('DELETE FROM member WHERE session = ?').run(session);
    return 0;
  },
};
