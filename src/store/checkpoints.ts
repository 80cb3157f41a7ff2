/** Takes the write-ahead log into the file, on a thread of its own: a commit would wait for the disk meanwhile. */
import type { SpareThread } from './spare-thread.js';

/**
 * After this many writes. They are some megabytes, of pages that mostly repeat. If the log grows all the same, because
 * there is no moment without writes, the writer takes it in by itself (see `wal_autocheckpoint` in database.ts); it has
 * little to do then.
 */
const WRITES = 500;

/** The checkpoints of one store. */
export class Checkpoints {
  /** A store with few writes never has it. */
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
      // A failed checkpoint is made later, or by the writer.
      .catch(() => undefined)
      .finally(() => {
        this.#isBusy = false;
      });
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
