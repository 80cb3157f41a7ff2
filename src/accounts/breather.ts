/**
 * Rests between hashes of wrong passwords while many of them arrive, so that guessing does not take the processor from
 * others.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** The number of failures in a short time that cost no rest: many people may mistype at the same moment. */
const FREE_FAILURES = 20;
/** The number of failures that are forgotten in a second. */
const FORGOTTEN_PER_SECOND = 2;
/** The length of a rest, relative to the work before it: two places then take half a core together. */
const REST_FACTOR = 3;

/** Delays work that has failed. */
export class Breather {
  readonly #now: () => number;
  readonly #sleep: (delayMs: number) => Promise<unknown>;
  #failures = 0;
  #atMs = 0;

  /** @param now - milliseconds of a clock that never goes back */
  constructor(
    now: () => number = () => performance.now(),
    rest: (delayMs: number) => Promise<unknown> = (delayMs) => sleep(delayMs, undefined, { ref: false }),
  ) {
    this.#now = now;
    this.#sleep = rest;
  }

  /** Does work, and rests afterwards if it failed and much work before it did, too. */
  async during(work: () => Promise<boolean>): Promise<boolean> {
    const beganMs = this.#now();
    const isRight = await work();
    if (isRight) return true;
    const endMs = this.#now();
    const forgotten = ((endMs - this.#atMs) / 1000) * FORGOTTEN_PER_SECOND;
    this.#failures = Math.max(0, this.#failures - forgotten) + 1;
    this.#atMs = endMs;
    if (this.#failures > FREE_FAILURES) await this.#sleep((endMs - beganMs) * REST_FACTOR);
    return false;
  }
}
