/** The packs that one log keeps in memory, by their numbers. */
import type { Pack } from './entry.js';
import { weightOf } from './weight.js';

/** How much is kept. */
export interface Retention {
  /** The most entries. */
  readonly maxEntries: number;
  /** The most bytes, as an estimate. */
  readonly maxBytes: number;
}

/** Packs with numbers that follow each other; the oldest go first. */
export class PackStore {
  readonly #retention: Retention;
  readonly #packs = new Map<number, Pack>();
  #top = 0;
  #entries = 0;
  #bytes = 0;

  constructor(retention: Retention) {
    this.#retention = retention;
  }

  /** The number of the last pack. */
  get top(): number {
    return this.#top;
  }

  /** The number of the first pack that is kept; one more than `top` when none is. */
  get first(): number {
    return this.#top - this.#packs.size + 1;
  }

  /** Gives a pack the next number, and keeps it until {@link trim} lets it go. */
  push(pack: Pack): number {
    this.#top += 1;
    this.#packs.set(this.#top, pack);
    this.#count(pack, 1);
    return this.#top;
  }

  at(seq: number): Pack | undefined {
    return this.#packs.get(seq);
  }

  /** Lets the oldest packs go until the rest keeps within the bounds. */
  trim(): void {
    const { maxEntries, maxBytes } = this.#retention;
    for (const [seq, pack] of this.#packs) {
      if (this.#entries <= maxEntries && this.#bytes <= maxBytes) return;
      this.#packs.delete(seq);
      this.#count(pack, -1);
    }
  }

  #count(pack: Pack, by: 1 | -1): void {
    this.#entries += by * pack.length;
    // A log that keeps no entry need not be weighed: a busy room would pay for it with every message.
    if (this.#retention.maxEntries > 0) this.#bytes += by * weightOf(pack);
  }
}
