/** A limit on the work of one link in a while: anything beyond it waits, and is not lost. */

/** Allows a number per second on average, and a number at once. */
export class Pace {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #nowMs: () => number;
  #left: number;
  #lastMs: number;

  /** @param nowMs - a time that never goes back */
  constructor(perSecond: number, burst: number, nowMs: () => number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#nowMs = nowMs;
    this.#left = burst;
    this.#lastMs = nowMs();
  }

  /** Counts something. @returns how long nothing more should be taken, in milliseconds; 0 to go on at once */
  spend(amount: number): number {
    const nowMs = this.#nowMs();
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#lastMs) / 1000) * this.#perSecond) - amount;
    this.#lastMs = nowMs;
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left / this.#perSecond) * 1000);
  }
}
