/** One log in this process: the state that its entries make, with the proposals on their way to it. */
import type { Unreadable } from '../log/codec.js';
import {
  type Entry,
  type EntryOf,
  type LogName,
  MAX_PACK_ENTRIES,
  type Pack,
  type Place,
  proposerOf,
  type Speaker,
  type Stamp,
} from '../log/entry.js';
import type { AppendAnswer, AppendFailure, Following, LogSink, SharedLog } from '../log/shared-log.js';
import { wayOfLog } from './abroad.js';
import type { Fold, OutcomesOf } from './fold.js';
import type { Outlet } from './member.js';
import type { MemberState } from './member-state.js';
import type { Outcome } from './outcome.js';
import { Proposal, type Unsettled } from './proposal.js';
import { NOT_TAKEN } from './refusal.js';
import type { Answer } from './ticket.js';
import { UnsettledList } from './unsettled-list.js';

/** The most proposals that wait for one log, besides those that must happen. Further ones are refused at once. */
const MAX_UNSETTLED = 1_000;
/**
 * The most of them that belong to one session, so that nobody takes all places. It is more than MAX_OPEN_TICKETS: a
 * session takes no further lines before it is refused any.
 */
const MAX_UNSETTLED_OF_SESSION = 50;
/** The most packs that wait for the domain's log. */
const MAX_HELD_PACKS = 1_000;

/** The troubles with a log that an operator should know of. */
export type LogTrouble =
  | ({ readonly kind: 'unreadable'; readonly seq: number } & { readonly why: Unreadable['kind'] })
  | { readonly kind: 'missing'; readonly from: number; readonly to: number }
  /** Of the packs that the log has lost, `again` are appended again: they are still known here. */
  | { readonly kind: 'regressed'; readonly applied: number; readonly top: number; readonly again: number }
  /** The log has lost packs that are about to be restored, or has got them back. */
  | { readonly kind: 'lost'; readonly from: number; readonly to: number }
  | { readonly kind: 'restored'; readonly from: number; readonly to: number }
  | { readonly kind: 'away' | 'back' }
  /** An entry was applied, but an error occurred while it was shown. */
  | { readonly kind: 'unshown'; readonly seq: number; readonly error: unknown };

/** A replica that waits: for its log to settle a proposal, or for another log. */
export interface Waiting {
  readonly name: LogName;
  /** Whether it no longer waits. */
  readonly isSettled: boolean;
  /** Whether a session has proposed something that has not returned. */
  hasProposalOf(session: string): boolean;
  /** Applies the packs that waited for entries of another log which have arrived. */
  resume(): void;
  /**
   * Gives up proposals that have waited since before a time, so that nobody waits for them any longer.
   *
   * @returns whether there were any
   */
  expire(beforeMs: number): boolean;
}

/** The surroundings of a replica. */
export interface ReplicaOwner {
  /** The number of the last pack of the domain's log that has been applied as a whole. */
  readonly seen: number;
  /** The number of the pack of the domain's log that is being applied; that of the last one if none is. */
  readonly entered: number;
  /** A time that never goes back, in milliseconds. */
  readonly steadyMs: number;
  /**
   * Records the outcome of an entry, shown or not: if a process has not recorded it before its end, it is applied
   * again.
   */
  recorded(log: LogName, outcome: Outcome): void;
  /**
   * Shows everybody the outcome of an entry.
   *
   * @param log - the log that the entry is in
   * @param by - the member that gets the outcome as the answer to its proposal; null if nobody waits for an answer
   * @param voice - the outlet through which the member has acted; null for its first
   */
  applied(log: LogName, outcome: Outcome, by: MemberState | null, voice: Outlet | null): void;
  /** Whether the others have given this process up: none of its proposals counts. */
  readonly isGivenUp: boolean;
  /** Whether a room has not been applied up to a place, and will be: a pack waits for it. */
  lacks(place: Place): boolean;
  /** The outlet through which somebody currently acts; null for the first outlet of that member. */
  readonly voice: Outlet | null;
  /** All packs that a log has delivered so far have been applied. */
  packApplied(log: LogName): void;
  /** A log whose state is not known yet is followed. */
  opens(log: LogName): void;
  /** Everything that was in a log when it was followed has been applied, as far as it can be read. */
  caughtUp(log: LogName): void;
  /** A replica has begun to wait. */
  waits(replica: Waiting): void;
  trouble(log: LogName, trouble: LogTrouble): void;
  /** Something has waited for a domain that is away, until its proposer was not to wait any longer. */
  waitedInVain(way: string): void;
  /** Whether something has, since that domain was last there. */
  isLost(way: string): boolean;
}

/** The options of a replica. */
export interface ReplicaOptions<Deeds, F> {
  readonly log: SharedLog;
  readonly name: LogName;
  readonly fold: F;
  /** Whether an entry is of a kind that this log holds: all processes skip other entries. */
  readonly belongs: (entry: Entry) => entry is Entry & EntryOf<Deeds>;
  readonly owner: ReplicaOwner;
}

/**
 * One followed log. A proposal is settled when it returns from the log, and not before. Proposals that are made while
 * an append is under way leave together in the next pack.
 */
export class Replica<Deeds, Outcomes extends OutcomesOf<Deeds>, F extends Fold<Deeds, Outcomes>>
  implements LogSink, AppendAnswer, Waiting
{
  readonly name: LogName;
  readonly fold: F;
  readonly #log: SharedLog;
  readonly #belongs: (entry: Entry) => entry is Entry & EntryOf<Deeds>;
  readonly #owner: ReplicaOwner;
  #following: Following | null = null;
  /** Proposals that have not returned yet, in the order in which they were made. */
  readonly #unsettled = new UnsettledList<F>();
  /** The number of the last pack that has been applied as a whole, and the number of the pack that is being applied. */
  #applied = 0;
  #entered = 0;
  /** Whether the state still lacks earlier entries of the log: nothing is shown or appended before it is complete. */
  #isOpening = true;
  #isAppending = false;
  #isClosed = false;
  #isPaused = false;
  /** See {@link Ticket.way}. */
  readonly #way: string | null;
  /** Whether the log cannot be reached, as far as is known. */
  #isAway = false;
  /** The most entries of the next pack: a pack that the log refuses is retried in small ones. */
  #packLimit = MAX_PACK_ENTRIES;
  /** Packs that wait for another log; null while none does. */
  #held: { readonly seq: number; readonly entries: Pack }[] | null = null;
  /** Since when the first of them waits. */
  #heldSinceMs = 0;
  /** Whether a later version of this program has written to the log: such entries cannot be read here. */
  #isBeyondUs = false;
  #hasStrayed = false;

  constructor({ log, name, fold, belongs, owner }: ReplicaOptions<Deeds, F>) {
    this.#log = log;
    this.name = name;
    this.#way = wayOfLog(name);
    this.fold = fold;
    this.#belongs = belongs;
    this.#owner = owner;
  }

  /**
   * Follows the log. The entries that the log already has are applied, and shown to nobody.
   *
   * @param after - the last pack that is in the state already; 0 for none
   */
  open(after = 0): void {
    if (this.#isClosed) return;
    this.#applied = after;
    this.#entered = after;
    this.#owner.opens(this.name);
    this.#following = this.#log.follow(this.name, after, this);
    this.#stopIfOver();
  }

  /** The owner may already have everything that it needs from the log, or the rest may be unreadable. */
  #stopIfOver(): void {
    if (this.#isBeyondUs || this.#isClosed) this.#following?.stop();
  }

  caughtUp(): void {
    if (!this.#isOpening) return;
    this.#opened();
    this.#restamp();
    this.#flush();
  }

  #opened(): void {
    this.#isOpening = false;
    this.#owner.caughtUp(this.name);
  }

  /** Meanwhile, proposals were made without knowledge of the content of the log. */
  #restamp(): void {
    const numbers = new Map<string, number>();
    for (const proposal of this.#unsettled) {
      const { entry } = proposal;
      const proposer = proposerOf(entry);
      const n = numbers.get(proposer) ?? this.fold.nextNumber(proposer);
      if (entry.kind !== 'gone') numbers.set(proposer, n + 1);
      proposal.restamp(entry, { n, seen: this.#owner.entered, base: this.#applied });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#following?.stop();
  }

  /** The number of the last pack that has been applied as a whole. */
  get applied(): number {
    return this.#applied;
  }

  /** The number of the pack that is being applied; that of the last one if none is. */
  get entered(): number {
    return this.#entered;
  }

  get isSettled(): boolean {
    return this.#unsettled.size === 0 && this.#held === null && !this.#isOpening;
  }

  /** Whether the state may differ from that of the log, since the log has lost packs. */
  get hasStrayed(): boolean {
    return this.#hasStrayed;
  }

  /** Whether the content of the log is still unknown. */
  get isOpening(): boolean {
    return this.#isOpening;
  }

  hasProposalOf(session: string, kind?: Entry['kind']): boolean {
    return this.#unsettled.has(session, kind);
  }

  /** Whether it has been proposed that a node is gone. */
  hasGone(node: string): boolean {
    return this.#unsettled.hasGone(node);
  }

  // From a proposal to its answer

  /**
   * Returns the stamp of the next proposal about a session.
   *
   * @param via - the session that proposes it; not given if that is the same one
   */
  stamp(session: string, atMs: number, via?: string): Stamp {
    const proposer = via ?? session;
    const next = this.fold.nextNumber(proposer);
    const n = this.#unsettled.size === 0 ? next : Math.max(next, this.#unsettled.lastNumber(proposer) + 1);
    const stamp = { session, n, atMs, seen: this.#owner.entered, base: this.#applied };
    return via === undefined ? stamp : { ...stamp, via };
  }

  /** Proposes an entry. @returns its outcome, or a ticket if the log has not settled it in this call */
  propose<K extends keyof Deeds>(by: MemberState, entry: EntryOf<Deeds, K> & Entry): Answer<Outcomes[K]> {
    return this.#isFullFor(proposerOf(entry)) || this.#isLost ? NOT_TAKEN : this.#propose<K>(by, entry, false);
  }

  /** Whether somebody has waited in vain for the domain of this log: the next one would, too. */
  get #isLost(): boolean {
    return this.#isAway && this.#way !== null && this.#owner.isLost(this.#way);
  }

  /**
   * Proposes a consequence of something that has happened: it is never refused because the log is late, and never given
   * up. The caller must keep the number for each session small.
   */
  oblige<K extends keyof Deeds>(by: MemberState, entry: EntryOf<Deeds, K> & Entry): Answer<Outcomes[K]> {
    return this.#propose<K>(by, entry, true);
  }

  #propose<K extends keyof Deeds>(
    by: MemberState,
    entry: EntryOf<Deeds, K> & Entry,
    isObliged: boolean,
  ): Answer<Outcomes[K]> {
    if (this.#isBeyondUs) return NOT_TAKEN;
    const proposal = new Proposal<Deeds, Outcomes, K>(by, entry, isObliged, this.#owner.voice);
    this.#unsettled.add(proposal);
    this.#flush();
    if (this.#unsettled.size > 0) {
      proposal.sinceMs = this.#owner.steadyMs;
      this.#owner.waits(this);
    }
    return proposal.answer(this.#way);
  }

  #isFullFor(session: string): boolean {
    const count = this.#unsettled.freeCount;
    if (count < MAX_UNSETTLED_OF_SESSION) return false;
    return count >= MAX_UNSETTLED || this.#unsettled.freeCountOf(session) >= MAX_UNSETTLED_OF_SESSION;
  }

  #flush(): void {
    if (this.#isAppending || this.#unsettled.size === 0 || this.#isOpening) return;
    const first = this.#unsettled.at(0);
    const isHeld = this.#isPaused || this.#owner.isGivenUp;
    if (this.#unsettled.size === 1 && first?.stage === 'waiting' && !isHeld) {
      first.stage = 'appending';
      this.#isAppending = true;
      this.#log.append(this.name, [first.pending], this);
      return;
    }
    const pack: Entry[] = [];
    for (const proposal of this.#unsettled) {
      if (proposal.stage !== 'waiting' || (isHeld && proposal.entry.kind !== 'gone')) continue;
      proposal.stage = 'appending';
      if (pack.push(proposal.pending) >= this.#packLimit) break;
    }
    if (pack.length === 0) return;
    this.#isAppending = true;
    this.#log.append(this.name, pack, this);
  }

  // Other sessions

  /** Whether a proposal has not returned. */
  get isWaiting(): boolean {
    return this.#unsettled.size > 0;
  }

  /** Appends nothing until {@link goOn}, except reports that a node is gone. */
  pause(): void {
    this.#isPaused = true;
  }

  goOn(): void {
    this.#isPaused = false;
    this.#flush();
    if (this.#unsettled.size > 0) this.#owner.waits(this);
  }

  /** Removes and returns the proposals that have not returned, except reports that a node is gone. */
  takeOut(): Unsettled<F>[] {
    const taken = [...this.#unsettled].filter(({ entry }) => entry.kind !== 'gone');
    for (const proposal of taken) this.#unsettled.drop(proposal);
    return taken;
  }

  /**
   * Makes the removed proposals again.
   *
   * @param speakerFor - returns the sessions of the one who makes a proposal; null if nobody is to make it again
   */
  putBack(proposals: readonly Unsettled<F>[], speakerFor: (said: Stamp, kind: Entry['kind']) => Speaker | null): void {
    for (const proposal of proposals) {
      const speaker = proposal.isGivenUp ? null : speakerFor(proposal.entry, proposal.entry.kind);
      if (speaker === null) {
        proposal.fail();
        continue;
      }
      const { n, seen, base } = this.stamp(proposerOf(speaker), 0);
      proposal.restamp(speaker, { n, seen, base });
      proposal.stage = 'waiting';
      this.#unsettled.add(proposal);
    }
  }

  appended(): void {
    this.#isAppending = false;
    if (this.#unsettled.size === 0) return;
    this.#packLimit = MAX_PACK_ENTRIES;
    for (const proposal of this.#unsettled) if (proposal.stage === 'appending') proposal.stage = 'appended';
    this.#flush();
  }

  failed(why: AppendFailure): void {
    this.#isAppending = false;
    const failed = [...this.#unsettled].filter(({ stage }) => stage === 'appending');
    for (const proposal of failed) proposal.stage = 'waiting';
    if (why === 'unknown') return;
    if (why === 'invalid' && failed.length > 1) {
      this.#packLimit = 1;
      this.#flush();
      return;
    }
    for (const proposal of failed) if (why === 'closed' || !proposal.giveUp()) this.#unsettled.drop(proposal);
    if (why !== 'closed') this.#flush();
    // Proposers who are answered may propose something in the same call, so their earlier proposals are settled by
    // then.
    for (const proposal of failed) proposal.fail();
  }

  /** Whether it takes no proposals, because it does not know the whole content of its log: a later version does. */
  get isBeyondUs(): boolean {
    return this.#isBeyondUs;
  }

  /** Ends the replica: none of its proposals is taken. */
  abandon(): void {
    this.close();
    this.#isBeyondUs = true;
    if (this.#isOpening) this.#opened();
    for (const proposal of this.#unsettled.clear()) proposal.fail();
  }

  /**
   * The state has been replaced by the one after a pack. Proposals that may already be in it are not made again: those
   * of which it shows what they have done are answered so, the others as not taken.
   *
   * @param wasInside - whether a member had what it has asked for before
   */
  renewed(seq: number, wasInside: (member: MemberState) => boolean): void {
    this.#held = null;
    this.#hasApplied(seq);
    const late = [...this.#unsettled].filter(({ entry }) => entry.n < this.fold.nextNumber(proposerOf(entry)));
    for (const proposal of late) this.#unsettled.drop(proposal);
    this.retry();
    for (const proposal of late) {
      const outcome = wasInside(proposal.by) ? null : proposal.recall(this.fold);
      if (outcome === null) {
        proposal.fail();
        continue;
      }
      const isAnswered = !proposal.isGivenUp;
      this.#owner.applied(this.name, outcome, isAnswered ? proposal.by : null, isAnswered ? proposal.voice : null);
      if (isAnswered) proposal.settle();
      else proposal.belate();
    }
  }

  /** Appends again the entries that may be missing: a second copy is ignored when it is applied. */
  retry(): void {
    for (const proposal of this.#unsettled) if (proposal.stage === 'appended') proposal.stage = 'waiting';
    this.#flush();
  }

  expire(beforeMs: number): boolean {
    const late = [...this.#unsettled].filter((one) => !one.isObliged && one.sinceMs <= beforeMs && one.giveUp());
    this.#flush();
    // Those who are answered may go on with something else for the same domain.
    if (late.length > 0 && this.#isAway && this.#way !== null) this.#owner.waitedInVain(this.#way);
    for (const proposal of late) proposal.fail();
    // The entries that the first pack refers to may never arrive: the domain's log may have lost them.
    if (this.#held !== null && this.#heldSinceMs <= beforeMs) this.#release(this.#held.length);
    return late.length > 0;
  }

  // From the log to the state

  pack(seq: number, entries: Pack): void {
    // While it opens, nobody is shown anything, so no pack need wait for the names from the domain's log.
    if (!this.#isOpening && (this.#held !== null || this.#isAhead(entries))) this.#hold(seq, entries);
    else this.#applyAll(seq, entries);
  }

  /**
   * Whether a pack refers to entries that the domain's log has not delivered yet. That log itself waits for nothing.
   */
  #isAhead(entries: Pack): boolean {
    if (this.name === 'd') return false;
    const { seen } = this.#owner;
    for (const entry of entries) if (entry.seen > seen || this.#lacksPlace(entry)) return true;
    return false;
  }

  /** Whether an entry is to be applied after one of another room, which has not been applied yet. */
  #lacksPlace(entry: Entry): boolean {
    return (entry.kind === 'titled' || entry.kind === 'reclaim') && this.#owner.lacks(entry.after);
  }

  #hold(seq: number, entries: Pack): void {
    if (this.#held === null) {
      this.#held = [];
      this.#heldSinceMs = this.#owner.steadyMs;
    }
    this.#held.push({ seq, entries });
    this.#owner.waits(this);
    if (this.#held.length > MAX_HELD_PACKS) this.#release(1);
  }

  resume(): void {
    this.#release(0);
  }

  /** @param atLeast - the number of packs that are applied without waiting for the domain's log */
  #release(atLeast: number): void {
    let left = atLeast;
    while (this.#held !== null) {
      const [next] = this.#held;
      if (next === undefined) {
        this.#held = null;
        return;
      }
      if (left <= 0 && this.#isAhead(next.entries)) return;
      left -= 1;
      this.#held.shift();
      this.#applyAll(next.seq, next.entries);
    }
  }

  #applyAll(seq: number, entries: Pack): void {
    this.#entered = seq;
    const last = entries.length - 1;
    let index = 0;
    for (const entry of entries) {
      try {
        this.#apply(seq, entry, index === last);
      } catch (error) {
        // If the error reached the log, the append would never be answered, and nothing would be appended after it.
        this.#owner.trouble(this.name, { kind: 'unshown', seq, error });
      }
      index += 1;
    }
    this.#hasApplied(seq);
  }

  /** All packs up to a number have been applied, or are lost. */
  #hasApplied(seq: number): void {
    this.#entered = seq;
    this.#applied = seq;
    this.#owner.packApplied(this.name);
  }

  #apply(seq: number, entry: Entry, isLast: boolean): void {
    const proposal = this.#unsettled.size > 0 && !this.#isOpening ? this.#unsettled.take(entry) : null;
    try {
      const outcome = this.#judge(seq, entry, proposal);
      // The pack counts as applied as a whole before its last entry is shown.
      if (isLast) this.#applied = seq;
      if (outcome !== undefined) this.#owner.recorded(this.name, outcome);
      if (outcome === undefined || this.#isOpening) return;
      // An entry that nobody waits for any longer is shown to its proposer as it is to the others.
      const isAnswered = proposal !== null && !proposal.isGivenUp && proposal.entry.kind === entry.kind;
      if (isAnswered) this.#owner.applied(this.name, outcome, proposal.by, proposal.voice);
      else this.#owner.applied(this.name, outcome, null, null);
    } finally {
      if (proposal?.isGivenUp === true) proposal.belate();
      else proposal?.settle();
    }
  }

  /** Applies an entry. @returns the outcome; undefined if this log holds no entries of that kind */
  #judge(seq: number, entry: Entry, proposal: Unsettled<F> | null): Outcome | undefined {
    const outcome = proposal?.apply(this.fold, seq, entry);
    if (outcome !== undefined) return outcome;
    return this.#belongs(entry) ? this.fold.apply<keyof Deeds>(seq, entry) : undefined;
  }

  // Failures

  unreadable(seq: number, why: Unreadable): void {
    this.#owner.trouble(this.name, { kind: 'unreadable', seq, why: why.kind });
    if (why.kind !== 'unknown-version') {
      this.#pass(seq);
      return;
    }
    // Others apply the pack, so this process would reach a different state without it.
    this.#isBeyondUs = true;
    this.#following?.stop();
    if (this.#isOpening) this.#opened();
    for (const proposal of this.#unsettled.clear()) proposal.fail();
  }

  missing(from: number, to: number): void {
    this.#hasStrayed = true;
    this.#owner.trouble(this.name, { kind: 'missing', from, to });
    this.#pass(to);
  }

  /** Continues without the packs up to a number, after those that still wait. */
  #pass(seq: number): void {
    if (this.#held === null) this.#hasApplied(seq);
    else this.#held.push({ seq, entries: [] });
  }

  lost(from: number, to: number): void {
    this.#owner.trouble(this.name, { kind: 'lost', from, to });
  }

  restored(from: number, to: number): void {
    this.#owner.trouble(this.name, { kind: 'restored', from, to });
  }

  regressed(applied: number, top: number, again = 0): void {
    this.#hasStrayed = true;
    this.#owner.trouble(this.name, { kind: 'regressed', applied, top, again });
    // The waiting packs have been in the log, and all who followed it have them.
    if (this.#held !== null) this.#release(this.#held.length);
    this.fold.regressed(top);
    this.#hasApplied(top);
    this.retry();
  }

  away(): void {
    this.#isAway = true;
    this.#owner.trouble(this.name, { kind: 'away' });
  }

  back(): void {
    this.#isAway = false;
    this.#owner.trouble(this.name, { kind: 'back' });
    this.retry();
  }
}
