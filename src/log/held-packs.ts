/** The packs that were applied lately: a log that loses its end gets them back from here. */
import type { LogName } from './entry.js';

/** A pack that has been applied, with its place. */
export interface HeldPack {
  readonly seq: number;
  readonly mark: string;
  /** The mark of the pack before. */
  readonly before: string;
  readonly bytes: Uint8Array;
}

/** The bounds of the packs that are held. */
export interface HeldPacksOptions {
  /** For how long a pack is held, in milliseconds. @defaultValue 60000 */
  readonly maxMs?: number;
  /** The most bytes that all packs have together, as an estimate. @defaultValue 32 MiB */
  readonly maxBytes?: number;
}

/** The memory of a pack besides its bytes, in bytes: objects, marks, and the memory of a small array. */
const PACK_OVERHEAD = 600;
/** A list is shortened when more of its elements than this are empty. */
const MAX_EMPTY = 1_024;

interface Held extends HeldPack {
  readonly shelf: Shelf;
  readonly sinceMs: number;
  readonly weight: number;
}

/** A list that loses its first elements. */
class Fifo<T> {
  #list: (T | undefined)[] = [];
  #first = 0;

  get oldest(): T | undefined {
    return this.#list[this.#first];
  }

  get newest(): T | undefined {
    return this.#list.at(-1);
  }

  push(one: T): void {
    this.#list.push(one);
  }

  shift(): void {
    // The list lives on for a while, and must not keep lost elements in memory.
    this.#list[this.#first] = undefined;
    this.#first += 1;
    if (this.#first < MAX_EMPTY || 2 * this.#first < this.#list.length) return;
    this.#list = this.#list.slice(this.#first);
    this.#first = 0;
  }

  /** Returns the elements from the first one for which `isWanted` is true. */
  from(isWanted: (one: T) => boolean): T[] {
    return this.#list.slice(this.#indexOf(isWanted)).filter((one) => one !== undefined);
  }

  /** Removes and returns those elements. */
  takeFrom(isWanted: (one: T) => boolean): T[] {
    return this.#list.splice(this.#indexOf(isWanted)).filter((one) => one !== undefined);
  }

  #indexOf(isWanted: (one: T) => boolean): number {
    const index = this.#list.findIndex((one) => one !== undefined && isWanted(one));
    return index < 0 ? this.#list.length : index;
  }
}

/** The packs of one log, in the order of their numbers. */
interface Shelf {
  readonly log: LogName;
  readonly packs: Fifo<Held>;
}

/** The last packs of all logs of a process, within bounds. The oldest go first. */
export class HeldPacks {
  readonly #maxMs: number;
  readonly #maxBytes: number;
  readonly #shelves = new Map<LogName, Shelf>();
  /** All packs, in the order in which they were applied; some have left their shelf already. */
  readonly #order = new Fifo<Held>();
  #bytes = 0;
  #nowMs = 0;

  constructor({ maxMs = 60_000, maxBytes = 33_554_432 }: HeldPacksOptions = {}) {
    this.#maxMs = maxMs;
    this.#maxBytes = maxBytes;
  }

  /** The size of the held packs, in bytes, as an estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Drops packs that are too old. @param nowMs - a time that never goes back, in milliseconds */
  age(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#dropWhile(({ sinceMs }) => sinceMs < nowMs - this.#maxMs);
  }

  /** Holds a pack that has just been applied, unless another follower of its log has already brought it. */
  add(log: LogName, { seq, mark, before, bytes }: HeldPack): void {
    const shelf = this.#shelfOf(log);
    if (seq <= (shelf.packs.newest?.seq ?? 0)) return;
    const weight = bytes.byteLength + PACK_OVERHEAD;
    const pack = { seq, mark, before, bytes: alone(bytes), shelf, sinceMs: this.#nowMs, weight };
    shelf.packs.push(pack);
    this.#order.push(pack);
    this.#bytes += weight;
    if (this.#bytes > this.#maxBytes) this.#dropWhile(() => this.#bytes > this.#maxBytes);
  }

  /** Returns the packs of a log after a number, in order; some may be missing in between. */
  after(log: LogName, seq: number): readonly HeldPack[] {
    return this.#shelves.get(log)?.packs.from((pack) => pack.seq > seq) ?? [];
  }

  /** Removes and returns the packs of a log after a number: other packs will have their numbers. */
  take(log: LogName, seq: number): readonly HeldPack[] {
    return this.#shelves.get(log)?.packs.takeFrom((pack) => pack.seq > seq) ?? [];
  }

  #shelfOf(log: LogName): Shelf {
    const known = this.#shelves.get(log);
    if (known !== undefined) return known;
    const shelf: Shelf = { log, packs: new Fifo() };
    this.#shelves.set(log, shelf);
    return shelf;
  }

  #dropWhile(isTooMuch: (pack: Held) => boolean): void {
    for (;;) {
      const { oldest } = this.#order;
      if (oldest === undefined || !isTooMuch(oldest)) return;
      this.#order.shift();
      this.#bytes -= oldest.weight;
      this.#unshelve(oldest);
    }
  }

  #unshelve(pack: Held): void {
    const { shelf } = pack;
    // The pack may have been taken already.
    if (shelf.packs.oldest === pack) shelf.packs.shift();
    if (shelf.packs.oldest === undefined && this.#shelves.get(shelf.log) === shelf) this.#shelves.delete(shelf.log);
  }
}

/** Returns bytes that keep nothing else in memory: a small part of a large read would keep all of it. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > 2 * bytes.byteLength ? bytes.slice() : bytes;
}
