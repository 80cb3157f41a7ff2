/** The tapes of all rooms, and the bounds on what they keep together. */
import type { Encoder } from '../chat/member.js';
import type { Room } from '../chat/room.js';
import { type Page, type PageLimits, pageLimitsOf, Tape } from './tape.js';

/** Limits on what rooms keep for those who have fallen behind. If one of them is 0, nothing is kept. */
export interface KeepLimits {
  /** The most messages that a room keeps for readers of one kind. */
  readonly entriesPerRoom: number;
  /** The most bytes that a room keeps, for all kinds of readers together. */
  readonly bytesPerRoom: number;
  /** The most bytes that all rooms keep together. */
  readonly totalBytes: number;
}

/** The tapes of one room, by the kind of reader. */
interface Reels {
  readonly tapes: Map<Encoder, Tape>;
  /** Oldest first. */
  readonly pages: Set<Page>;
  bytes: number;
}

/**
 * All tapes. A tape exists while a reader has a place on it: a server whose readers all keep up keeps nothing, and what
 * is kept for a room that is gone ends with those who still read it.
 */
export class TapeShelf {
  #limits: KeepLimits;
  #pageLimits: PageLimits;
  readonly #rooms = new Map<Room, Reels>();
  /** Oldest first. */
  readonly #pages = new Set<Page>();
  readonly #homes = new Map<Tape, { readonly room: Room; readonly encoder: Encoder; readonly reels: Reels }>();
  #bytes = 0;
  #numbers = 0;
  // A fan-out asks for the same one again and again.
  #lastRoom: Room | null = null;
  #lastEncoder: Encoder | null = null;
  #lastTape: Tape | null = null;

  constructor(limits: KeepLimits) {
    this.#limits = limits;
    this.#pageLimits = pageLimitsOf(limits.entriesPerRoom, limits.bytesPerRoom);
  }

  /** Keeps within other limits from now on. */
  set limits(limits: KeepLimits) {
    this.#limits = limits;
    this.#pageLimits = pageLimitsOf(limits.entriesPerRoom, limits.bytesPerRoom);
    for (const { pages } of this.#rooms.values()) for (const page of pages) if (this.#isTooMuch(page)) this.#drop(page);
  }

  /** Whether anything is kept for those who fall behind. */
  get isKeeping(): boolean {
    const { entriesPerRoom, bytesPerRoom, totalBytes } = this.#limits;
    return entriesPerRoom > 0 && bytesPerRoom > 0 && totalBytes > 0;
  }

  /** The bytes that the tapes take, as an estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns a number that is higher than all before: where something stands among all that is kept. */
  nextNumber(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  /**
   * Finds the tape of a room for a kind of reader, or begins it. A reader that takes a place on it must call
   * {@link hold}.
   */
  tapeOf(room: Room, encoder: Encoder): Tape {
    if (room === this.#lastRoom && encoder === this.#lastEncoder && this.#lastTape !== null) return this.#lastTape;
    let reels = this.#rooms.get(room);
    if (reels === undefined) {
      reels = { tapes: new Map(), pages: new Set(), bytes: 0 };
      this.#rooms.set(room, reels);
    }
    let tape = reels.tapes.get(encoder);
    if (tape === undefined) {
      tape = new Tape(room.name);
      reels.tapes.set(encoder, tape);
      this.#homes.set(tape, { room, encoder, reels });
    }
    this.#lastRoom = room;
    this.#lastEncoder = encoder;
    this.#lastTape = tape;
    return tape;
  }

  /**
   * Keeps a frame; one that many readers are given is kept once.
   *
   * @param after - the index of the last frame that this reader was given; -1 for none
   * @returns its index on the tape
   */
  keep(tape: Tape, frame: Uint8Array, after: number): number {
    const last = tape.end - 1;
    if (tape.endsWith(frame) && last > after && last >= tape.first) return last;
    const page = tape.push(frame, this.nextNumber(), this.#pageLimits);
    if (page !== null) this.#added(page);
    return tape.end - 1;
  }

  #added(page: Page): void {
    const reels = this.#homes.get(page.tape)?.reels;
    if (reels === undefined) return;
    this.#pages.add(page);
    reels.pages.add(page);
    this.#bytes += page.costBytes;
    reels.bytes += page.costBytes;
    for (const oldest of page.tape.pages) {
      if (oldest === page || page.end - page.tape.first <= this.#limits.entriesPerRoom) break;
      this.#drop(oldest);
    }
    for (const oldest of reels.pages) {
      if (oldest === page || reels.bytes <= this.#limits.bytesPerRoom) break;
      this.#drop(oldest);
    }
    for (const oldest of this.#pages) {
      if (oldest === page || this.#bytes <= this.#limits.totalBytes) break;
      this.#drop(oldest);
    }
  }

  #isTooMuch({ tape }: Page): boolean {
    const bytes = this.#homes.get(tape)?.reels.bytes ?? 0;
    const { entriesPerRoom, bytesPerRoom, totalBytes } = this.#limits;
    return tape.end - tape.first > entriesPerRoom || bytes > bytesPerRoom || this.#bytes > totalBytes;
  }

  /** Drops a page: the oldest of its tape. */
  #drop(page: Page): void {
    page.tape.dropFirst();
    this.#forget(page);
  }

  #forget(page: Page): void {
    this.#pages.delete(page);
    this.#bytes -= page.costBytes;
    const reels = this.#homes.get(page.tape)?.reels;
    if (reels === undefined) return;
    reels.pages.delete(page);
    reels.bytes -= page.costBytes;
  }

  /** A reader has a place on a tape from now on. */
  hold(tape: Tape): void {
    tape.readers += 1;
  }

  /** A reader has left a tape; when the last one has, the tape is dropped. */
  release(tape: Tape): void {
    tape.readers -= 1;
    if (tape.readers > 0) return;
    for (const page of tape.pages) this.#forget(page);
    const home = this.#homes.get(tape);
    this.#homes.delete(tape);
    if (tape === this.#lastTape) this.#lastTape = null;
    if (home === undefined) return;
    home.reels.tapes.delete(home.encoder);
    if (home.reels.tapes.size === 0) this.#rooms.delete(home.room);
  }
}
