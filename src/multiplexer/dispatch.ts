/** A turn of a multiplexer: ready registrations are called back or added to the batch, and the turn ends. */
import { blockingCall } from '../readiness/blocking-call.js';
import { rethrowLater } from '../readiness/waiter.js';
import type { Backend } from './backend.js';
import { CallbackList } from './callback-list.js';
import { ReadyRecords } from './ready-records.js';
import type { RegistrationRecord } from './registration-record.js';
import type { Requeued } from './requeued.js';
import type { WakeupSource } from './wakeup.js';

/** The handler that `run` and `runSync` call with each batch. */
export type BatchHandler<T> = (batch: readonly RegistrationRecord<T>[]) => unknown;

/** Makes the backend's call and hands on its events. */
export class Dispatch<T> {
  /** Called with the error that the backend's call throws. */
  readonly errors = new CallbackList<unknown>();
  /** Called when the callbacks of a turn have run. */
  readonly turnEnds = new CallbackList();
  #backend: Backend<RegistrationRecord<T>>;
  readonly #requeued: Requeued<T>;
  readonly #ready = new ReadyRecords<T>();
  readonly #spinMs: number;
  /** Whether handlers of a turn are being called, or a synchronous wait is under way. */
  #isInTurn = false;
  /** Takes the first thing that a handler throws; without it, `uncaughtException` gets everything at once. */
  #failures: unknown[] | undefined;
  #wakeup: WakeupSource | undefined;
  #isWoken = false;
  #isOver = false;
  #wasReady = false;
  #waits = 0;
  #events = 0;
  #wakeups = 0;

  /** @param spinUs how long a turn looks repeatedly before it blocks, in microseconds */
  constructor(backend: Backend<RegistrationRecord<T>>, requeued: Requeued<T>, spinUs = 0) {
    this.#backend = backend;
    this.#requeued = requeued;
    this.#spinMs = spinUs / 1000;
  }

  /** The result of the latest turn; the next turn fills it again. */
  get batch(): readonly RegistrationRecord<T>[] {
    return this.#ready.batch;
  }

  /** Has another backend make the calls from now on. */
  useBackend(backend: Backend<RegistrationRecord<T>>): void {
    this.#backend = backend;
  }

  /** Whether no other wait may begin now. */
  get isInTurn(): boolean {
    return this.#isInTurn;
  }

  /**
   * Whether the next turn will find something, or is likely to and looking is cheaper than a thread's report: so it is
   * if the latest turn has found something.
   */
  get isWorthLooking(): boolean {
    return this.#hasReady || (this.#wasReady && this.#backend.isWaiterCostly);
  }

  /** Whether the latest turn ends the wait: it was woken, or there is a batch. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get waits(): number {
    return this.#waits;
  }

  get events(): number {
    return this.#events;
  }

  get wakeups(): number {
    return this.#wakeups;
  }

  /** Prevents other waits until {@link leave}. @param failures takes the first thing that a handler throws */
  enter(failures?: unknown[]): void {
    this.#isInTurn = true;
    this.#failures = failures;
  }

  leave(): void {
    this.#isInTurn = false;
    this.#failures = undefined;
  }

  /** Ends the next turn at once, as if it had found something. */
  wake(): void {
    this.#isWoken = true;
  }

  /** Lets another thread's wake-ups end a turn. @throws the errors of epoll_ctl(2) */
  listenTo(wakeup: WakeupSource): void {
    this.#backend.watchWakeup(wakeup.fd);
    this.#wakeup = wakeup;
  }

  /**
   * One call of the backend, and everything that follows from it: registrations with `onReady` are called back, the
   * others are put into the batch.
   *
   * @returns how many events there were, used or not
   */
  turn(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    const ready = this.#ready;
    const requeued = this.#requeued;
    ready.clear();
    if (requeued.length > 0) requeued.forgetEvents();
    this.#waits += 1;
    const waitMs = this.#hasReady ? 0 : timeoutMs;
    const kernelCount =
      waitMs === 0 ? this.#call(0, retryOnSignal, signalMask) : this.#block(waitMs, retryOnSignal, signalMask);
    const requeuedCount = requeued.length === 0 ? 0 : requeued.moveTo(ready);
    if (ready.woken) this.#wakeup?.reset();
    const isWoken = ready.woken || this.#isWoken;
    this.#isWoken = false;
    if (isWoken) this.#wakeups += 1;
    const count = ready.length;
    ready.finish();
    this.#events += count;
    this.#wasReady = count > 0;
    if (ready.servedCount > 0) this.#callBack();
    if (count > 0 || isWoken) this.endTurn();
    this.#isOver = isWoken || ready.batch.length > 0;
    return kernelCount + requeuedCount;
  }

  /** One look of an asynchronous wait. @returns the batch, or undefined if the wait goes on */
  look(): readonly RegistrationRecord<T>[] | undefined {
    this.enter();
    try {
      this.turn(0, true, null);
      return this.#isOver ? this.batch : undefined;
    } finally {
      this.leave();
    }
  }

  /** Hands the batch to a handler. @returns the handler's result: nothing, or a promise by mistake */
  readonly hand = (handler: BatchHandler<T>): unknown => {
    let result: unknown;
    try {
      result = handler(this.batch);
    } catch (error) {
      this.fail(error);
    }
    this.endTurn();
    return result;
  };

  endTurn(): void {
    this.turnEnds.call(undefined, this.fail);
  }

  /** A handler has thrown. The turn goes on, and the error is reported when it has ended. */
  readonly fail = (error: unknown): void => {
    if (this.#failures === undefined || this.#failures.length > 0) rethrowLater(error);
    else this.#failures.push(error);
  };

  /** Whether a turn would find something that the kernel does not know about. */
  get #hasReady(): boolean {
    return this.#isWoken || this.#requeued.length > 0 || this.#backend.hasReady;
  }

  /**
   * The backend's call, perhaps in slices. It is a separate function, because one that makes a closure pays for it with
   * every call, and there is a turn in each turn of the event loop.
   */
  #block(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    let blockMs = timeoutMs;
    // A look does not notice a signal, which has to end a wait that does not go on after it.
    if (this.#spinMs > 0 && retryOnSignal) {
      const startedMs = performance.now();
      const count = this.#spin(timeoutMs < 0 ? this.#spinMs : Math.min(timeoutMs, this.#spinMs), signalMask);
      if (count > 0) return count;
      if (timeoutMs > 0) blockMs = Math.max(0, timeoutMs - (performance.now() - startedMs));
    }
    return blockingCall(blockMs, (slice) => this.#call(slice, retryOnSignal, signalMask));
  }

  /** Looks repeatedly for that long. @returns how many events a look has found */
  #spin(spinMs: number, signalMask: readonly number[] | null): number {
    const endMs = performance.now() + spinMs;
    do {
      const count = this.#call(0, true, signalMask);
      if (count > 0) return count;
      this.#waits += 1;
    } while (performance.now() < endMs);
    return 0;
  }

  /** The backend's call. The callbacks of `onError` get its failure. */
  #call(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    try {
      return this.#backend.wait(this.#ready, timeoutMs, retryOnSignal, signalMask);
    } catch (error) {
      this.errors.call(error, this.fail);
      throw error;
    }
  }

  #callBack(): void {
    const ready = this.#ready;
    const count = ready.servedCount;
    for (let index = 0; index < count; index += 1) {
      const record = ready.takeServed(index);
      // An earlier handler has paused or unregistered it.
      if (record === undefined || record.events === 0) continue;
      try {
        record.onReady?.(record);
      } catch (error) {
        this.fail(error);
      }
    }
    ready.dropEnded();
  }
}
