/** Lines of one peer at the pace that it is allowed: what comes too fast waits, and the peer is not read from meanwhile. */
import type { Link } from './session.js';
import { Throttle } from './throttle.js';

/** The limits that a pacer keeps. */
export interface Pace {
  /** Lines a second for long; 0 for no limit. */
  readonly linesPerSecond: number;
  /** Lines at once before that rate holds. */
  readonly burstLines: number;
  /** Bytes of lines that may wait. */
  readonly receiveQueueBytes: number;
}

/** The queue between a decoder and whoever runs its lines. */
export class Pacer {
  readonly #link: Link;
  readonly #pace: Pace;
  readonly #throttle: Throttle | null;
  /** Null while nothing waits, which is nearly always. */
  #waiting: Buffer[] | null = null;
  #waitingBytes = 0;
  #isHeld = false;

  constructor(link: Link, pace: Pace, nowMs: number) {
    this.#link = link;
    this.#pace = pace;
    this.#throttle = pace.linesPerSecond > 0 ? new Throttle(pace.linesPerSecond, pace.burstLines, nowMs) : null;
  }

  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  /** More waits than may: the peer does not stop although it is not read from. */
  get isOverfull(): boolean {
    return this.#waitingBytes > this.#pace.receiveQueueBytes;
  }

  /** Milliseconds until the next line may run; null when nothing waits for time to pass. */
  get waitMs(): number | null {
    return this.#waiting === null || this.#isHeld ? null : (this.#throttle?.waitMs ?? 1);
  }

  /**
   * Asks for a line to be run.
   *
   * @param isFree - does not count: the peer is not through its beginning yet
   * @returns true when it may run now; otherwise it has been copied and waits
   */
  admits(line: Uint8Array, nowMs: number, isFree: boolean): boolean {
    if (this.#waiting === null && !this.#isHeld && (isFree || this.#throttle === null || this.#throttle.take(nowMs)))
      return true;
    if (this.#waiting === null) {
      this.#waiting = [];
      this.#link.pause();
    }
    this.#waiting.push(Buffer.from(line));
    this.#waitingBytes += line.length;
    return false;
  }

  /** The next waiting line whose turn has come; null when there is none. */
  next(nowMs: number, isFree: boolean): Buffer | null {
    if (this.#waiting === null || this.#isHeld) return null;
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#waiting = null;
      this.#waitingBytes = 0;
      this.#link.resume();
      return null;
    }
    if (!isFree && this.#throttle !== null && !this.#throttle.take(nowMs)) return null;
    this.#waiting.shift();
    this.#waitingBytes -= first.length;
    return first;
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
    this.#waitingBytes = 0;
  }
}
