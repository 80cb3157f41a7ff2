/** The requests of an operator that a worker which is started again has to be told. */
import type { Supervisor } from './supervisor.js';
import type { Worker } from './worker.js';

export class Wishes {
  readonly #words = new Map<string, readonly string[]>();

  /** Remembers the last request of a verb. One without words only looks. */
  add(verb: string, words: readonly string[]): void {
    if (words.length > 0) this.#words.set(verb, words);
  }

  /** Something else has decided since: the configuration, for example. */
  forget(verb: string): void {
    this.#words.delete(verb);
  }

  /** Asks a worker for all of them. @param failed - called with the reason for each that it has not done */
  async tell(supervisor: Supervisor, worker: Worker, failed: (verb: string, error: unknown) => void): Promise<void> {
    for (const [verb, words] of this.#words) {
      await supervisor.ask(worker, { verb, words }).catch((error: unknown) => {
        failed(verb, error);
      });
    }
  }
}
