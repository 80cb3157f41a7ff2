/**
 * Runs the lines of one peer at the rate that it is allowed. Lines that arrive faster wait; until they have run,
 * nothing more is read from the peer.
 */
import { Throttle } from '../throttle.js';
import { LineQueue } from './line-queue.js';
import type { Link } from './session.js';

/** The limits that a pacer keeps. */
export interface Pace {
  /** Lines per second over time; 0 for no limit. */
  readonly linesPerSecond: number;
  /** Lines in a burst before that rate applies. */
  readonly burstLines: number;
  /** Bytes of lines that may wait; each line counts one byte more than its length. */
  readonly receiveQueueBytes: number;
}

/**
 * Lines of one peer, and steps of its long answers, that run in one go, whatever its rate; then the others have a turn.
 */
const SLICE_STEPS = 256;
/** Milliseconds that they may take: the cost of a line can depend on what others have set up. */
const SLICE_MS = 10;
/** No time of a clock. A number, since V8 would otherwise make an object of each time. */
const NOT_BEGUN = -1;
const LF = 0x0a;
const NOTHING = new Uint8Array(0);

/** The queue between a decoder and the runner of its lines. */
export class Pacer {
  readonly #link: Link;
  #pace: Pace;
  #throttle: Throttle | null;
  /** Null while nothing waits, which is nearly always. */
  #waiting: LineQueue | null = null;
  #isHeld = false;
  /** Steps that may still run before the others have their turn. */
  #sliceSteps = SLICE_STEPS;
  /** When the first line of the slice asked to run; {@link NOT_BEGUN} before that. */
  #sliceStartMs = NOT_BEGUN;

  constructor(link: Link, pace: Pace, nowMs: number) {
    this.#link = link;
    this.#pace = pace;
    this.#throttle = throttleOf(pace, nowMs);
  }

  /** Keeps other limits from now on. */
  setPace(pace: Pace, nowMs: number): void {
    this.#pace = pace;
    this.#throttle = throttleOf(pace, nowMs);
  }

  /** The lines that wait, each with LF after it, and how many may run at once; null without a limit. */
  state(nowMs: number): { readonly waiting: Uint8Array; readonly tokens: number | null } {
    return { waiting: this.#waiting?.bytes ?? NOTHING, tokens: this.#throttle?.tokensAt(nowMs) ?? null };
  }

  /** Goes on where another pacer has stopped. The session wakes for the lines that wait. */
  restore(waiting: Uint8Array, tokens: number | null): void {
    if (tokens !== null) this.#throttle?.restore(tokens);
    for (let start = 0; start < waiting.length;) {
      const end = waiting.indexOf(LF, start);
      if (end < 0) return;
      this.#wait(waiting.subarray(start, end));
      start = end + 1;
    }
  }

  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  /** Whether more bytes wait than may: the peer goes on sending although nothing is read from it. */
  get isOverfull(): boolean {
    return this.#waiting !== null && this.#waiting.byteLength > this.#pace.receiveQueueBytes;
  }

  /** Milliseconds until the next line may run; 0 if others are served first; null if no line waits for time to pass. */
  get waitMs(): number | null {
    if (this.#waiting === null || this.#isHeld) return null;
    return this.#sliceSteps === 0 ? 0 : (this.#throttle?.waitMs ?? 0);
  }

  /** The others have had their turn: lines may run again. The time of the slice begins with the first of them. */
  beginSlice(): void {
    this.#sliceSteps = SLICE_STEPS;
    this.#sliceStartMs = NOT_BEGUN;
  }

  /** Counts steps that a line has taken. */
  charge(steps: number): void {
    this.#sliceSteps = Math.max(0, this.#sliceSteps - steps);
  }

  /** Counts a line as so many more: its answer has cost as much. */
  spend(lines: number, nowMs: number): void {
    this.#throttle?.spend(lines, nowMs);
  }

  /**
   * Asks whether a line may run.
   *
   * @param isFree - the line does not count towards the rate, since the peer is still registering
   * @returns true if it may run now; otherwise it has been copied and waits
   */
  admits(line: Uint8Array, nowMs: number, isFree: boolean): boolean {
    if (this.#waiting === null && !this.#isHeld && this.#mayRun(nowMs, isFree)) return true;
    this.#wait(line);
    return false;
  }

  #wait(line: Uint8Array): void {
    if (this.#waiting === null) {
      this.#waiting = new LineQueue();
      this.#link.pause();
    }
    this.#waiting.push(line);
  }

  #mayRun(nowMs: number, isFree: boolean): boolean {
    if (this.#sliceStartMs === NOT_BEGUN) this.#sliceStartMs = nowMs;
    if (nowMs - this.#sliceStartMs >= SLICE_MS) this.#sliceSteps = 0;
    if (this.#sliceSteps === 0) return false;
    if (!isFree && this.#throttle !== null && !this.#throttle.take(nowMs)) return false;
    this.#sliceSteps -= 1;
    return true;
  }

  /**
   * Takes the next waiting line, if it is due.
   *
   * @returns a view that is valid until the next call of `admits`; null if no line may run
   */
  next(nowMs: number, isFree: boolean): Buffer | null {
    if (this.#waiting === null || this.#isHeld) return null;
    if (this.#waiting.byteLength === 0) {
      this.#waiting = null;
      this.#link.resume();
      return null;
    }
    return this.#mayRun(nowMs, isFree) ? this.#waiting.shift() : null;
  }

  /** Blocks all lines until `release`: the answer to one takes a while, and lines are answered in order. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
  }

  /** Drops the lines that wait. */
  clear(): void {
    this.#waiting = null;
  }
}

function throttleOf({ linesPerSecond, burstLines }: Pace, nowMs: number): Throttle | null {
  return linesPerSecond > 0 ? new Throttle(linesPerSecond, burstLines, nowMs) : null;
}
