/** One promise of readiness at a time: a waiter, a deadline, an AbortSignal and the real call, brought together. */
import { AbortError, busyError } from '../errors.js';
import { DeadlineTimer } from './deadline-timer.js';
import type { Waiter } from './waiter.js';

/** What an {@link AsyncWait} asks of whoever owns it. */
export interface WaitSource<Result> {
  /**
   * Asks the waiter for a report, opening it when it is first needed. Called when a wait begins and after each look
   * that found nothing. Where a look is cheaper than the waiter, it may ask for one by {@link AsyncWait.lookSoon}.
   */
  start(): void;
  /** Tells a waiter that was not started by {@link AsyncWait.startWaiter} that no report is wanted. */
  stop?(): void;
  /**
   * Called before the last look of a wait: a waiter that was not started by {@link AsyncWait.startWaiter} has to leave
   * its call, so that the look sees whatever the waiter has found.
   */
  beforeLastLook?(): void;
  /** Makes the real call with a timeout of zero. @returns undefined where there is nothing to report */
  look(): Result | undefined;
  /** What a wait gives when its time is up. */
  nothing(): Result;
}

interface Pending<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
  timer: DeadlineTimer | undefined;
  immediate: NodeJS.Immediate | undefined;
}

/** Turns hints into promises; the answer always comes from the source's own call. */
export class AsyncWait<Result> {
  readonly #source: WaitSource<Result>;
  #pending: Pending<Result> | undefined;
  #waiter: Waiter | undefined;
  #keepsAlive = true;

  constructor(source: WaitSource<Result>) {
    this.#source = source;
  }

  /**
   * Starts the waiter of whoever owns this. @param open makes it, when it is first needed; it is closed by {@link
   * close}
   */
  startWaiter(open: (report: () => void) => Waiter): void {
    if (this.#waiter === undefined) {
      this.#waiter = open(this.report);
      if (!this.#keepsAlive) this.#waiter.unref();
    }
    this.#waiter.start();
  }

  /** Whether a wait is under way. */
  get pending(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * Waits. It never settles before the event loop has come round, so that a loop of waits starves nobody.
   *
   * @param timeoutMs -1 for ever, 0 for one look, or more
   */
  wait(timeoutMs: number, signal: AbortSignal | undefined): Promise<Result> {
    if (this.#pending !== undefined) return Promise.reject(busyError('another wait is under way'));
    if (signal?.aborted === true) return Promise.reject(new AbortError(signal));
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        if (signal !== undefined) this.fail(new AbortError(signal));
      };
      const pending: Pending<Result> = { resolve, reject, signal, onAbort, timer: undefined, immediate: undefined };
      this.#pending = pending;
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        if (timeoutMs === 0) {
          this.#lookSoon(pending, true);
          return;
        }
        if (timeoutMs > 0) {
          pending.timer = new DeadlineTimer(timeoutMs, () => {
            this.#look(true);
          });
          if (!this.#keepsAlive) pending.timer.unref();
        }
        this.#source.start();
      } catch (error) {
        this.fail(error);
      }
    });
  }

  /** For the waiter: something may be ready. */
  readonly report = (): void => {
    this.#look(false);
  };

  /** What is waited for has changed: whatever the waiter was told before is no longer it. */
  restart(): void {
    if (this.#pending !== undefined) this.#source.start();
  }

  /** Looks when the event loop comes round, without a hint from the kernel. */
  lookSoon(): void {
    if (this.#pending !== undefined) this.#lookSoon(this.#pending, false);
  }

  /** Ends a wait that is under way with an error. */
  fail(error: unknown): void {
    this.#settle()?.reject(error);
  }

  /** Ends a wait that is under way with an error, and the waiter for good. */
  close(error: unknown): void {
    this.fail(error);
    this.#waiter?.close();
  }

  /** Whether a wait under way keeps the process alive. */
  hasRef(): boolean {
    return this.#keepsAlive;
  }

  ref(): void {
    this.#keepsAlive = true;
    this.#waiter?.ref();
    this.#pending?.timer?.ref();
    this.#pending?.immediate?.ref();
  }

  unref(): void {
    this.#keepsAlive = false;
    this.#waiter?.unref();
    this.#pending?.timer?.unref();
    this.#pending?.immediate?.unref();
  }

  #lookSoon(pending: Pending<Result>, isLast: boolean): void {
    if (pending.immediate !== undefined) return;
    pending.immediate = setImmediate(() => {
      pending.immediate = undefined;
      this.#look(isLast);
    });
    if (!this.#keepsAlive) pending.immediate.unref();
  }

  #look(isLast: boolean): void {
    if (this.#pending === undefined) return;
    let result: Result | undefined;
    try {
      if (isLast) {
        this.#waiter?.stop();
        this.#source.beforeLastLook?.();
      }
      result = this.#source.look();
      if (result === undefined && isLast) result = this.#source.nothing();
      // The waiter may have reported for the last time: a thread reports once per start.
      if (result === undefined) this.#source.start();
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
    clearImmediate(pending.immediate);
    pending.signal?.removeEventListener('abort', pending.onAbort);
    this.#waiter?.stop();
    this.#source.stop?.();
    return pending;
  }
}
