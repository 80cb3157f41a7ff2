/** How much of a thread's time handshakes may take: time beyond their share is paid back before others begin. */

/** This much may be spent at once: clients that connect together after a restart need not wait for each other. */
const BURST_MS = 100;

/** A debt in milliseconds of computing, which shrinks as time passes. */
export class HandshakeBudget {
  readonly #share: number;
  #debtMs = 0;
  #settledMs = 0;

  /** @param percent of the thread's time, 1 to 100 */
  constructor(percent: number) {
    this.#share = percent / 100;
  }

  /** Handshakes have computed for this long. */
  spend(costMs: number, nowMs: number): void {
    this.#settle(nowMs);
    this.#debtMs += costMs;
  }

  /** Returns how long no handshake may begin, in milliseconds; 0 if one may. */
  waitMs(nowMs: number): number {
    this.#settle(nowMs);
    return Math.max(0, Math.ceil((this.#debtMs - BURST_MS) / this.#share));
  }

  #settle(nowMs: number): void {
    this.#debtMs = Math.max(0, this.#debtMs - this.#share * (nowMs - this.#settledMs));
    this.#settledMs = nowMs;
  }
}
