/** Members that stay when nobody is connected for them, from one run of the server to the next. */
import type { MemberDescription } from './member.js';
import { type MemberState, stateOf } from './member-state.js';
import type { Outcome } from './outcome.js';

/** Keeps what members are, wherever that is. A member is named by its session, which it has in one run only. */
export interface MemberKeeper {
  /** Those who stayed in the last run. */
  readonly members: readonly MemberDescription[];
  keep(session: string, member: MemberDescription): void;
  /** A member is gone, or does not stay any more. */
  drop(session: string): void;
}

/** The surroundings. */
export interface StayingMembersOptions {
  readonly keeper: MemberKeeper;
  readonly describe: (member: MemberState) => MemberDescription;
  /** Returns the member of a session that is here. */
  readonly bySession: (session: string) => MemberState | undefined;
}

/** Keeps each member that is always on as it is after everything that happens to it. */
export class StayingMembers {
  readonly #options: StayingMembersOptions;
  /** The sessions of those that are kept. */
  readonly #kept = new Set<string>();

  constructor(options: StayingMembersOptions) {
    this.#options = options;
  }

  /** A member has another session from now on. @param session - the former one */
  renewed(session: string): void {
    if (this.#kept.delete(session)) this.#options.keeper.drop(session);
  }

  /** Something has happened, perhaps to one of them. */
  happened(outcome: Outcome): void {
    if (outcome === null || !('member' in outcome) || outcome.member === null) return;
    const { keeper, describe, bySession } = this.#options;
    const { session } = stateOf(outcome.member);
    const member = bySession(session);
    if (member?.traits.has('always-on') === true) {
      this.#kept.add(session);
      keeper.keep(session, describe(member));
    } else if (this.#kept.delete(session)) keeper.drop(session);
  }
}
