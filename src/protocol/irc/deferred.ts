/** A command that waits for something outside the session, and its next step. */

/** How a step ends: with a result, or with more to wait for. */
export type Step<T> = () => T | Deferred<T> | Generator<undefined, T>;

/**
 * What a handler returns instead of a promise. The rest of the command is a step that only the session takes, and a
 * session that is over takes none: no handler can act for a client that has left meanwhile.
 */
export class Deferred<T> {
  readonly step: Promise<Step<T>>;

  constructor(step: Promise<Step<T>>) {
    this.step = step;
  }
}

/**
 * Puts a command off until `work` is done.
 *
 * @param next - goes on with the result, unless the session is over by then
 */
export function defer<R, T>(work: Promise<R>, next: (result: R) => ReturnType<Step<T>>): Deferred<T> {
  return new Deferred(work.then((result) => () => next(result)));
}
