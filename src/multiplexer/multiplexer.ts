/** Many fds, one wait: the uniform API over select(2), poll(2) and epoll(7). */
import { inspect, type InspectOptions } from 'node:util';
import { checkOneOf, type FdLike, type OptionNames, toTimeoutMs } from '../arguments.js';
import { native } from '../binding/load.js';
import { busyError, closedError } from '../errors.js';
import { summary } from '../inspect.js';
import { AsyncWait } from '../readiness/async-wait.js';
import { LoopWait } from '../readiness/loop-wait.js';
import {
  ASYNC_WAIT_OPTIONS,
  type AsyncWaitOptions,
  SYNC_WAIT_OPTIONS,
  type SyncWaitOptions,
  toAbortSignal,
  toSignalHandling,
} from '../readiness/wait-options.js';
import { type Backend, BACKEND_NAMES, type BackendName, type Trigger, type TriggerOf, TRIGGERS } from './backend.js';
import { fillBackend, takeLosable } from './backend-switch.js';
import { BatchSequence } from './batches.js';
import { BlockingWaits } from './blocking-waits.js';
import { CallbackList } from './callback-list.js';
import { createBackend, type MultiplexerOptions } from './create-backend.js';
import { Dispatch } from './dispatch.js';
import { bindHandler, checkSynchronous, type Synchronous } from './handler.js';
import { announce } from './open-multiplexers.js';
import type { RegisterOptions, Registration, RegistrationChanges } from './registration.js';
import type { RegistrationRecord } from './registration-record.js';
import { Registry } from './registry.js';
import { Requeued } from './requeued.js';
import { type RunEnd, RunLoop } from './run-loop.js';
import { WakeupSource, type WakeupToken } from './wakeup.js';

/** The registrations that are ready, valid until the next wait. */
export type Batch<T = unknown, B extends BackendName = BackendName> = readonly Registration<T, B>[];

/** Counters of a multiplexer since it was created. */
export interface MultiplexerStats {
  /** Calls of select(2), poll(2) or epoll_wait(2). */
  readonly waits: number;
  /** How many registrations were reported, to a handler or in a batch. */
  readonly events: number;
  /** How many events were dropped because their registrations were gone. */
  readonly staleEvents: number;
  /** How many waits a wake-up ended. */
  readonly wakeups: number;
  /** How many of the waits were made instead of the event loop's own, see `directWaits` in the options. */
  readonly directWaits: number;
  /** How often the epoll fd was replaced to get rid of stale events that would not end. */
  readonly rebuilds: number;
}

const RUN_SYNC_OPTIONS: OptionNames<SyncWaitOptions & AsyncWaitOptions> = {
  ...SYNC_WAIT_OPTIONS,
  ...ASYNC_WAIT_OPTIONS,
};

/**
 * Watches many fds and reports which are ready. The same program runs on select, poll and epoll. A backend refuses
 * unsupported triggers with ERR_UNSUPPORTED_TRIGGER; if `B` names the backend, the compiler refuses it first.
 *
 * A multiplexer never closes or changes the fds that are registered. Unregister an fd before closing it; fds that this
 * package closes (sockets, connections, timers ...) leave every multiplexer of their thread by themselves.
 *
 * It keeps the process alive while a wait is under way and something ref'd is registered.
 *
 * @typeParam T the type of the data of each registration
 * @typeParam B the backend, if it is known: `Multiplexer<T, 'poll'>`
 * @see select(2), poll(2), epoll(7)
 */
export class Multiplexer<T = unknown, B extends BackendName = BackendName> implements Disposable {
  readonly #options: MultiplexerOptions;
  /** By fd. */
  readonly #records: (RegistrationRecord<T> | undefined)[] = [];
  #backend: Backend<RegistrationRecord<T>>;
  /** The counts of the backends before this one. */
  readonly #earlier = { staleEvents: 0, directWaits: 0, rebuilds: 0 };
  readonly #registry: Registry<T, B>;
  readonly #dispatch: Dispatch<T>;
  readonly #loop: LoopWait;
  readonly #wait: AsyncWait<Batch<T, B>>;
  readonly #run: RunLoop<T>;
  readonly #blocking: BlockingWaits<T>;
  readonly #closings = new CallbackList();
  readonly #retire: () => void;
  #wakeup: WakeupSource | undefined;

  /**
   * @throws EMFILE, ENFILE (epoll_create1); ERR_UNSUPPORTED_PLATFORM, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE,
   *   ERR_UNKNOWN_OPTION
   */
  constructor(options: MultiplexerOptions<B> = {}) {
    const backend = this.#createBackend(options);
    const { maxEvents, unpollable, waiter, directWaits, spinUs } = options;
    this.#options = { maxEvents, unpollable, waiter, directWaits, spinUs };
    const requeued = new Requeued<T>();
    const dispatch = new Dispatch<T>(backend, requeued, spinUs);
    const loop = new LoopWait({
      open: (report) => this.#backend.openWaiter(report),
      isWorthLooking: () => dispatch.isWorthLooking,
    });
    this.#backend = backend;
    this.#dispatch = dispatch;
    this.#loop = loop;
    this.#registry = new Registry<T, B>(this.#records, { backend, loop, requeued });
    this.#wait = new AsyncWait<Batch<T, B>>(loop, { look: () => dispatch.look(), nothing: () => dispatch.batch });
    this.#run = new RunLoop(loop, dispatch);
    this.#blocking = new BlockingWaits(this.#registry, dispatch);
    // Only a whole one: any fd of this thread may be closed, and so looked up here, from now on.
    this.#retire = announce(this);
  }

  #createBackend<C extends BackendName>(options: MultiplexerOptions<C>): Backend<RegistrationRecord<T>> {
    return createBackend(options, this.#records, () => {
      this.#loop.replaceWaiter();
    });
  }

  /** The backends that this system has, best first. Empty if fdmux does not run here. */
  static backends(): BackendName[] {
    return native.constants['EPOLLIN'] === undefined ? [] : [...BACKEND_NAMES];
  }

  /** The backend in use. */
  get backend(): BackendName {
    return this.#backend.name;
  }

  /** How many fds are registered. */
  get size(): number {
    return this.#registry.size;
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#registry.closed;
  }

  /**
   * Moves all registrations to another backend, while it runs: also from within a handler, with a wait under way, and
   * under load. No event is lost: the next wait reports the fds that are ready. Nothing has changed if it throws. Does
   * nothing if that backend is in use already.
   *
   * @throws ERR_UNSUPPORTED_TRIGGER if a registration has another trigger than `'level'`, or is exclusive, which poll
   *   and select do not have; with epoll EPERM (an fd does not support polling, see `unpollable`), EBADF (an fd is not
   *   open), EMFILE, ENFILE, ENOSPC, ENOMEM; ERR_CLOSED, ERR_OUT_OF_RANGE
   * @see select(2), poll(2), epoll(7)
   */
  switchBackend(backend: B): void {
    this.#registry.checkOpen();
    checkOneOf(backend, 'backend', BACKEND_NAMES);
    if (backend === this.backend) return;
    const waiter = backend === 'epoll' ? this.#options.waiter : undefined;
    const options: MultiplexerOptions = { ...this.#options, backend, waiter };
    const next = this.#createBackend(options);
    const records = this.#registry.inOrder();
    try {
      if (this.#wakeup !== undefined) next.watchWakeup(this.#wakeup.fd);
      fillBackend(records, next);
    } catch (error) {
      next.close();
      throw error;
    }
    const former = this.#backend;
    this.#backend = next;
    this.#registry.useBackend(next);
    this.#dispatch.useBackend(next);
    this.#leave(former, records);
  }

  /** Leaves a backend, and takes the counts and events that only that one has. */
  #leave(former: Backend<RegistrationRecord<T>>, records: readonly RegistrationRecord<T>[]): void {
    this.#earlier.staleEvents += former.staleEvents;
    this.#earlier.directWaits += former.directWaits;
    this.#earlier.rebuilds += former.rebuilds;
    this.#loop.stop();
    try {
      for (const [record, events] of takeLosable(records, former)) this.#registry.requeue(record, events);
    } catch {
      // It is broken, and a reason to leave it: its epoll fd was closed by other code.
    }
    this.#loop.replaceWaiter();
    try {
      former.close();
    } catch {
      // For the same reason.
    }
  }

  /** Whether this multiplexer's backend has a trigger. */
  supports(trigger: Trigger): trigger is TriggerOf<B> {
    checkOneOf(trigger, 'trigger', TRIGGERS);
    return this.#backend.triggers.includes(trigger);
  }

  /**
   * Starts watching an fd. It takes effect during a wait, too. The fd stays yours: the multiplexer neither closes nor
   * reconfigures it, so to read until nothing is left it must be non-blocking already.
   *
   * @throws EEXIST if the fd number is registered (unregister before closing); with epoll EBADF (not open), EPERM
   *   (does not support polling, see `unpollable`), ENOSPC, ENOMEM, EINVAL; ERR_UNSUPPORTED_TRIGGER, ERR_CLOSED,
   *   ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION. Poll and select notice at the wait that an fd is
   *   not open, and report it (`isInvalid`).
   * @see epoll_ctl(2)
   */
  register(fd: FdLike, options: RegisterOptions<T, B>): Registration<T, B> {
    return this.#registry.add(fd, options);
  }

  /**
   * The registration of an fd, or undefined. After {@link close} there is none. @throws ERR_INVALID_ARG_TYPE,
   * ERR_OUT_OF_RANGE
   */
  get(fd: FdLike): Registration<T, B> | undefined {
    return this.#registry.get(fd);
  }

  /** Whether an fd is registered. @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
  has(fd: FdLike): boolean {
    return this.#registry.get(fd) !== undefined;
  }

  /**
   * Changes a registration, see {@link Registration.modify}.
   *
   * @throws ERR_NOT_REGISTERED, and the errors of that
   */
  modify(fd: FdLike, changes: RegistrationChanges<T, B>): Registration<T, B> {
    const record = this.#registry.find(fd);
    this.#registry.modify(record, changes);
    return record;
  }

  /**
   * Ends a registration. If you pass the object that it was registered by, the fd may have become invalid.
   *
   * @throws ERR_NOT_REGISTERED, ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  unregister(fd: FdLike): Registration<T, B> {
    const record = this.#registry.find(fd);
    this.#registry.unregister(record);
    return record;
  }

  /** The registrations, in the order of their fds. */
  [Symbol.iterator](): Generator<Registration<T, B>, void, undefined> {
    return this.#registry[Symbol.iterator]();
  }

  /**
   * Waits, blocking the thread. Registrations with `onReady` are served meanwhile and do not end the wait.
   *
   * @param timeoutMs in milliseconds, fractions honoured; 0 looks and returns; `null`, `undefined` and Infinity wait
   *   for ever
   * @returns the ready registrations, in the order of registering (poll, select) or the kernel's (epoll), valid until
   *   the next wait; empty when the time is up, after a wake-up, and after a signal unless `options.onSignal` is
   *   `'retry'`
   * @throws ERR_CLOSED (also when a handler closes it meanwhile), ERR_BUSY while another wait is under way,
   *   ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   * @see select(2), poll(2), epoll_wait(2)
   */
  waitSync(timeoutMs?: number | null, options?: SyncWaitOptions): Batch<T, B> {
    this.#checkIdle();
    return this.#blocking.wait(toTimeoutMs(timeoutMs), toSignalHandling(options));
  }

  /**
   * Waits while the event loop goes on. Registrations with `onReady` are served meanwhile and do not end the wait.
   *
   * @returns as {@link waitSync}; rejects with the errors of that, with an AbortError when `options.signal` is aborted,
   *   and with ERR_CLOSED when the multiplexer is closed meanwhile
   */
  async wait(timeoutMs?: number | null, options?: AsyncWaitOptions): Promise<Batch<T, B>> {
    this.#checkIdle();
    return this.#wait.wait(toTimeoutMs(timeoutMs), toAbortSignal(options));
  }

  /**
   * Iterates over batch after batch, inside the event loop, until the multiplexer is closed. A wake-up yields an empty
   * batch. Ending the iteration (`break`, or `return()` of the iterator) ends a wait that is under way.
   *
   * @param options.signal ends the iteration with an AbortError
   * @throws ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION
   */
  batches(options?: AsyncWaitOptions): AsyncGenerator<Batch<T, B>, void, undefined> {
    const signal = toAbortSignal(options);
    const isClosed = () => this.closed;
    return new BatchSequence({
      get closed() {
        return isClosed();
      },
      wait: () => {
        this.#checkIdle();
        return this.wait(null, { signal });
      },
      endWait: (error) => this.#wait.fail(error),
    });
  }

  /** As {@link batches}: `for await (const batch of multiplexer)`. */
  [Symbol.asyncIterator](): AsyncGenerator<Batch<T, B>, void, undefined> {
    return this.batches();
  }

  /**
   * Serves inside the event loop until closed or aborted: calls `handler` with each batch of ready registrations, and
   * with an empty one after a wake-up. An exception of the handler reaches `uncaughtException`, and the loop goes on.
   *
   * @param handler runs in the async context of this call. It must not be an async function: the batch is valid until
   *   it returns, and an fd that is ready would be reported again and again meanwhile. To await something for each
   *   batch, iterate: {@link batches}
   * @param options.signal ends the loop
   * @returns why it ended; rejects with ERR_CLOSED, ERR_BUSY while another wait is under way, ERR_INVALID_ARG_TYPE
   *   (also when the handler returns a promise, which ends the loop), ERR_UNKNOWN_OPTION, and with the errors of the
   *   backend's call
   */
  async run<Result>(
    handler: ((batch: Batch<T, B>) => Result) & Synchronous<Result>,
    options?: AsyncWaitOptions,
  ): Promise<RunEnd> {
    this.#checkIdle();
    checkSynchronous(handler, 'handler');
    const signal = toAbortSignal(options);
    if (signal?.aborted === true) return 'aborted';
    return this.#run.start(handler, signal);
  }

  /**
   * Serves, blocking the thread, until closed or aborted: for workers and programs that do nothing else. The event loop
   * does not run meanwhile. A wake-up, from another thread, calls `handler` with an empty batch.
   *
   * @param handler must not be an async function, as in {@link run}
   * @param options.signal ends the loop once a handler has aborted it
   * @returns why it ended
   * @throws anything that `handler` throws, which ends the loop; anything that an `onReady` throws, after the others of
   *   its turn were served; ERR_CLOSED, ERR_BUSY, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
   */
  runSync<Result>(
    handler: ((batch: Batch<T, B>) => Result) & Synchronous<Result>,
    options?: SyncWaitOptions & AsyncWaitOptions,
  ): RunEnd {
    this.#checkIdle();
    checkSynchronous(handler, 'handler');
    const handling = toSignalHandling(options, RUN_SYNC_OPTIONS);
    return this.#blocking.run(handler, handling, toAbortSignal(options, RUN_SYNC_OPTIONS));
  }

  /**
   * Ends the wait under way or, if there is none, the next one, which returns an empty batch (or what happens to be
   * ready). Several wake-ups before a wait count as one. For another thread, see {@link wakeupToken}.
   *
   * @throws ERR_CLOSED
   */
  wakeup(): void {
    this.#registry.checkOpen();
    this.#dispatch.wake();
    this.#loop.lookSoon();
  }

  /**
   * Returns the token by which another thread wakes this multiplexer: post it there and call `wakeup(token)`.
   *
   * @throws EMFILE, ENFILE (eventfd); ERR_CLOSED
   * @see eventfd(2)
   */
  wakeupToken(): WakeupToken {
    this.#registry.checkOpen();
    this.#wakeup ??= this.#openWakeup();
    return this.#wakeup.token;
  }

  /**
   * Calls back when the registrations with `onReady` of a turn have been served and before the batch is handed out,
   * again after the handler in {@link run} and {@link runSync}, and before a synchronous wait blocks: a turn's output
   * leaves then. The callback runs in the async context of this call; its exceptions reach `uncaughtException`.
   *
   * @returns a function that removes the callback
   * @throws ERR_INVALID_ARG_TYPE, also for an async function
   */
  onTurnEnd<Result>(callback: (() => Result) & Synchronous<Result>): () => void {
    return this.#dispatch.turnEnds.add(bindHandler(callback, 'callback'));
  }

  /**
   * Calls back when the backend's call has failed, before the wait ends with the same error: for a library that serves
   * fds on a multiplexer that its user waits on. The callback runs in the async context of this call; its exceptions
   * reach `uncaughtException`.
   *
   * @returns a function that removes the callback
   * @throws ERR_INVALID_ARG_TYPE, also for an async function
   */
  onError<Result>(callback: ((error: unknown) => Result) & Synchronous<Result>): () => void {
    return this.#dispatch.errors.add(bindHandler(callback, 'callback'));
  }

  /**
   * Calls back when the multiplexer is closed, after all its registrations have ended: for a library that serves fds on
   * it. The callback runs in the async context of this call; its exceptions reach `uncaughtException`.
   *
   * @returns a function that removes the callback
   * @throws ERR_INVALID_ARG_TYPE, also for an async function
   */
  onClose<Result>(callback: (() => Result) & Synchronous<Result>): () => void {
    return this.#closings.add(bindHandler(callback, 'callback'));
  }

  /** A wait under way keeps the process alive while something ref'd is registered (the default). */
  ref(): this {
    this.#wait.ref();
    return this;
  }

  /** A wait under way does not keep the process alive. */
  unref(): this {
    this.#wait.unref();
    return this;
  }

  /** Whether {@link unref} has not been called since the last {@link ref}. */
  hasRef(): boolean {
    return this.#loop.hasRef();
  }

  /** Returns the counters. */
  stats(): MultiplexerStats {
    return {
      waits: this.#dispatch.waits,
      events: this.#dispatch.events,
      staleEvents: this.#earlier.staleEvents + this.#backend.staleEvents,
      wakeups: this.#dispatch.wakeups,
      directWaits: this.#earlier.directWaits + this.#backend.directWaits,
      rebuilds: this.#earlier.rebuilds + this.#backend.rebuilds,
    };
  }

  /**
   * Ends every registration and closes what the multiplexer itself opened. The registered fds stay open. A wait under
   * way ends with ERR_CLOSED; an iteration and `run` end without an error. Idempotent.
   *
   * @throws EBADF if other code has closed its epoll fd; the multiplexer is closed all the same
   */
  close(): void {
    if (this.closed) return;
    this.#retire();
    this.#registry.close();
    this.#wait.fail(closedError('the multiplexer'));
    this.#run.end('closed');
    this.#loop.close();
    try {
      // If other code has closed the epoll fd, this fails, but the callbacks of the end must run all the same.
      this.#backend.close();
    } finally {
      this.#wakeup?.close();
      this.#closings.call(undefined, this.#dispatch.fail);
    }
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    const state = this.closed ? 'closed' : this.#isBusy ? 'waiting' : 'idle';
    return summary('Multiplexer', { backend: this.backend, size: this.size, state }, depth, options);
  }

  get #isBusy(): boolean {
    return this.#dispatch.isInTurn || this.#loop.pending;
  }

  /** Lets one wait at a time through. */
  #checkIdle(): void {
    this.#registry.checkOpen();
    if (this.#isBusy) throw busyError('another wait is under way');
  }

  #openWakeup(): WakeupSource {
    const wakeup = new WakeupSource();
    try {
      this.#dispatch.listenTo(wakeup);
    } catch (error) {
      wakeup.close();
      throw error;
    }
    if (this.#backend.holdsCopyOfSet) this.#loop.lookSoon();
    return wakeup;
  }
}
