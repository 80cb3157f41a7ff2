/** A token bucket: a rate with an allowance for bursts. */

/** Limits how often one peer may do something. The caller brings the time. */
export class Throttle {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  /**
   * @param perSecond - tokens that return per second; 0 for no limit
   * @param burst - the most tokens, and those at the start
   */
  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = Math.max(1, burst);
    this.#tokens = this.#burst;
    this.#atMs = nowMs;
  }

  /** The tokens at a time. */
  tokensAt(nowMs: number): number {
    return Math.min(this.#burst, this.#tokens + Math.max(0, nowMs - this.#atMs) * this.#perMs);
  }

  /** Goes on with so many tokens, at most those of a burst. */
  restore(tokens: number): void {
    this.#tokens = Math.min(this.#burst, tokens);
  }

  /** Takes a token if there is one. */
  take(nowMs: number): boolean {
    if (this.#perMs === 0) return true;
    this.#tokens = this.tokensAt(nowMs);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes tokens for something that has been done already: a peer with too few of them waits the longer afterwards. */
  spend(tokens: number, nowMs: number): void {
    if (this.#perMs === 0) return;
    this.#tokens = this.tokensAt(nowMs) - tokens;
    this.#atMs = nowMs;
  }

  /** Milliseconds until the next token, at least 1. */
  get waitMs(): number {
    return this.#perMs === 0 ? 1 : Math.max(1, Math.ceil((1 - this.#tokens) / this.#perMs));
  }

  /** Milliseconds until all that was spent has been earned; 0 unless more was spent than there was. */
  get debtMs(): number {
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMs);
  }
}
