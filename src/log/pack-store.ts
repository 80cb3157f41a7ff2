/** The packs that one log keeps in memory, by their numbers. */
import type { Pack } from './entry.js';
import { weightOf } from './weight.js';

/** The bounds of a store. */
export interface Retention {
  /** The most entries. */
  readonly maxEntries: number;
  /** The most bytes, as an estimate. */
  readonly maxBytes: number;
}

/** The bytes that several logs keep together, as an estimate. */
export interface Meter {
  bytes: number;
}

/** Packs with consecutive numbers; the oldest are dropped first. */
export class PackStore {
  readonly #retention: Retention;
  readonly #meter: Meter;
  /** All but the newest. */
  readonly #packs = new Map<number, Pack>();
  /** Kept separately, so that a log that keeps nothing never fills the map; null once it has been dropped. */
  #newest: Pack | null = null;
  #top = 0;
  #entries = 0;
  #bytes = 0;

  /** @param meter - also counts the bytes of this store */
  constructor(retention: Retention, meter: Meter = { bytes: 0 }) {
    this.#retention = retention;
    this.#meter = meter;
  }

  /** The number of the last pack. */
  get top(): number {
    return this.#top;
  }

  /** The number of the first pack that is kept; one more than `top` when none is. */
  get first(): number {
    return this.#top - this.#packs.size + (this.#newest === null ? 1 : 0);
  }

  /** Gives a pack the next number, and keeps it until {@link trim} drops it. */
  push(pack: Pack): number {
    if (this.#newest !== null) this.#packs.set(this.#top, this.#newest);
    this.#top += 1;
    this.#newest = pack;
    this.#count(pack, 1);
    return this.#top;
  }

  at(seq: number): Pack | undefined {
    return seq === this.#top ? (this.#newest ?? undefined) : this.#packs.get(seq);
  }

  /** Drops the oldest packs until the rest is within the bounds. */
  trim(): void {
    if (!this.#exceeds()) return;
    if (this.#packs.size > 0) this.#trimOld();
    const newest = this.#newest;
    if (newest === null || !this.#exceeds()) return;
    this.#count(newest, -1);
    this.#newest = null;
  }

  /** Drops the oldest packs until all stores that share its meter keep this many bytes, or this one is empty. */
  trimTo(totalBytes: number): void {
    for (const [seq, pack] of this.#packs) {
      if (this.#meter.bytes <= totalBytes) return;
      this.#packs.delete(seq);
      this.#count(pack, -1);
    }
    if (this.#newest === null || this.#meter.bytes <= totalBytes) return;
    this.#count(this.#newest, -1);
    this.#newest = null;
  }

  /** The store is not used any more: the meter no longer counts it. */
  discard(): void {
    this.#meter.bytes -= this.#bytes;
    this.#bytes = 0;
  }

  #trimOld(): void {
    for (const [seq, pack] of this.#packs) {
      if (!this.#exceeds()) return;
      this.#packs.delete(seq);
      this.#count(pack, -1);
    }
  }

  #exceeds(): boolean {
    return this.#entries > this.#retention.maxEntries || this.#bytes > this.#retention.maxBytes;
  }

  #count(pack: Pack, by: 1 | -1): void {
    this.#entries += by * pack.length;
    // A log that keeps no entries need not be weighed: a busy room would pay for it with every message.
    if (this.#retention.maxEntries === 0) return;
    const bytes = by * weightOf(pack);
    this.#bytes += bytes;
    this.#meter.bytes += bytes;
  }
}
