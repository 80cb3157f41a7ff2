/** An entry on its way to a log, with the ticket of its proposer. */
import type { Entry, EntryOf, Speaker, Stamp } from '../log/entry.js';
import type { Fold, OutcomesOf } from './fold.js';
import type { Outlet } from './member.js';
import type { MemberState } from './member-state.js';
import type { Outcome } from './outcome.js';
import { NOT_TAKEN, type NotTaken } from './refusal.js';
import { type Answer, OpenTicket } from './ticket.js';

/** The place of an entry: its number, and the packs that its proposer had applied. */
type Place = Pick<Stamp, 'n' | 'seen' | 'base'>;

/** A proposal of any kind that the log has not returned yet. */
export interface Unsettled<F> {
  readonly by: MemberState;
  /** The outlet through which it was made; null for the first of its member. */
  readonly voice: Outlet | null;
  readonly entry: Entry;
  /**
   * Gives the entry another place, which no copy of it that has been appended can have.
   *
   * @param speaker - the sessions of the one who proposes it now
   */
  restamp(speaker: Speaker, place: Place): void;
  /**
   * Whether it follows from an earlier event, as a member's leaving of its rooms follows from its quitting. It is
   * proposed until the log has it, since nobody else would do it.
   */
  readonly isObliged: boolean;
  /** The entry to append: the proposed one, or the withdrawal that replaces it. */
  readonly pending: Entry;
  /** Whether it waits to be appended, is being appended, or has been. */
  stage: 'waiting' | 'appending' | 'appended';
  /** Since when it waits, in milliseconds of a time that never goes back. */
  sinceMs: number;
  /** Whether nobody waits for it any longer. */
  readonly isGivenUp: boolean;
  /**
   * Applies the entry that the log has in its place, which may differ from the proposed one.
   *
   * @returns the outcome; undefined if the entry is of another kind, and has not been applied
   */
  apply(fold: F, seq: number, entry: Entry): Outcome | undefined;
  /**
   * Takes what a state shows that has arrived as a whole, and has the entry.
   *
   * @returns the outcome; null if the state does not show it
   */
  recall(fold: F): Outcome;
  /**
   * Answers the proposer after the entry has been applied: if it could not be, the answer is that it has not been
   * taken.
   */
  settle(): void;
  /** Reports to a proposer who was answered that it had failed that it has happened after all, if it has. */
  belate(): void;
  /** Answers that the log has not taken it, unless it has been answered. */
  fail(): void;
  /**
   * Withdraws it: the proposal or its withdrawal counts, depending on which is first in the log. This answers nobody.
   *
   * @returns false if that has been done already
   */
  giveUp(): boolean;
}

/** One proposal. */
export class Proposal<Deeds, Outcomes extends OutcomesOf<Deeds>, K extends keyof Deeds> implements Unsettled<
  Fold<Deeds, Outcomes>
> {
  readonly by: MemberState;
  entry: EntryOf<Deeds, K> & Entry;
  readonly isObliged: boolean;
  readonly voice: Outlet | null;
  stage: 'waiting' | 'appending' | 'appended' = 'waiting';
  sinceMs = 0;
  isGivenUp = false;
  #outcome: Outcomes[K] | NotTaken | undefined = undefined;
  #ticket: OpenTicket<Outcomes[K] | NotTaken> | null = null;

  constructor(by: MemberState, entry: EntryOf<Deeds, K> & Entry, isObliged: boolean, voice: Outlet | null) {
    this.by = by;
    this.entry = entry;
    this.isObliged = isObliged;
    this.voice = voice;
  }

  get pending(): Entry {
    if (!this.isGivenUp) return this.entry;
    const { session, via, n, atMs, seen, base } = this.entry;
    const stamp = { session, n, atMs, seen, base };
    return via === undefined ? { ...stamp, kind: 'withdrawn' } : { ...stamp, via, kind: 'withdrawn' };
  }

  restamp({ session, via }: Speaker, place: Place): void {
    const entry = { ...this.entry, ...place, session };
    Reflect.deleteProperty(entry, 'via');
    this.entry = via === undefined ? entry : { ...entry, via };
  }

  /** Its outcome, or a ticket for that. @param way - see {@link Ticket.way} */
  answer(way: string | null): Answer<Outcomes[K]> {
    if (this.#outcome !== undefined) return this.#outcome;
    this.#ticket ??= new OpenTicket(way);
    return this.#ticket;
  }

  apply(fold: Fold<Deeds, Outcomes>, seq: number, entry: Entry): Outcomes[K] | NotTaken | undefined {
    if (!isLike(entry, this.entry)) return undefined;
    const outcome = fold.apply<K>(seq, entry);
    this.#outcome = outcome;
    return outcome;
  }

  recall(fold: Fold<Deeds, Outcomes>): Outcome {
    const outcome = fold.recall?.<K>(this.entry) ?? null;
    if (outcome !== null) this.#outcome = outcome;
    return outcome;
  }

  settle(): void {
    if (this.#outcome === undefined) this.#outcome = NOT_TAKEN;
    this.#ticket?.settled(this.#outcome);
  }

  belate(): void {
    const outcome = this.#outcome;
    if (outcome !== undefined && outcome !== NOT_TAKEN) this.#ticket?.belated(outcome);
  }

  fail(): void {
    if (this.#outcome === undefined) this.settle();
  }

  giveUp(): boolean {
    if (this.isGivenUp) return false;
    this.isGivenUp = true;
    this.stage = 'waiting';
    return true;
  }
}

function isLike<E extends Entry>(entry: Entry, own: E): entry is E {
  return entry.kind === own.kind;
}
