/** Where a reader that has fallen behind goes on: places on the tapes of its rooms, and what is for it alone. */
import type { Encoder } from '../chat/member.js';
import type { Room } from '../chat/room.js';
import type { Tape } from './tape.js';
import type { TapeShelf } from './tape-shelf.js';

/** Estimates of what the parts of a place take, in bytes. */
const TRACK_BYTES = 256;
const RANGE_BYTES = 16;
const OWN_BYTES = 256;
/** Elements that were read are dropped from a list once there are this many and they fill half of it. */
const SPENT = 64;

/** The next piece that a reader is to be sent. */
export type Piece =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Messages that are no longer kept. */
  | { readonly kind: 'lost'; readonly roomName: string; readonly count: number };

/** The frames of one tape that a reader still has to be sent: mostly one range, since a member gets all of a room. */
class Track {
  readonly tape: Tape;
  /** For each range the index of its first frame, and the one after its last. */
  readonly #ranges: number[] = [];
  /** Where the first range that is not read stands. */
  #head = 0;

  constructor(tape: Tape) {
    this.tape = tape;
  }

  /** The index of the last frame; -1 if there is none. */
  get last(): number {
    return (this.#ranges.at(-1) ?? 0) - 1;
  }

  /** The index of the next frame; null if all are read. */
  get next(): number | null {
    return this.#ranges[this.#head] ?? null;
  }

  /** The index after the first range. */
  get end(): number {
    return this.#ranges[this.#head + 1] ?? 0;
  }

  /** @returns whether it takes more memory than before */
  push(index: number): boolean {
    if (this.last === index - 1 && this.next !== null) {
      this.#ranges[this.#ranges.length - 1] = index + 1;
      return false;
    }
    this.#ranges.push(index, index + 1);
    return true;
  }

  /** Goes on behind the frames that have been read. @returns how many ranges that has ended */
  advance(index: number): number {
    const before = this.#head;
    while (this.#head < this.#ranges.length && this.end <= index) this.#head += 2;
    const ended = (this.#head - before) / 2;
    if (this.#head < this.#ranges.length) this.#ranges[this.#head] = Math.max(index, this.next ?? 0);
    if (this.#head >= SPENT && this.#head * 2 >= this.#ranges.length) {
      this.#ranges.splice(0, this.#head);
      this.#head = 0;
    }
    return ended;
  }

  /** Counts the frames before an index. */
  countBefore(index: number): number {
    let count = 0;
    for (let at = this.#head; at < this.#ranges.length; at += 2) {
      const from = this.#ranges[at] ?? index;
      if (from >= index) break;
      count += Math.min(index, this.#ranges[at + 1] ?? index) - from;
    }
    return count;
  }
}

/** Something that is for one reader alone. */
interface Own {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** The place of one reader. Everything that it misses has a number, and it gets it in the order of these. */
export class Place {
  readonly #shelf: TapeShelf;
  readonly #tracks = new Map<Tape, Track>();
  #lastTrack: Track | null = null;
  #own: Own[] = [];
  #ownHead = 0;
  #heldBytes = 0;
  #missedBytes = 0;
  /** Whether something was taken since {@link idleMs} was last asked. */
  #hasMoved = true;
  #movedMs = 0;
  #pendingBytes = 0;

  constructor(shelf: TapeShelf) {
    this.#shelf = shelf;
  }

  /** The bytes that it takes beside the tapes, as an estimate. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** How many bytes the reader has missed so far, with those that are no longer kept. */
  get missedBytes(): number {
    return this.#missedBytes;
  }

  /** Notes what the reader misses of a room, as all who read alike are sent it. */
  addShared(frame: Uint8Array, room: Room, encoder: Encoder): void {
    const tape = this.#shelf.tapeOf(room, encoder);
    let track = this.#lastTrack;
    if (track?.tape !== tape) track = this.#trackOn(tape);
    this.#missedBytes += frame.length;
    if (track.push(this.#shelf.keep(tape, frame, track.last))) this.#heldBytes += RANGE_BYTES;
  }

  #trackOn(tape: Tape): Track {
    let track = this.#tracks.get(tape);
    if (track === undefined) {
      track = new Track(tape);
      this.#shelf.hold(tape);
      this.#tracks.set(tape, track);
      this.#heldBytes += TRACK_BYTES;
    }
    this.#lastTrack = track;
    return track;
  }

  /** Keeps what is for this reader alone. */
  addOwn(bytes: Uint8Array): void {
    // A copy: short bytes are part of a block of many kilobytes, which would stay with them.
    this.#own.push({ number: this.#shelf.nextNumber(), bytes: new Uint8Array(bytes) });
    this.#missedBytes += bytes.length;
    this.#heldBytes += bytes.length + OWN_BYTES;
  }

  /**
   * Takes the next piece.
   *
   * @param maxBytes - the most bytes, unless one line is longer
   * @returns null if the reader has missed nothing more
   */
  take(maxBytes: number): Piece | null {
    this.#hasMoved = true;
    let best: Track | null = null;
    let bestNumber = Infinity;
    let before = this.#own[this.#ownHead]?.number ?? Infinity;
    for (const track of this.#tracks.values()) {
      const next = track.next;
      if (next === null) continue;
      if (next < track.tape.first) return this.#lose(track);
      const number = track.tape.numberOf(next);
      if (number < bestNumber) {
        before = Math.min(before, bestNumber);
        bestNumber = number;
        best = track;
      } else {
        before = Math.min(before, number);
      }
    }
    if (best === null || before < bestNumber) return this.#takeOwn();
    return this.#takeFrom(best, { before, maxBytes });
  }

  #takeFrom(track: Track, limits: { readonly before: number; readonly maxBytes: number }): Piece | null {
    const slice = track.tape.slice(track.next ?? 0, track.end, limits);
    if (slice === null) return null;
    this.#missedBytes -= slice.bytes.length;
    this.#advance(track, slice.next);
    return { kind: 'bytes', bytes: slice.bytes };
  }

  #takeOwn(): Piece | null {
    const own = this.#own[this.#ownHead];
    if (own === undefined) return null;
    this.#ownHead += 1;
    if (this.#ownHead >= SPENT && this.#ownHead * 2 >= this.#own.length) {
      this.#own = this.#own.slice(this.#ownHead);
      this.#ownHead = 0;
    }
    this.#missedBytes -= own.bytes.length;
    this.#heldBytes -= own.bytes.length + OWN_BYTES;
    return { kind: 'bytes', bytes: own.bytes };
  }

  #lose(track: Track): Piece {
    const { first, roomName } = track.tape;
    const count = track.countBefore(first);
    this.#advance(track, first);
    return { kind: 'lost', roomName, count };
  }

  #advance(track: Track, index: number): void {
    this.#heldBytes -= RANGE_BYTES * track.advance(index);
    if (track.next !== null) return;
    this.#tracks.delete(track.tape);
    this.#heldBytes -= TRACK_BYTES;
    if (track === this.#lastTrack) this.#lastTrack = null;
    this.#shelf.release(track.tape);
  }

  /**
   * Returns for how long the reader has taken nothing at all, in milliseconds.
   *
   * @param pendingBytes - what the kernel has not taken from its wire
   * @param nowMs - by the monotonic clock
   */
  idleMs(pendingBytes: number, nowMs: number): number {
    if (this.#hasMoved || pendingBytes < this.#pendingBytes) this.#movedMs = nowMs;
    this.#hasMoved = false;
    this.#pendingBytes = pendingBytes;
    return nowMs - this.#movedMs;
  }

  /** Gives the place up. */
  release(): void {
    for (const { tape } of this.#tracks.values()) this.#shelf.release(tape);
    this.#tracks.clear();
    this.#lastTrack = null;
    this.#own = [];
    this.#ownHead = 0;
    this.#heldBytes = 0;
  }
}
