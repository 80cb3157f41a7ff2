/** The answer to a proposal whose log is late. */
import { NOT_TAKEN, type NotTaken } from './refusal.js';

/**
 * A session that has so many tickets open should take no further lines before some are settled. A log refuses the
 * proposals of one session that are a few more.
 */
export const MAX_OPEN_TICKETS = 40;

/** Stands for an outcome that is still open. A log in memory settles in the same call, and needs none. */
export interface Ticket<T> {
  readonly kind: 'ticket';
  /** Names the one who takes the outcome, once, as soon as it is there; in this call if it is there already. */
  whenSettled(taker: (outcome: T) => void): void;
  /**
   * Names the one who takes what has happened after all, if the outcome was that the log had not taken it in time. The
   * others have been shown it then.
   */
  whenBelated(taker: (outcome: T) => void): void;
}

/** A ticket as its issuer sees it. */
export class OpenTicket<T> implements Ticket<T> {
  readonly kind = 'ticket';
  #taker: ((outcome: T) => void) | null = null;
  #belatedTaker: ((outcome: T) => void) | null = null;
  #settled: { readonly outcome: T } | null = null;

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

/** Hands over the outcome of a verb: at once, or when its ticket is settled. */
export function whenSettled<T>(answer: T | Ticket<T>, take: (outcome: T) => void): void {
  if (isTicket(answer)) answer.whenSettled(take);
  else take(answer);
}

/** Returns an answer with another outcome in place of each. */
export function mapAnswer<T, U>(answer: Answer<T>, map: (outcome: T) => U): Answer<U> {
  const take = (outcome: T | NotTaken): U | NotTaken => (isNotTaken(outcome) ? outcome : map(outcome));
  if (!isTicket(answer)) return take(answer);
  const mapped = new OpenTicket<U | NotTaken>();
  answer.whenSettled((outcome) => {
    mapped.settled(take(outcome));
  });
  answer.whenBelated((outcome) => {
    mapped.belated(take(outcome));
  });
  return mapped;
}

function isNotTaken(outcome: unknown): outcome is NotTaken {
  return outcome === NOT_TAKEN;
}

/** The result of a verb: its outcome, or a ticket for that. */
export type Answer<T> = T | NotTaken | Ticket<T | NotTaken>;
