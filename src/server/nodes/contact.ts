/** For how long the logs have been in reach without a break. */

/**
 * After the logs have been away, the leases of all nodes have run out. So a node counts as lost only to one that has
 * been in contact for as long as a lease: the others had the time to renew theirs.
 */
export class Contact {
  readonly #leaseMs: number;
  #sinceMs = 0;
  /** When the logs have answered last; null if they have not since they were away. */
  #lastMs: number | null = null;

  /** @param leaseMs - how long a lease lasts, in milliseconds */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /**
   * The logs have answered.
   *
   * @param nowMs - by a clock that goes on while the process does not run
   * @returns whether there has been no break for as long as a lease
   */
  answered(nowMs: number): boolean {
    // A longer silence is a break, too, whichever has stood still: this process or the logs.
    if (this.#lastMs === null || nowMs - this.#lastMs > this.#leaseMs / 2) this.#sinceMs = nowMs;
    this.#lastMs = nowMs;
    return nowMs - this.#sinceMs >= this.#leaseMs;
  }

  /** The logs are away. */
  broken(): void {
    this.#lastMs = null;
  }
}
