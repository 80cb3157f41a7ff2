/**
 * Work that may wait for others: everybody's next piece in turn, and no more at once than the peers can be kept
 * waiting.
 */

/** Somebody with a piece of work to do. */
export interface Worker {
  /** Does one piece. It may line up again. */
  runPiece(): void;
}

/** Milliseconds of work before what has arrived meanwhile is looked at. */
const SLICE_MS = 5;

/** Those who line up for their next piece. */
export class RunQueue {
  #workers: Worker[] = [];
  #isScheduled = false;

  /** Lines a worker up. */
  add(worker: Worker): void {
    this.#workers.push(worker);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#run);
  }

  readonly #run = (): void => {
    this.#isScheduled = false;
    const endMs = performance.now() + SLICE_MS;
    const workers = this.#workers;
    this.#workers = [];
    let done = 0;
    while (done < workers.length && (done === 0 || performance.now() < endMs)) {
      workers[done]?.runPiece();
      done += 1;
    }
    // Whoever has had no turn yet comes before those who have lined up again.
    if (done < workers.length) this.#workers = [...workers.slice(done), ...this.#workers];
    if (this.#workers.length > 0) this.#schedule();
  };
}
