/** How a command ends: answered, answered in parts, or waiting for something outside the session. */
import { isTicket, type Ticket } from '../../chat/ticket.js';

/** A pause of a command that waits for a log. */
export interface Wait {
  /** The way to another domain that it is for; null for none, or if it is over. */
  readonly way: string | null;
  /** Names the one who goes on with the command; called at once if there is nothing to wait for any more. */
  whenOver(goOn: () => void): void;
}

/**
 * A command that takes a while: at every `yield` of nothing the session may send what there is of the answer, and wait
 * until the peer has taken it; at a `yield` of a {@link Wait} it waits for that. The session's further commands wait
 * for the end, unless that is a wait for another domain, and the rooms may change in between.
 */
export type Paged = Generator<Wait | undefined, void>;

/** Takes all steps of an answer at once. Only for one that waits for no log. */
export function sendAll(answer: Paged): void {
  while (answer.next().done !== true);
}

/** The result of a handler: nothing, or the work that the session's further commands wait for. Never a bare promise. */
export type Outcome = void | Deferred<void> | Generator<Wait | undefined, void>;

/** How a step ends: with a result, or with more to wait for. */
export type Step<T> = () => T | Deferred<T> | Generator<Wait | undefined, T>;

/**
 * Waits for how a verb of the chat ends; mostly it has ended already.
 *
 * @param belated - takes what has happened after all, if the log has not taken it in time: see {@link Client.afterAll}
 */
export function* outcomeOf<T>(answer: T | Ticket<T>, belated?: (outcome: T) => void): Generator<Wait, T> {
  if (!isTicket(answer)) return answer;
  if (belated !== undefined) answer.whenBelated(belated);
  const settlement = new Settlement(answer);
  yield settlement;
  return settlement.outcome();
}

/** The outcome of a ticket, and the one who waits for it. */
class Settlement<T> implements Wait {
  #outcome: { readonly value: T } | null = null;
  #goOn: (() => void) | null = null;
  readonly #way: string | null;

  constructor(ticket: Pick<Ticket<T>, 'way' | 'whenSettled'>) {
    this.#way = ticket.way;
    ticket.whenSettled((value) => {
      this.#outcome = { value };
      this.#goOn?.();
    });
  }

  get way(): string | null {
    return this.#outcome === null ? this.#way : null;
  }

  whenOver(goOn: () => void): void {
    if (this.#outcome === null) this.#goOn = goOn;
    else goOn();
  }

  outcome(): T {
    if (this.#outcome === null) throw new Error('A command went on before its log had answered');
    return this.#outcome.value;
  }
}

/** Waits for a result from outside the session. @param work - never rejects */
export function* resultOf<T>(work: Promise<T>): Generator<Wait, T> {
  const settlement = new Settlement<T>({
    way: null,
    whenSettled: (settled) => {
      void work.then(settled);
    },
  });
  yield settlement;
  return settlement.outcome();
}

/**
 * A handler returns this instead of a promise. The rest of the command is a step that only the session takes, and a
 * session that is over takes none: no handler can act for a client that has left in the meantime.
 */
export class Deferred<T> {
  readonly step: Promise<Step<T>>;

  constructor(step: Promise<Step<T>>) {
    this.step = step;
  }
}

/**
 * Postpones the rest of a command until `work` is done.
 *
 * @param next - continues with the result, unless the session is over by then
 */
export function defer<R, T>(work: Promise<R>, next: (result: R) => ReturnType<Step<T>>): Deferred<T> {
  return new Deferred(work.then((result) => () => next(result)));
}
