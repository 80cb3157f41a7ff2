/** Work that can wait: each worker's next piece in turn, in slices that do not keep the peers waiting for long. */
import { type Clock, SYSTEM_CLOCK } from './clock.js';

/** A worker with pieces of work to do. */
export interface Worker {
  /** Does one piece. It may line up again. */
  runPiece(): void;
}

/** Milliseconds of work before the loop may read again. */
const SLICE_MS = 5;

/** The workers in line for their next piece. */
export class RunQueue {
  readonly #clock: Clock;
  #workers: Worker[] = [];
  #isScheduled = false;

  constructor(clock: Clock = SYSTEM_CLOCK) {
    this.#clock = clock;
  }

  /** Adds a worker to the line. */
  add(worker: Worker): void {
    this.#workers.push(worker);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.soon(this.#run);
  }

  readonly #run = (): void => {
    this.#isScheduled = false;
    const endMs = this.#clock.monotonicMs() + SLICE_MS;
    const workers = this.#workers;
    this.#workers = [];
    let done = 0;
    while (done < workers.length && (done === 0 || this.#clock.monotonicMs() < endMs)) {
      workers[done]?.runPiece();
      done += 1;
    }
    // Workers that have not had a turn yet go before those that have lined up again.
    if (done < workers.length) this.#workers = [...workers.slice(done), ...this.#workers];
    if (this.#workers.length > 0) this.#schedule();
  };
}
