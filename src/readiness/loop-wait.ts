/** When the event loop looks: at a waiter's report, or at the loop's next turn. */
import type { Waiter } from './waiter.js';

/** The part of its owner that a {@link LoopWait} uses. */
export interface LoopWaitSource {
  /** Makes the waiter, when it is first needed. */
  open(report: () => void): Waiter;
  /**
   * Whether to look at the loop's next turn instead of asking the waiter, because something is known to be ready, or
   * because a look costs less.
   *
   * @param hasLooked whether the wait under way has looked already
   */
  isWorthLooking(hasLooked: boolean): boolean;
}

/** Serves one wait at a time, and keeps the event loop alive for it. */
export class LoopWait {
  readonly #source: LoopWaitSource;
  /** The look of the wait under way. */
  #look: (() => void) | undefined;
  /** Whether the wait under way asks for the next look at the end of each. */
  #repeats = false;
  #hasLooked = false;
  #isLooking = false;
  #waiter: Waiter | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #keepsAlive = true;
  /** Whether there is anything that the waiter may keep the event loop alive for. */
  #isNeeded = true;

  constructor(source: LoopWaitSource) {
    this.#source = source;
  }

  /** Whether a wait is under way. */
  get pending(): boolean {
    return this.#look !== undefined;
  }

  /**
   * Begins a wait.
   *
   * @param look must not throw; it calls {@link start} or {@link end}
   * @param repeats whether it calls {@link start} each time, until the wait ends
   */
  begin(look: () => void, repeats = false): void {
    this.#look = look;
    this.#repeats = repeats;
    this.#hasLooked = false;
  }

  /** Asks for the next look. */
  start(): void {
    const isWorthLooking = this.#source.isWorthLooking(this.#hasLooked);
    this.#hasLooked = true;
    if (isWorthLooking) this.#schedule();
    else this.#startWaiter();
  }

  /** Asks again because the set of fds has changed. Does nothing without a wait. */
  restart(): void {
    if (this.#look !== undefined) this.start();
  }

  /** Looks at the loop's next turn. Does nothing without a wait, nor in a look, which itself ends or starts again. */
  lookSoon(): void {
    if (this.#look !== undefined && !this.#isLooking) this.#schedule();
  }

  /** Takes the waiter out of its call, so that a look sees whatever it has found. */
  stop(): void {
    this.#waiter?.stop();
  }

  /** Ends the wait under way: nothing looks until the next one begins. */
  end(): void {
    this.#look = undefined;
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#waiter?.stop();
  }

  /** Gives up the waiter, whose fd is replaced; the wait under way gets another. */
  replaceWaiter(): void {
    if (this.#waiter === undefined) return;
    this.#waiter.close();
    this.#waiter = undefined;
    this.restart();
  }

  /** Closes the waiter for good. */
  close(): void {
    this.#waiter?.close();
    this.#waiter = undefined;
  }

  /** Whether a wait under way keeps the process alive. */
  hasRef(): boolean {
    return this.#keepsAlive;
  }

  ref(): void {
    this.#keepsAlive = true;
    this.#immediate?.ref();
    this.#updateRef();
  }

  unref(): void {
    this.#keepsAlive = false;
    this.#immediate?.unref();
    this.#updateRef();
  }

  /** @param isNeeded whether there is anything that the waiter may keep the event loop alive for; true at first */
  setNeeded(isNeeded: boolean): void {
    if (this.#isNeeded === isNeeded) return;
    this.#isNeeded = isNeeded;
    this.#updateRef();
  }

  #updateRef(): void {
    if (this.#keepsAlive && this.#isNeeded) this.#waiter?.ref();
    else this.#waiter?.unref();
  }

  #startWaiter(): void {
    if (this.#waiter === undefined) {
      this.#waiter = this.#source.open(this.#report);
      this.#updateRef();
    }
    this.#waiter.start(this.#repeats);
  }

  #schedule(): void {
    if (this.#immediate !== undefined) return;
    this.#immediate = setImmediate(this.#lookNow);
    if (this.#keepsAlive) return;
    this.#immediate.unref();
    // A waiter that waits instead of the event loop would not know of the immediate.
    this.#waiter?.stop();
  }

  readonly #lookNow = (): void => {
    this.#immediate = undefined;
    this.#report();
  };

  readonly #report = (): void => {
    if (this.#look === undefined) return;
    this.#isLooking = true;
    try {
      this.#look();
    } finally {
      this.#isLooking = false;
    }
  };
}
