/** Everything that one room has said to one kind of reader: the bytes sent to those who keep up, in order. */

const MIN_PAGE_BYTES = 1024;
const MAX_PAGE_BYTES = 16_384;
const MAX_PAGE_FRAMES = 256;
/** The cost of a page beside its bytes, as an estimate: its objects, and two numbers for each frame. */
const PAGE_OVERHEAD_BYTES = 512;
const INDEX_SHARE = 8;

/** Part of a tape. The frames in it never change, so slices of it may be on their way while others are added. */
export class Page {
  readonly tape: Tape;
  /** The index of its first frame on the tape. */
  readonly first: number;
  readonly costBytes: number;
  readonly #bytes: Buffer;
  /** Where each frame ends. */
  readonly #ends: number[] = [];
  /** Where each frame stands among all that the server has kept, whatever the tape. */
  readonly #numbers: number[] = [];
  #usedBytes = 0;

  constructor(tape: Tape, first: number, capacity: number) {
    this.tape = tape;
    this.first = first;
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
    this.costBytes = PAGE_OVERHEAD_BYTES + capacity + Math.ceil(capacity / INDEX_SHARE);
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  get frameCount(): number {
    return this.#ends.length;
  }

  /** The index after its last frame. */
  get end(): number {
    return this.first + this.#ends.length;
  }

  hasRoomFor(byteLength: number): boolean {
    return this.#usedBytes + byteLength <= this.#bytes.length;
  }

  push(frame: Uint8Array, number: number): void {
    this.#bytes.set(frame, this.#usedBytes);
    this.#usedBytes += frame.length;
    this.#ends.push(this.#usedBytes);
    this.#numbers.push(number);
  }

  numberOf(index: number): number {
    return this.#numbers[index - this.first] ?? Infinity;
  }

  /**
   * Returns frames that follow one another: at least the first one.
   *
   * @param to - the index after the last frame that is wanted
   * @param before - only frames with a number below this
   */
  slice(from: number, to: number, limits: { readonly before: number; readonly maxBytes: number }): Slice {
    const start = this.#startOf(from);
    const last = Math.min(to, this.end);
    let next = from + 1;
    while (next < last && this.numberOf(next) < limits.before && this.#startOf(next + 1) - start <= limits.maxBytes) {
      next += 1;
    }
    return { bytes: this.#bytes.subarray(start, this.#startOf(next)), next };
  }

  #startOf(index: number): number {
    return index === this.first ? 0 : (this.#ends[index - this.first - 1] ?? this.#usedBytes);
  }
}

/** Frames in a row, and the index of the one after them. */
export interface Slice {
  readonly bytes: Uint8Array;
  readonly next: number;
}

/** How large the parts of tapes are. */
export interface PageLimits {
  /** The most bytes of a page, unless one frame is longer. */
  readonly maxBytes: number;
  readonly maxFrames: number;
}

/** Bounds small enough that a page is a small part of what a room may keep. */
export function pageLimitsOf(maxEntries: number, maxBytes: number): PageLimits {
  return {
    maxBytes: Math.min(MAX_PAGE_BYTES, Math.ceil(maxBytes / INDEX_SHARE)),
    maxFrames: Math.max(1, Math.min(MAX_PAGE_FRAMES, Math.floor(maxEntries / INDEX_SHARE))),
  };
}

/** One tape. The shelf decides which pages are dropped. */
export class Tape {
  /** The name of its room, for notices of a loss. */
  readonly roomName: string;
  /** How many readers have a place on it. */
  readers = 0;
  readonly #pages: Page[] = [];
  #first = 0;
  #end = 0;
  #lastFrame: Uint8Array | null = null;

  constructor(roomName: string) {
    this.roomName = roomName;
  }

  /** The index of the first frame that is still there. */
  get first(): number {
    return this.#first;
  }

  /** The index that the next frame gets. */
  get end(): number {
    return this.#end;
  }

  get pages(): readonly Page[] {
    return this.#pages;
  }

  /** Whether a frame is the last one, given for another reader a moment ago. */
  endsWith(frame: Uint8Array): boolean {
    return frame === this.#lastFrame;
  }

  /** Appends a frame. @returns the page that was begun for it, if one was */
  push(frame: Uint8Array, number: number, limits: PageLimits): Page | null {
    const last = this.#pages.at(-1);
    const fits = last !== undefined && last.frameCount < limits.maxFrames && last.hasRoomFor(frame.length);
    const page = fits ? last : this.#begin(frame.length, last?.capacity ?? 0, limits);
    page.push(frame, number);
    this.#end += 1;
    this.#lastFrame = frame;
    return fits ? null : page;
  }

  #begin(byteLength: number, previousCapacity: number, { maxBytes }: PageLimits): Page {
    const usual = Math.min(maxBytes, Math.max(MIN_PAGE_BYTES, 2 * previousCapacity));
    const page = new Page(this, this.#end, Math.max(usual, byteLength));
    this.#pages.push(page);
    return page;
  }

  /** Drops its oldest page. */
  dropFirst(): void {
    const page = this.#pages.shift();
    if (page !== undefined) this.#first = page.end;
  }

  /** The number of a frame that is still there. */
  numberOf(index: number): number {
    return this.#pageOf(index)?.numberOf(index) ?? Infinity;
  }

  /** As {@link Page.slice}; null if there is no such frame. */
  slice(from: number, to: number, limits: { readonly before: number; readonly maxBytes: number }): Slice | null {
    return this.#pageOf(from)?.slice(from, to, limits) ?? null;
  }

  #pageOf(index: number): Page | undefined {
    let low = 0;
    let high = this.#pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const page = this.#pages[middle];
      if (page !== undefined && page.first <= index) low = middle;
      else high = middle - 1;
    }
    const page = this.#pages[low];
    return page !== undefined && index >= page.first && index < page.end ? page : undefined;
  }
}
