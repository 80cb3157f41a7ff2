/** Time that never goes back, out of a clock that may be set. */

/** Counts what passes between two looks at a clock. What it goes back by is not counted. */
export class SteadyTime {
  #elapsedMs = 0;
  #lastMs: number | null = null;

  /** @param nowMs - what the clock says */
  elapsed(nowMs: number): number {
    if (this.#lastMs !== null) this.#elapsedMs += Math.max(0, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    return this.#elapsedMs;
  }
}
