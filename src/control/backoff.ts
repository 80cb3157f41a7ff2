/** The delay before something that has ended is started again. */

const FIRST_MS = 100;
const LAST_MS = 10_000;
/** Something that has lived for this long has not failed at once. */
const SOUND_MS = 60_000;

/** The delay doubles after each early end, from a tenth of a second to ten seconds. */
export class Backoff {
  #nextMs = FIRST_MS;

  /** @param aliveMs - how long it has lived, in milliseconds @returns the delay, in milliseconds */
  after(aliveMs: number): number {
    if (aliveMs >= SOUND_MS) this.#nextMs = FIRST_MS;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(2 * delayMs, LAST_MS);
    return delayMs;
  }
}
