/** Whether a store keeps up with its writes. */
import { performance } from 'node:perf_hooks';

/** How long a batch may take before the store counts as late, in milliseconds. */
const LATE_MS = 250;
/** A store that is late repeatedly is reported at most this often. */
const REPORT_INTERVAL_MS = 10_000;

/** The observer of a store that is late. */
export interface PaceObserver {
  /** A batch has been under way for too long. @param ms - for how long, in milliseconds */
  late(ms: number): void;
  /** It is written. @param ms - how long it has taken */
  caughtUp(ms: number): void;
}

/** Measures batches, which end in the order in which they have begun. */
export class Pace {
  readonly #observer: PaceObserver;
  /** How many batches have ended. */
  batches = 0;
  /** How long something was being written, in milliseconds. */
  busyMs = 0;
  /** How many batches have taken too long. */
  lateBatches = 0;
  /** The times at which the batches under way have begun. */
  readonly #begun: number[] = [];
  #lastEndMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #isReported = false;
  #quietUntilMs = 0;

  constructor(observer: PaceObserver) {
    this.#observer = observer;
  }

  begin(): void {
    this.#begun.push(performance.now());
    this.#timer ??= this.#watch(LATE_MS);
  }

  end(): void {
    const begun = this.#begun.shift() ?? 0;
    const now = performance.now();
    this.batches += 1;
    this.busyMs += now - Math.max(begun, this.#lastEndMs);
    this.#lastEndMs = now;
    if (now - begun >= LATE_MS) this.lateBatches += 1;
    if (!this.#isReported) return;
    this.#isReported = false;
    this.#observer.caughtUp(now - begun);
  }

  #watch(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#look();
    }, ms).unref();
  }

  /** Looks at the oldest batch. The end of a batch does not cancel it, because most end long before. */
  #look(): void {
    const [begun] = this.#begun;
    this.#timer = null;
    if (begun === undefined) return;
    const now = performance.now();
    const left = LATE_MS - (now - begun);
    this.#timer = this.#watch(left > 1 ? left : LATE_MS);
    if (left > 1 || this.#isReported || now < this.#quietUntilMs) return;
    this.#isReported = true;
    this.#quietUntilMs = now + REPORT_INTERVAL_MS;
    this.#observer.late(now - begun);
  }
}
