/** Merges the parts of the index for searches, a little at a time, between the writes. */

/**
 * How many pages are merged at once, at least: about a millisecond, for which writes wait. Left to itself, SQLite
 * merges a megabyte at every 64th page of the index.
 */
const PAGES = 8;
/** How many pages a line costs in the end: some have been merged four times by then. */
const PAGES_PER_LINE = 0.5;

/** Merges about so many pages. @returns whether there may be more to merge */
type MergeStep = (pages: number) => Promise<boolean>;

/** The merging of one store. */
export class Merging {
  readonly #step: MergeStep;
  /** The lines that have been indexed since the last step. */
  #lines = 0;
  #isRunning = false;

  /** @param step - rejects when the store is closed, or its disk is full: the next lines try it again */
  constructor(step: MergeStep) {
    this.#step = step;
  }

  /** Lines have been indexed, which makes another part. */
  indexed(lines: number): void {
    this.#lines += lines;
    if (!this.#isRunning) void this.#run();
  }

  /** If many lines are indexed in a row, merging keeps step with them. */
  #takePages(): number {
    const pages = Math.max(PAGES, Math.ceil(this.#lines * PAGES_PER_LINE));
    this.#lines = 0;
    return pages;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (await this.#step(this.#takePages()));
    } catch {
      // Nothing is lost: the parts are searched as they are.
    } finally {
      this.#isRunning = false;
    }
  }
}
