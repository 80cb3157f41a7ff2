/** Takes the write-ahead log into the file, on a thread of its own: a commit would wait for the disk meanwhile. */
import type { SpareThread } from './spare-thread.js';

/**
 * After so many writes. They are some megabytes, of pages that mostly repeat. A log that grows all the same, since
 * there is no moment without writes, the writer takes in by itself (see `wal_autocheckpoint` in database.ts); it finds
 * little to do.
 */
const WRITES = 500;

/** The checkpoints of one store. */
export class Checkpoints {
  /** A store that few write to never has it. */
  readonly #thread: SpareThread;
  #writes = 0;
  #isBusy = false;

  constructor(thread: SpareThread) {
    this.#thread = thread;
  }

  /** Some writes have been committed. */
  committed(writes: number): void {
    this.#writes += writes;
    if (this.#writes < WRITES || this.#isBusy) return;
    this.#writes = 0;
    this.#isBusy = true;
    void this.#thread
      .ask('checkpoint', null)
      // One that fails is made later, or by the writer.
      .catch(() => undefined)
      .finally(() => {
        this.#isBusy = false;
      });
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
