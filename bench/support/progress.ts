/** How far the suite is. */

/** The result of a step, or the reason why there is none. */
export type Outcome<Result> = { readonly result: Result } | { readonly failure: string };

/** One step after the other. */
export class Progress {
  readonly #total: number;
  readonly #begin = performance.now();
  #done = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** Runs a step; one that fails is tried once more before it counts as failed. Either is reported with its reason. */
  async step<Result>(what: string, run: () => Promise<Result>): Promise<Outcome<Result>> {
    const first = await attempt(run);
    if ('failure' in first) console.log(`  tried once more: ${what}: ${first.failure}`);
    const outcome = 'failure' in first ? await attempt(run) : first;
    if ('failure' in outcome) console.log(`  failed: ${what}: ${outcome.failure}`);
    this.#done += 1;
    return outcome;
  }

  /** How many steps are done, and how long the others will take if they go on like this. */
  left(): string {
    const leftMs = ((performance.now() - this.#begin) / this.#done) * (this.#total - this.#done);
    return `[${this.#done}/${this.#total}, ${Math.ceil(leftMs / 60_000)} min left]`;
  }
}

async function attempt<Result>(run: () => Promise<Result>): Promise<Outcome<Result>> {
  try {
    return { result: await run() };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
