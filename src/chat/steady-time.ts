/** A time that never goes back, based on a clock that may be set. */

/** Counts the time that passes between two looks at a clock. Steps back are not counted. */
export class SteadyTime {
  #elapsedMs = 0;
  #lastMs: number | null = null;

  /** @param nowMs - the time of the clock */
  elapsed(nowMs: number): number {
    if (this.#lastMs !== null) this.#elapsedMs += Math.max(0, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    return this.#elapsedMs;
  }
}
