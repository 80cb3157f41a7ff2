/** Members whom a room's log knows, but whom the domain's log has not let in yet, or has already removed. */
import type { Who } from '../log/entry.js';
import { MemberState } from './member-state.js';

/** The number of members that are kept without a check whether any room still has them. */
const FEW = 1_000;

/** Finds the same member for a session wherever a log names it, as long as the member has a place or an invitation. */
export class Strangers {
  readonly #bySession = new Map<string, MemberState>();
  #limit = FEW;

  /**
   * Returns the member of a session, which has no connection here. @param atMs - since when it is known, if it is new
   */
  meet(session: string, who: Who, atMs: number): MemberState {
    const known = this.#bySession.get(session);
    if (known !== undefined) return known;
    if (this.#bySession.size >= this.#limit) this.#forget();
    const member = new MemberState({ session, who, atMs });
    this.#bySession.set(session, member);
    return member;
  }

  /** Drops a member that the domain has let in. */
  arrived(session: string): void {
    this.#bySession.delete(session);
  }

  #forget(): void {
    for (const [session, { seats, invitations }] of this.#bySession) {
      if (seats.length === 0 && invitations === null) this.#bySession.delete(session);
    }
    this.#limit = Math.max(FEW, 2 * this.#bySession.size);
  }
}
