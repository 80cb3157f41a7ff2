/** A thread of the store that is started when it is needed, and again if it has ended. */
import type { StoreThread } from './store-thread.js';
import type { Jobs } from './tasks.js';

/** Starts a thread. @param lost - called if it ends by itself */
export type StartThread = (lost: () => void) => Promise<StoreThread>;

export class SpareThread {
  readonly #start: StartThread;
  #thread: Promise<StoreThread> | null = null;
  #asked = 0;

  constructor(start: StartThread) {
    this.#start = start;
  }

  /** Whether something has been asked for that is not answered yet. */
  get isBusy(): boolean {
    return this.#asked > 0;
  }

  /** Asks the thread to do something. @throws StoreError when it cannot be started, cannot do it, or has ended */
  async ask<K extends keyof Jobs>(job: K, ask: Jobs[K]['ask']): Promise<Jobs[K]['answer']> {
    this.#asked += 1;
    try {
      const thread = await this.#started();
      return await thread.ask(job, ask);
    } finally {
      this.#asked -= 1;
    }
  }

  async #started(): Promise<StoreThread> {
    const forget = (): void => {
      this.#thread = null;
    };
    this.#thread ??= this.#start(forget);
    try {
      return await this.#thread;
    } catch (error) {
      forget();
      throw error;
    }
  }

  async close(): Promise<void> {
    const thread = await this.#thread?.catch(() => null);
    await thread?.close();
  }
}
