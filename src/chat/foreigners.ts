/** Members of other domains, who are here only as long as they have places in rooms. */
import type { Who } from '../log/entry.js';
import type { Fold } from './case-mapping.js';
import type { Member } from './member.js';
import { MemberState } from './member-state.js';
import { sharesRoom } from './permissions.js';

/** The number of members that are kept without a check whether any room still has them. */
const FEW = 1_000;
/** The most members that are found by one nick. Nobody has more sessions, but another domain may invent them. */
const MAX_NAMESAKES = 32;

/** Finds the same member for a session wherever a room names it, and finds it by its nick. */
export class Foreigners {
  readonly #fold: Fold;
  /** Why they were away when they were last sent a letter. */
  readonly #absences = new WeakMap<Member, string | null>();
  readonly #bySession = new Map<string, MemberState>();
  /** Somebody who is in rooms of several domains has a session for each of them. */
  readonly #byNick = new Map<string, MemberState[]>();
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
    this.#add(member);
    return member;
  }

  /** A member continues under another session. */
  move(member: MemberState, session: string): void {
    member.session = session;
    this.#bySession.set(session, member);
  }

  /** Returns the member with a nick, if it is in a room. */
  byNick(nick: string): MemberState | undefined {
    return this.#byNick.get(this.#fold(nick))?.findLast(({ seats }) => seats.length > 0);
  }

  /** Returns the member with a nick, if it shares a room with another one. */
  peerOf(member: MemberState, nick: string): MemberState | undefined {
    return this.#byNick.get(this.#fold(nick))?.findLast((one) => sharesRoom(one, member));
  }

  /** Notes why somebody is away, as its domain has just answered a letter. */
  noteAbsence(member: Member, away: string | null): void {
    this.#absences.set(member, away);
  }

  /** Returns why somebody was away at the last letter. */
  absenceOf(member: Member): string | null {
    return this.#absences.get(member) ?? null;
  }

  bySession(session: string): MemberState | undefined {
    return this.#bySession.get(session);
  }

  #add(member: MemberState): void {
    const key = this.#fold(member.nick);
    this.#byNick.set(key, [...(this.#byNick.get(key) ?? []), member].slice(-MAX_NAMESAKES));
  }

  #remove(member: MemberState): void {
    const key = this.#fold(member.nick);
    const others = this.#byNick.get(key)?.filter((one) => one !== member) ?? [];
    if (others.length > 0) this.#byNick.set(key, others);
    else this.#byNick.delete(key);
  }

  /** Returns the member with a nick, in a room or not: somebody who has been there lately, or wants to enter. */
  known(nick: string): MemberState | undefined {
    return this.#byNick.get(this.#fold(nick))?.at(-1);
  }

  /** Gives a member another nick. */
  rename(member: MemberState, nick: string): void {
    this.#call(member, nick);
  }

  #call(member: MemberState, nick: string): void {
    if (member.nick === nick) return;
    this.#remove(member);
    member.become({ nick });
    this.#add(member);
  }

  #forget(): void {
    for (const [session, member] of this.#bySession) if (!isUseful(member)) this.#bySession.delete(session);
    // Not only those: a member that continues under another session may have taken the place of one there.
    for (const [key, namesakes] of this.#byNick) {
      const useful = namesakes.filter((member) => isUseful(member));
      if (useful.length === 0) this.#byNick.delete(key);
      else if (useful.length < namesakes.length) this.#byNick.set(key, useful);
    }
    this.#limit = Math.max(FEW, 2 * this.#bySession.size);
  }
}

/** Whether a room still has a member, or somebody has invited it. */
function isUseful({ seats, invitations }: MemberState): boolean {
  return seats.length > 0 || invitations !== null;
}
