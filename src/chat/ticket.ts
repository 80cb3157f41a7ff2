/** The answer to a proposal whose log is late. */
import { NOT_TAKEN, type NotTaken } from './refusal.js';

/**
 * A session with this many open tickets should take no further lines before some are settled. A log refuses further
 * proposals of one session at a slightly higher number.
 */
export const MAX_OPEN_TICKETS = 40;

/** Represents an outcome that is still open. A log in memory settles in the same call, and needs none. */
export interface Ticket<T> {
  readonly kind: 'ticket';
  /** The way to another domain that the outcome waits for; null if it waits for nothing but this domain. */
  readonly way: string | null;
  /**
   * Sets the receiver of the outcome, which is called once, as soon as it is there; in this call if it is there
   * already.
   */
  whenSettled(taker: (outcome: T) => void): void;
  /**
   * Sets the receiver of an event that has happened after all, if the outcome was that the log had not taken it in
   * time. The others have been shown it then.
   */
  whenBelated(taker: (outcome: T) => void): void;
}

/** A ticket as its issuer sees it. */
export class OpenTicket<T> implements Ticket<T> {
  readonly kind = 'ticket';
  readonly way: string | null;
  #taker: ((outcome: T) => void) | null = null;
  #belatedTaker: ((outcome: T) => void) | null = null;
  #settled: { readonly outcome: T } | null = null;

  constructor(way: string | null = null) {
    this.way = way;
  }

  /** Its outcome, if that is there already; otherwise itself. */
  answer(): T | Ticket<T> {
    return this.#settled === null ? this : this.#settled.outcome;
  }

  whenSettled(taker: (outcome: T) => void): void {
    if (this.#settled === null) this.#taker = taker;
    else taker(this.#settled.outcome);
  }

  settled(outcome: T): void {
    this.#settled = { outcome };
    this.#taker?.(outcome);
  }

  whenBelated(taker: (outcome: T) => void): void {
    this.#belatedTaker = taker;
  }

  belated(outcome: T): void {
    this.#belatedTaker?.(outcome);
  }
}

/** Whether a verb has returned a ticket. */
export function isTicket<T>(answer: T | Ticket<T>): answer is Ticket<T> {
  return answer instanceof OpenTicket;
}

/** Delivers the outcome of a verb: at once, or when its ticket is settled. */
export function whenSettled<T>(answer: T | Ticket<T>, take: (outcome: T) => void): void {
  if (isTicket(answer)) answer.whenSettled(take);
  else take(answer);
}

/** Returns an answer with each outcome replaced by another one. */
export function mapAnswer<T, U>(answer: Answer<T>, map: (outcome: T) => U): Answer<U> {
  const take = (outcome: T | NotTaken): U | NotTaken => (isNotTaken(outcome) ? outcome : map(outcome));
  if (!isTicket(answer)) return take(answer);
  const mapped = new OpenTicket<U | NotTaken>(answer.way);
  answer.whenSettled((outcome) => {
    mapped.settled(take(outcome));
  });
  answer.whenBelated((outcome) => {
    mapped.belated(take(outcome));
  });
  return mapped;
}

/**
 * Returns the answer of what is done next, with the outcome of what was done first.
 *
 * @param next - `isLate` if its outcome is belated: somebody has been answered that nothing was done, so that nothing
 *   else is to be done
 */
export function thenAnswer<T, U>(
  answer: Answer<T>,
  next: (outcome: T | NotTaken, isLate: boolean) => Answer<U>,
): Answer<U> {
  if (!isTicket(answer)) return next(answer, false);
  const last = new OpenTicket<U | NotTaken>(answer.way);
  answer.whenSettled((outcome) => {
    const further = next(outcome, false);
    whenSettled(further, (settled) => {
      last.settled(settled);
    });
    if (isTicket(further))
      further.whenBelated((late) => {
        last.belated(late);
      });
  });
  answer.whenBelated((late) => {
    whenSettled(next(late, true), (outcome) => {
      if (!isNotTaken(outcome)) last.belated(outcome);
    });
  });
  return last;
}

function isNotTaken(outcome: unknown): outcome is NotTaken {
  return outcome === NOT_TAKEN;
}

/** The result of a verb: its outcome, or a ticket for that. */
export type Answer<T> = T | NotTaken | Ticket<T | NotTaken>;
