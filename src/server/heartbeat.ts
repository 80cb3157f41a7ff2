/** The one timer for everything that is seconds away: most links wait only for the next ping. */
import type { Alarm, Clock } from './clock.js';

/** Calls back again and again until it is stopped. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #beat: (nowMs: number) => void;
  #next: Alarm;

  /** @param beat - `nowMs` is by the monotonic clock */
  constructor(clock: Clock, intervalMs: number, beat: (nowMs: number) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#beat = beat;
    this.#next = this.#beatLater();
  }

  #beatLater(): Alarm {
    // As with a link's own timer, bytes that have arrived in the meantime go first.
    return this.#clock.after(this.#intervalMs, () => {
      this.#next = this.#clock.soon(() => {
        this.#next = this.#beatLater();
        this.#beat(this.#clock.monotonicMs());
      });
    });
  }

  stop(): void {
    this.#next.cancel();
  }
}
