/** Members of other domains, who are here only as long as they have places in rooms. */
import type { Who } from '../log/entry.js';
import type { Fold } from './case-mapping.js';
import { MemberState } from './member-state.js';

/** The number of members that are kept without a check whether any room still has them. */
const FEW = 1_000;

/** Finds the same member for a session wherever a room names it, and finds it by its nick. */
export class Foreigners {
  readonly #fold: Fold;
  readonly #bySession = new Map<string, MemberState>();
  readonly #byNick = new Map<string, MemberState>();
  #limit = FEW;

  constructor(fold: Fold) {
    this.#fold = fold;
  }

  /**
   * Returns the member of a session. A member of a room keeps its nick until {@link rename}, since the room must be
   * notified of a new one.
   */
  meet(session: string, who: Who, atMs: number): MemberState {
    const known = this.#bySession.get(session);
    if (known !== undefined) {
      if (known.seats.length === 0) this.#call(known, who.nick);
      known.who = { ...who, nick: known.nick, privileges: null };
      return known;
    }
    if (this.#bySession.size >= this.#limit) this.#forget();
    // The operators of another domain have no privileges here.
    const member = new MemberState({ session, who: { ...who, privileges: null }, atMs });
    this.#bySession.set(session, member);
    this.#byNick.set(this.#fold(who.nick), member);
    return member;
  }

  /** Returns the member with a nick, if it is in a room. */
  byNick(nick: string): MemberState | undefined {
    const found = this.#byNick.get(this.#fold(nick));
    return found !== undefined && found.seats.length > 0 ? found : undefined;
  }

  /** Gives a member another nick. */
  rename(member: MemberState, nick: string): void {
    this.#call(member, nick);
  }

  #call(member: MemberState, nick: string): void {
    const before = this.#fold(member.nick);
    if (this.#byNick.get(before) === member) this.#byNick.delete(before);
    this.#byNick.set(this.#fold(nick), member);
    if (member.nick !== nick) member.become({ nick });
  }

  #forget(): void {
    for (const [session, member] of this.#bySession) {
      if (member.seats.length > 0 || member.invitations !== null) continue;
      this.#bySession.delete(session);
      const key = this.#fold(member.nick);
      if (this.#byNick.get(key) === member) this.#byNick.delete(key);
    }
    this.#limit = Math.max(FEW, 2 * this.#bySession.size);
  }
}
