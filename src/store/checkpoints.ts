/** Takes the write-ahead log into the file, on a thread of its own: a commit would wait for the disk meanwhile. */
import type { StoreThread } from './store-thread.js';

/**
 * After so many writes. They are some megabytes, of pages that mostly repeat. A log that grows all the same, since
 * there is no moment without writes, the writer takes in by itself (see `wal_autocheckpoint` in database.ts); it finds
 * little to do.
 */
const WRITES = 500;

/** The checkpoints of one store. */
export class Checkpoints {
  readonly #start: () => Promise<StoreThread>;
  /** Started when it is needed: a store that few write to never has it. */
  #thread: Promise<StoreThread> | null = null;
  #writes = 0;
  #isBusy = false;

  constructor(start: () => Promise<StoreThread>) {
    this.#start = start;
  }

  /** Some writes have been committed. */
  committed(writes: number): void {
    this.#writes += writes;
    if (this.#writes < WRITES || this.#isBusy) return;
    this.#writes = 0;
    this.#isBusy = true;
    this.#thread ??= this.#start();
    void this.#thread
      .then((thread) => thread.ask('checkpoint', null))
      // One that fails is made later, or by the writer.
      .catch(() => undefined)
      .finally(() => {
        this.#isBusy = false;
      });
  }

  async close(): Promise<void> {
    const thread = await this.#thread?.catch(() => null);
    await thread?.close();
  }
}
