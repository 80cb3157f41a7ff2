/** One promise of readiness at a time: a deadline, an AbortSignal and the real call, brought together. */
import { AbortError, busyError } from '../errors.js';
import { DeadlineTimer } from './deadline-timer.js';
import type { LoopWait } from './loop-wait.js';

/** The part of its owner that an {@link AsyncWait} uses. */
export interface WaitSource<Result> {
  /** Makes the real call with a timeout of zero. @returns undefined if there is nothing to report */
  look(): Result | undefined;
  /** The result of a wait whose time is up. */
  nothing(): Result;
}

interface Pending<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
  /** Whether the next look is the last, whatever it finds. */
  readonly looksOnce: boolean;
  timer: DeadlineTimer | undefined;
}

/** Turns hints into promises; the answer always comes from the source's own call. */
export class AsyncWait<Result> {
  readonly #loop: LoopWait;
  readonly #source: WaitSource<Result>;
  #pending: Pending<Result> | undefined;

  /** @param loop decides when to look; others may use it between the waits */
  constructor(loop: LoopWait, source: WaitSource<Result>) {
    this.#loop = loop;
    this.#source = source;
  }

  /**
   * Waits. It never settles before the next turn of the event loop, so that a loop of waits does not starve other code.
   *
   * @param timeoutMs -1 for ever, 0 for one look, or more
   */
  wait(timeoutMs: number, signal: AbortSignal | undefined): Promise<Result> {
    const loop = this.#loop;
    if (loop.pending) return Promise.reject(busyError('another wait is under way'));
    if (signal?.aborted === true) return Promise.reject(new AbortError(signal));
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        if (signal !== undefined) this.fail(new AbortError(signal));
      };
      const pending: Pending<Result> = {
        resolve,
        reject,
        signal,
        onAbort,
        looksOnce: timeoutMs === 0,
        timer: undefined,
      };
      this.#pending = pending;
      loop.begin(this.#report);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        if (pending.looksOnce) {
          loop.lookSoon();
          return;
        }
        if (timeoutMs > 0) {
          pending.timer = new DeadlineTimer(timeoutMs, this.#expire);
          if (!loop.hasRef()) pending.timer.unref();
        }
        loop.start();
      } catch (error) {
        this.fail(error);
      }
    });
  }

  /** Ends a wait that is under way with an error. */
  fail(error: unknown): void {
    this.#settle()?.reject(error);
  }

  /** Ends a wait that is under way with an error, and the loop's waiter for good. */
  close(error: unknown): void {
    this.fail(error);
    this.#loop.close();
  }

  ref(): void {
    this.#loop.ref();
    this.#pending?.timer?.ref();
  }

  unref(): void {
    this.#loop.unref();
    this.#pending?.timer?.unref();
  }

  readonly #report = (): void => {
    if (this.#pending !== undefined) this.#look(this.#pending.looksOnce);
  };

  readonly #expire = (): void => {
    if (this.#pending !== undefined) this.#look(true);
  };

  #look(isLast: boolean): void {
    let result: Result | undefined;
    try {
      if (isLast) this.#loop.stop();
      result = this.#source.look();
      if (result === undefined && isLast) result = this.#source.nothing();
      // The waiter may have reported for the last time: a thread reports once per start.
      if (result === undefined) this.#loop.restart();
    } catch (error) {
      this.fail(error);
      return;
    }
    if (result !== undefined) this.#settle()?.resolve(result);
  }

  #settle(): Pending<Result> | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    this.#pending = undefined;
    pending.timer?.cancel();
    pending.signal?.removeEventListener('abort', pending.onAbort);
    this.#loop.end();
    return pending;
  }
}
