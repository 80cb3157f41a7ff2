/** The time by which something is given up for good. */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The clocks that it is made of, in milliseconds. */
export interface Clocks {
  /** Since the epoch; it may be set. */
  readonly now: () => number;
  /** Since anything; it only runs. */
  readonly steady: () => number;
}

/**
 * A clock that does not follow one that jumps ahead until that has been ahead for a day: what looks old to a clock that
 * somebody has set wrong must not be lost.
 */
export class CautiousClock {
  readonly #clocks: Clocks;
  #nowMs: number;
  #steadyMs: number;
  #aheadSinceMs: number | null = null;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#nowMs = clocks.now();
    this.#steadyMs = clocks.steady();
  }

  /** Whether the clock has jumped ahead, and is not followed yet. */
  get isAhead(): boolean {
    return this.#aheadSinceMs !== null;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    const [now, steady] = [this.#clocks.now(), this.#clocks.steady()];
    const expected = this.#nowMs + steady - this.#steadyMs;
    this.#steadyMs = steady;
    this.#aheadSinceMs = now > expected + MINUTE_MS ? (this.#aheadSinceMs ?? steady) : null;
    const isBelieved = this.#aheadSinceMs === null || steady - this.#aheadSinceMs >= DAY_MS;
    if (isBelieved) this.#aheadSinceMs = null;
    this.#nowMs = isBelieved ? now : expected;
    return this.#nowMs;
  }
}
