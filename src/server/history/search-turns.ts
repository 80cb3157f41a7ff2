/** Searches that take turns: one is under way at a time, and everybody has one at a time. */
import type { Found } from '../../history/search-query.js';

/** How many people may wait for their turn. */
const MAX_WAITING = 64;

export class SearchTurns {
  /** The people whose search is under way or waits. */
  readonly #askers = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Searches when it is time to.
   *
   * @param by - who asks
   * @param search - never rejects
   */
  async take(by: string, search: () => Promise<Found>): Promise<Found> {
    if (this.#askers.has(by)) return { kind: 'busy', who: 'asker' };
    if (this.#askers.size > MAX_WAITING) return { kind: 'busy', who: 'all' };
    this.#askers.add(by);
    const turn = this.#last.then(search);
    this.#last = turn;
    try {
      return await turn;
    } finally {
      this.#askers.delete(by);
    }
  }
}
