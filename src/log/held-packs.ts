/** The packs that were applied lately: a log that loses its end gets them back. */
import type { LogName } from './entry.js';

/** A pack that has been applied, with its place. */
export interface HeldPack {
  readonly seq: number;
  readonly mark: string;
  /** The mark of the pack before. */
  readonly before: string;
  readonly bytes: Uint8Array;
}

/** The bounds of what is held. */
export interface HeldPacksOptions {
  /** For how long a pack is held, in milliseconds. @defaultValue 60000 */
  readonly maxMs?: number;
  /** The most bytes that all packs have together, as an estimate. @defaultValue 32 MiB */
  readonly maxBytes?: number;
}

/** What a pack takes beside its bytes, in bytes: objects, marks, and the memory of a small array. */
const PACK_OVERHEAD = 600;
/** A list is made short again when more of it than this is empty. */
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
    // The list goes on for a while: what it has lost must not stay in memory with it.
    this.#list[this.#first] = undefined;
    this.#first += 1;
    if (this.#first < MAX_EMPTY || 2 * this.#first < this.#list.length) return;
    this.#list = this.#list.slice(this.#first);
    this.#first = 0;
  }

  /** Returns the elements from the first one on for which `isWanted` is true. */
  from(isWanted: (one: T) => boolean): T[] {
    return this.#list.slice(this.#indexOf(isWanted)).filter((one) => one !== undefined);
  }

  /** Takes them out. */
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
  /** All packs, in the order in which they were applied; some are in no shelf any more. */
  readonly #order = new Fifo<Held>();
  #bytes = 0;
  #nowMs = 0;

  constructor({ maxMs = 60_000, maxBytes = 33_554_432 }: HeldPacksOptions = {}) {
    this.#maxMs = maxMs;
    this.#maxBytes = maxBytes;
  }

  /** How much is held, in bytes, as an estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Lets go of what is too old. @param nowMs - a time that never goes back, in milliseconds */
  age(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#dropWhile(({ sinceMs }) => sinceMs < nowMs - this.#maxMs);
  }

  /** Holds a pack that has just been applied, unless another follower of its log has brought it already. */
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

  /** Returns the packs of a log after a number, in their order; some may be missing between two. */
  after(log: LogName, seq: number): readonly HeldPack[] {
    return this.#shelves.get(log)?.packs.from((pack) => pack.seq > seq) ?? [];
  }

  /** Gives away the packs of a log after a number: other packs will have their numbers. */
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
    // It may have been given away.
    if (shelf.packs.oldest === pack) shelf.packs.shift();
    if (shelf.packs.oldest === undefined && this.#shelves.get(shelf.log) === shelf) this.#shelves.delete(shelf.log);
  }
}

/** Returns bytes that keep nothing else in memory: a small part of what was read at once would keep all of it. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > 2 * bytes.byteLength ? bytes.slice() : bytes;
}
