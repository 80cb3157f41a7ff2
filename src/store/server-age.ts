/** For how long a database server has been the same process. */
import { performance } from 'node:perf_hooks';

/** The age that a server has reported, which grows since then. */
export class ServerAge {
  #saidMs = 0;
  #atMs = performance.now();

  /**
   * Takes the age that the server reports now. A clock that was set back makes it younger than it is.
   *
   * @param ms - in milliseconds; 0 if that is not known
   */
  said(ms: number): void {
    this.#saidMs = Math.max(ms, 0);
    this.#atMs = performance.now();
  }

  /** In milliseconds, at least. */
  get ms(): number {
    return this.#saidMs + performance.now() - this.#atMs;
  }
}
