/** How a command ends: answered, answered in parts, or waiting for something outside the session. */

/**
 * An answer of any length: at every `yield` the session may send what there is, and wait until the peer has taken it.
 * The session's further commands wait for its end, and the rooms may change in between.
 */
export type Paged = Generator<undefined, void>;

/** What a handler returns: nothing, or what the session's further commands wait for. Never a bare promise. */
export type Outcome = void | Deferred<void> | Generator<undefined, void>;

/** How a step ends: with a result, or with more to wait for. */
export type Step<T> = () => T | Deferred<T> | Generator<undefined, T>;

/**
 * What a handler returns instead of a promise. The rest of the command is a step that only the session takes, and a
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
