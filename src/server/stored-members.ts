/** The members that stay when nobody is connected for them, in a store. */
import type { MemberDescription } from '../chat/member.js';
import { decodeMember, encodeMember } from '../chat/member-codec.js';
import type { MemberKeeper } from '../chat/staying-members.js';
import type { LastingWrites } from '../store/lasting-writes.js';
import type { StoredMember } from '../store/member-reads.js';

/** Those of the last run, and of this one. Changes that a full disk does not take are stored later. */
export class StoredMembers implements MemberKeeper {
  readonly members: readonly MemberDescription[];
  readonly #writes: LastingWrites;
  /** The sessions of the last run. */
  readonly #before: readonly string[];
  #isFrozen = false;

  constructor(writes: LastingWrites, stored: readonly StoredMember[]) {
    this.#writes = writes;
    this.#before = stored.map(({ session }) => session);
    this.members = stored.flatMap(({ state }) => decodeMember(state) ?? []);
  }

  keep(session: string, member: MemberDescription, atMs: number): void {
    if (this.#isFrozen) return;
    const account = member.who.account ?? '';
    const state = encodeMember(member);
    this.#writes.write(`member ${session}`, { kind: 'member-keep', session, account, state, atMs });
  }

  drop(session: string): void {
    if (!this.#isFrozen) this.#writes.write(`member ${session}`, { kind: 'member-drop', session });
  }

  /** Forgets what those of the last run were: they are here again, and kept as they are now. */
  forgetLastRun(): void {
    for (const session of this.#before) this.drop(session);
  }

  /** Keeps everything as it is now, whatever happens. */
  freeze(): void {
    this.#isFrozen = true;
  }
}
