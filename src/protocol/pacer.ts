/**
 * Lines of one peer at the pace that it is allowed: what comes too fast waits, and the peer is not read from meanwhile.
 */
import { LineQueue } from './line-queue.js';
import type { Link } from './session.js';
import { Throttle } from './throttle.js';

/** The limits that a pacer keeps. */
export interface Pace {
  /** Lines a second for long; 0 for no limit. */
  readonly linesPerSecond: number;
  /** Lines at once before that rate holds. */
  readonly burstLines: number;
  /** Bytes of lines that may wait; each line counts one byte more than it has. */
  readonly receiveQueueBytes: number;
}

/**
 * Lines of one peer, and steps of its long answers, that run in one go, whatever its rate: then others have their turn.
 */
const SLICE_STEPS = 256;
/** Milliseconds in which they run: what a line costs may depend on what others have set up. */
const SLICE_MS = 10;

/** The queue between a decoder and whoever runs its lines. */
export class Pacer {
  readonly #link: Link;
  readonly #pace: Pace;
  readonly #throttle: Throttle | null;
  /** Null while nothing waits, which is nearly always. */
  #waiting: LineQueue | null = null;
  #isHeld = false;
  /** What may still run before the others have their turn. */
  #sliceSteps = SLICE_STEPS;
  #sliceStartMs: number;

  constructor(link: Link, pace: Pace, nowMs: number) {
    this.#link = link;
    this.#pace = pace;
    this.#sliceStartMs = nowMs;
    this.#throttle = pace.linesPerSecond > 0 ? new Throttle(pace.linesPerSecond, pace.burstLines, nowMs) : null;
  }

  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  /** More waits than may: the peer does not stop although it is not read from. */
  get isOverfull(): boolean {
    return this.#waiting !== null && this.#waiting.byteLength > this.#pace.receiveQueueBytes;
  }

  /** Milliseconds until the next line may run, 0 for after the others; null when nothing waits for time to pass. */
  get waitMs(): number | null {
    if (this.#waiting === null || this.#isHeld) return null;
    return this.#sliceSteps === 0 ? 0 : (this.#throttle?.waitMs ?? 0);
  }

  /** The others have had their turn: lines may run again. */
  beginSlice(nowMs: number): void {
    this.#sliceSteps = SLICE_STEPS;
    this.#sliceStartMs = nowMs;
  }

  /** A line has taken so many steps. */
  charge(steps: number): void {
    this.#sliceSteps = Math.max(0, this.#sliceSteps - steps);
  }

  /**
   * Asks for a line to be run.
   *
   * @param isFree - does not count for the rate: the peer is not through its beginning yet
   * @returns true when it may run now; otherwise it has been copied and waits
   */
  admits(line: Uint8Array, nowMs: number, isFree: boolean): boolean {
    if (this.#waiting === null && !this.#isHeld && this.#mayRun(nowMs, isFree)) return true;
    if (this.#waiting === null) {
      this.#waiting = new LineQueue();
      this.#link.pause();
    }
    this.#waiting.push(line);
    return false;
  }

  #mayRun(nowMs: number, isFree: boolean): boolean {
    if (nowMs - this.#sliceStartMs >= SLICE_MS) this.#sliceSteps = 0;
    if (this.#sliceSteps === 0) return false;
    if (!isFree && this.#throttle !== null && !this.#throttle.take(nowMs)) return false;
    this.#sliceSteps -= 1;
    return true;
  }

  /**
   * Takes the next waiting line whose turn has come; null when there is none.
   *
   * @returns bytes that are valid until the next call of `admits`
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

  /** Nothing runs until `release`: the answer to a line takes a while, and lines are answered in order. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = null;
  }
}
