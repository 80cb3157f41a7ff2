/** The latest packs of a room that other domains follow, kept for those whose link is lost for a while. */
import { performance } from 'node:perf_hooks';
import { encodePack, type Unreadable } from '../log/codec.js';
import type { LogName, Pack } from '../log/entry.js';
import type { Following, LogSink, SharedLog } from '../log/shared-log.js';

/** The bounds of the packs that are kept of one room. */
const MAX_BYTES = 8_388_608;
const MAX_PACKS = 50_000;

/** A pack as it is sent. */
export interface SentPack {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** A reader that sends the packs on. */
export interface BacklogReader {
  /** There are more packs, or some are missing. */
  grown(): void;
  away(): void;
  back(): void;
}

/** Follows the log of one room, no matter who is connected at the moment. */
export class Backlog implements LogSink {
  readonly readers = new Set<BacklogReader>();
  /** When somebody last read it, in milliseconds of a time that never goes back. */
  usedMs = performance.now();
  #packs: SentPack[] = [];
  /** The index of the first pack that is kept: the part before it is dropped once it fills half of the list. */
  #head = 0;
  #bytes = 0;
  /** Every pack after this one is kept. */
  #after: number;
  readonly #following: Following;

  /** @param after - the number before that of the first pack that is kept */
  constructor(log: SharedLog, name: LogName, after: number) {
    this.#after = after;
    this.#following = log.follow(name, after, this);
  }

  /** The number of the last pack. */
  get top(): number {
    return this.#packs.at(-1)?.seq ?? this.#after;
  }

  /** Whether all packs after a number are kept. */
  has(after: number): boolean {
    return after >= this.#after && after <= this.top;
  }

  /** Returns the pack after a number. */
  next(after: number): SentPack | undefined {
    return this.#packs[this.#head + after - this.#after];
  }

  pack(seq: number, entries: Pack): void {
    const encoded = encodePack(entries);
    if (encoded.kind !== 'bytes') {
      this.#begin(seq);
      return;
    }
    this.#packs.push({ seq, bytes: encoded.bytes });
    this.#bytes += encoded.bytes.length;
    while (this.#bytes > MAX_BYTES || this.#packs.length - this.#head > MAX_PACKS) this.#drop();
    this.#tell();
  }

  #drop(): void {
    const oldest = this.#packs[this.#head];
    if (oldest === undefined) return;
    this.#bytes -= oldest.bytes.length;
    this.#after = oldest.seq;
    this.#head += 1;
    if (2 * this.#head < this.#packs.length) return;
    this.#packs = this.#packs.slice(this.#head);
    this.#head = 0;
  }

  /** Starts again after a pack that is unavailable: readers that have no later pack need the room as it is then. */
  #begin(seq: number): void {
    this.#packs = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#after = seq;
    this.#tell();
  }

  #tell(): void {
    for (const reader of this.readers) reader.grown();
  }

  unreadable(seq: number, why: Unreadable): void {
    if (why.kind !== 'unknown-version') this.#begin(seq);
  }

  missing(_from: number, to: number): void {
    this.#begin(to);
  }

  regressed(_applied: number, top: number): void {
    this.#begin(top);
  }

  caughtUp(): void {
    // Readers begin with a state that includes all of that.
  }

  away(): void {
    for (const reader of this.readers) reader.away();
  }

  back(): void {
    for (const reader of this.readers) reader.back();
  }

  close(): void {
    this.#following.stop();
  }
}
