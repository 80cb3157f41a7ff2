/** An entry on its way to a log, and the one who waits for what comes of it. */
import type { Entry, EntryOf } from '../log/entry.js';
import type { Fold, OutcomesOf } from './fold.js';
import type { MemberState } from './member-state.js';
import type { Outcome } from './outcome.js';
import { NOT_TAKEN, type NotTaken } from './refusal.js';
import { type Answer, OpenTicket } from './ticket.js';

/** A proposal that the log has not brought back yet, whatever its kind. */
export interface Unsettled<F> {
  readonly by: MemberState;
  readonly entry: Entry;
  /** What is to be appended: what was proposed, or what takes its place. */
  readonly pending: Entry;
  /** Whether it waits to be appended, is being appended, or has been. */
  stage: 'waiting' | 'appending' | 'appended';
  /** Whether nobody waits for it any longer. */
  readonly isGivenUp: boolean;
  /** Applies it, now that the log has brought it back. */
  apply(fold: F, seq: number): Outcome;
  /** Answers the one who waits, once it has been applied: that it has not been taken if it could not be. */
  settle(): void;
  /** Answers that the log has not taken it, unless it has been answered. */
  fail(): void;
  /**
   * Withdraws it: whichever is first in the log now counts, it or its withdrawal. Nobody is answered by this.
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
  readonly entry: EntryOf<Deeds, K> & Entry;
  stage: 'waiting' | 'appending' | 'appended' = 'waiting';
  isGivenUp = false;
  #outcome: Outcomes[K] | NotTaken | undefined = undefined;
  #ticket: OpenTicket<Outcomes[K] | NotTaken> | null = null;

  constructor(by: MemberState, entry: EntryOf<Deeds, K> & Entry) {
    this.by = by;
    this.entry = entry;
  }

  get pending(): Entry {
    if (!this.isGivenUp) return this.entry;
    const { session, n, atMs, seen, base } = this.entry;
    return { session, n, atMs, seen, base, kind: 'withdrawn' };
  }

  /** How it has ended, or a ticket for that. */
  answer(): Answer<Outcomes[K]> {
    if (this.#outcome !== undefined) return this.#outcome;
    this.#ticket ??= new OpenTicket();
    return this.#ticket;
  }

  apply(fold: Fold<Deeds, Outcomes>, seq: number): Outcomes[K] | NotTaken {
    const outcome = fold.apply<K>(seq, this.entry);
    this.#outcome = outcome;
    return outcome;
  }

  settle(): void {
    if (this.#outcome === undefined) this.#outcome = NOT_TAKEN;
    this.#ticket?.settled(this.#outcome);
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
