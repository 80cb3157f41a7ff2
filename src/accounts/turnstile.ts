/** Runs a few pieces of work at once; others wait in line, and further ones are turned away. */

/** The limits of a {@link Turnstile}. */
export interface TurnstileLimits {
  /** The most pieces of work at the same time, at least 1. */
  readonly maxRunning: number;
  /** The most pieces of work that wait, at least 0. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly source: string;
  readonly start: () => void;
  readonly turnAway: () => void;
}

/**
 * A line for work. Sources take turns. When it is full, the source with the most places gives one up for a source with
 * fewer.
 */
export class Turnstile {
  readonly #limits: TurnstileLimits;
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #lastSource = '';

  constructor(limits: TurnstileLimits) {
    this.#limits = limits;
  }

  /**
   * Runs work when its turn has come.
   *
   * @param source - the source that asks for it
   * @returns its result; null if it has been turned away
   * @throws what the work throws
   */
  async pass<T>(source: string, work: () => Promise<T>): Promise<T | null> {
    if (this.#running < this.#limits.maxRunning) {
      this.#running += 1;
      this.#lastSource = source;
    } else if (!(await this.#isLetIn(source))) {
      return null;
    }
    try {
      return await work();
    } finally {
      // Work that ends hands its place over, so that no newcomer takes it.
      const next = this.#takeNext();
      if (next === undefined) this.#running -= 1;
      else next.start();
    }
  }

  /** Takes the work that has waited longest, if possible of a source that was not served last. */
  #takeNext(): Waiting | undefined {
    const other = this.#waiting.findIndex(({ source }) => source !== this.#lastSource);
    const [next] = this.#waiting.splice(Math.max(0, other), 1);
    this.#lastSource = next?.source ?? '';
    return next;
  }

  /** Waits for a place that another piece of work hands over. */
  #isLetIn(source: string): Promise<boolean> {
    const isFull = this.#waiting.length >= this.#limits.maxWaiting;
    if (isFull && !this.#makesRoomFor(source)) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push({
        source,
        start: () => {
          resolve(true);
        },
        turnAway: () => {
          resolve(false);
        },
      });
    });
  }

  /** Turns away the last work of the source with the most places in the line. */
  #makesRoomFor(source: string): boolean {
    const counts = new Map<string, number>();
    for (const waiting of this.#waiting) counts.set(waiting.source, (counts.get(waiting.source) ?? 0) + 1);
    const [greediest, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
    if (most <= (counts.get(source) ?? 0) + 1) return false;
    const last = this.#waiting.findLastIndex((waiting) => waiting.source === greediest);
    this.#waiting.splice(last, 1)[0]?.turnAway();
    return true;
  }
}
