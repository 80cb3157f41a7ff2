/** How long to wait before something that has ended is started again. */

const FIRST_MS = 100;
const LAST_MS = 10_000;
/** What has lived for so long has not failed at once. */
const SOUND_MS = 60_000;

/** Twice as long after each early end, from a tenth of a second to ten seconds. */
export class Backoff {
  #nextMs = FIRST_MS;

  /** @param aliveMs - how long it has lived, in milliseconds @returns how long to wait, in milliseconds */
  after(aliveMs: number): number {
    if (aliveMs >= SOUND_MS) this.#nextMs = FIRST_MS;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(2 * delayMs, LAST_MS);
    return delayMs;
  }
}
