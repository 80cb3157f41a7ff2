/** How far the suite is, and what went wrong on the way. */

/** One step after the other; one that fails is told of and left out. */
export class Progress {
  readonly #total: number;
  readonly #begin = performance.now();
  readonly #failures: string[] = [];
  #done = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** What failed, in words. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  /** @returns undefined where it failed */
  async step<Result>(what: string, run: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await run();
    } catch (error) {
      const failure = `${what}: ${error instanceof Error ? error.message : String(error)}`;
      console.log(`  failed: ${failure}`);
      this.#failures.push(failure);
      return undefined;
    } finally {
      this.#done += 1;
    }
  }

  /** How many steps are done, and how long the others will take if they go on like this. */
  left(): string {
    const leftMs = ((performance.now() - this.#begin) / this.#done) * (this.#total - this.#done);
    return `[${this.#done}/${this.#total}, ${Math.ceil(leftMs / 60_000)} min left]`;
  }
}
