/** A queue of questions: a fixed number are under way at once, and the others wait for their turn. */

export class Turns {
  #free: number;
  /** The waiting callers, in order. */
  readonly #waiting: (() => void)[] = [];

  /** @param atOnce - how many may be under way, at least 1 */
  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Asks when its turn has arrived. @returns the result of `ask` */
  async take<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((goOn) => this.#waiting.push(goOn));
    try {
      return await ask();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
