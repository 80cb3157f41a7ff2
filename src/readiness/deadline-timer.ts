/** A timer that is never early and has no upper limit. */
import { MAX_INT32 } from '../arguments.js';

/** The longest delay that setTimeout takes. */
const MAX_DELAY_MS = MAX_INT32;

/** Calls back once the given time has passed on the monotonic clock. */
export class DeadlineTimer {
  readonly #deadlineMs: number;
  readonly #expire: () => void;
  #timer: NodeJS.Timeout;
  #keepsAlive = true;

  /** @param delayMs at least 0; fractions are rounded up to whole milliseconds, as the event loop's timers have it */
  constructor(delayMs: number, expire: () => void) {
    this.#deadlineMs = performance.now() + delayMs;
    this.#expire = expire;
    this.#timer = this.#schedule(delayMs);
  }

  ref(): void {
    this.#keepsAlive = true;
    this.#timer.ref();
  }

  unref(): void {
    this.#keepsAlive = false;
    this.#timer.unref();
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): NodeJS.Timeout {
    const timer = setTimeout(
      () => {
        // The event loop reads its clock once per turn and in whole milliseconds, so a timer may fire a little early.
        const remainingMs = this.#deadlineMs - performance.now();
        if (remainingMs > 0) this.#timer = this.#schedule(remainingMs);
        else this.#expire();
      },
      Math.min(Math.ceil(delayMs), MAX_DELAY_MS),
    );
    if (!this.#keepsAlive) timer.unref();
    return timer;
  }
}
