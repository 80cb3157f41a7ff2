/** The requests of an operator that a worker which is started again has to be told. */
import type { Supervisor } from './supervisor.js';
import type { Worker } from './worker.js';

export class Wishes {
  readonly #words = new Map<string, readonly string[]>();

  /** Remembers the last request of a verb. @returns takes it back, unless there is a later one */
  add(verb: string, words: readonly string[]): () => void {
    const before = this.#words.get(verb);
    this.#words.set(verb, words);
    return () => {
      if (this.#words.get(verb) !== words) return;
      if (before === undefined) this.#words.delete(verb);
      else this.#words.set(verb, before);
    };
  }

  /** Something else has decided since: the configuration, for example. */
  forget(verb: string): void {
    this.#words.delete(verb);
  }

  /** All workers have begun anew with the configuration. */
  forgetAll(): void {
    this.#words.clear();
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
