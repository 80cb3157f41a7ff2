/** Leaves out reports of what somebody can bring about again and again. */
import { Throttle } from './throttle.js';

const REPORTED_PER_SECOND = 1;
const REPORTED_AT_ONCE = 20;

/** Counts the reports that are left out. The caller brings the time. */
export class Sparing {
  readonly #throttle: Throttle;
  #unlogged = 0;

  constructor(nowMs: number) {
    this.#throttle = new Throttle(REPORTED_PER_SECOND, REPORTED_AT_ONCE, nowMs);
  }

  /** Returns what a report says of those that were left out before it; null if it is left out itself. */
  take(nowMs: number): { readonly unlogged?: number } | null {
    if (!this.#throttle.take(nowMs)) {
      this.#unlogged += 1;
      return null;
    }
    const unlogged = this.#unlogged;
    this.#unlogged = 0;
    return unlogged === 0 ? {} : { unlogged };
  }
}
