/** Members that stay when nobody is connected for them, from one run of the server to the next. */
import type { MemberDescription } from './member.js';
import { type MemberState, stateOf } from './member-state.js';
import type { Outcome } from './outcome.js';

/** Keeps the state of members, wherever it is. A member is identified by its session, which it has in one run only. */
export interface MemberKeeper {
  /** The members who stayed in the last run. */
  readonly members: readonly MemberDescription[];
  /** @param atMs - since when it is so, in milliseconds since the epoch */
  keep(session: string, member: MemberDescription, atMs: number): void;
  /** A member is gone, or does not stay any more. */
  drop(session: string): void;
}

/** The surroundings of the members. */
export interface StayingMembersOptions {
  readonly keeper: MemberKeeper;
  readonly describe: (member: MemberState) => MemberDescription;
  /** Returns the member of a session that is here. */
  readonly bySession: (session: string) => MemberState | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Saves each member that is always on after every change of it. */
export class StayingMembers {
  readonly #options: StayingMembersOptions;
  /** The sessions of the members that are saved. */
  readonly #kept = new Set<string>();

  constructor(options: StayingMembersOptions) {
    this.#options = options;
  }

  /** A member has a new session from now on. @param session - the former one */
  renewed(session: string): void {
    if (this.#kept.delete(session)) this.#options.keeper.drop(session);
  }

  /** Something has happened, perhaps to one of them. */
  happened(outcome: Outcome): void {
    if (outcome === null || !('member' in outcome) || outcome.member === null) return;
    const { keeper, describe, bySession, now } = this.#options;
    const { session } = stateOf(outcome.member);
    const member = bySession(session);
    if (member?.traits.has('always-on') === true) {
      this.#kept.add(session);
      keeper.keep(session, describe(member), now());
    } else if (this.#kept.delete(session)) keeper.drop(session);
  }
}
