/** Many fds, one wait: the uniform API over select(2), poll(2) and epoll(7). */
import { AsyncResource } from 'node:async_hooks';
import { inspect, type InspectOptions } from 'node:util';
import {
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkOptions,
  type FdLike,
  type OptionNames,
  toFd,
  toTimeoutMs,
} from '../arguments.js';
import { native } from '../binding/load.js';
import { busyError, closedError, notRegisteredError, systemError, unsupportedTriggerError } from '../errors.js';
import { summary } from '../inspect.js';
import { AsyncWait } from '../readiness/async-wait.js';
import { blockingCall } from '../readiness/blocking-call.js';
import { MAX_EVENTS_LIMIT } from '../readiness/event-buffer.js';
import {
  ASYNC_WAIT_OPTIONS,
  type AsyncWaitOptions,
  SYNC_WAIT_OPTIONS,
  type SyncWaitOptions,
  toAbortSignal,
  toSignalHandling,
} from '../readiness/wait-options.js';
import { epollWaiterKind, rethrowLater, type Waiter, type WaiterKind } from '../readiness/waiter.js';
import {
  type Backend,
  BACKEND_NAMES,
  type BackendName,
  defaultBackend,
  ReadyList,
  type Trigger,
  type TriggerOf,
  TRIGGERS,
} from './backend.js';
import { createBatch } from './batch.js';
import { BatchSequence } from './batches.js';
import { EpollBackend } from './epoll-backend.js';
import { bindHandler, checkNoPromise, checkSynchronous, type Synchronous } from './handler.js';
import { type Interest, toInterestMask } from './interest.js';
import { announce } from './open-multiplexers.js';
import { PollBackend } from './poll-backend.js';
import {
  CHANGES,
  type Registration,
  type RegistrationChanges,
  type RegistrationOwner,
  RegistrationRecord,
} from './registration.js';
import { SelectBackend } from './select-backend.js';
import { WakeupSource, type WakeupToken } from './wakeup.js';

/** Options of {@link Multiplexer}. */
export interface MultiplexerOptions<B extends BackendName = BackendName> {
  /** The kernel interface to rest on; by default `'epoll'`. */
  readonly backend?: B | undefined;
  /** How many events one wait takes from epoll at most, 1 to 1,048,576. By default there is room for all. */
  readonly maxEvents?: number | undefined;
  /**
   * What becomes of an fd that epoll does not watch (EPERM: regular files, directories). `'error'`, the default:
   * registering it throws. `'ready'`: it counts as always ready to read and write, as poll and select see it.
   */
  readonly unpollable?: 'error' | 'ready' | undefined;
  /**
   * How asynchronous waits meet the event loop. By default `'uv'` for epoll under Node.js, and `'thread'` otherwise;
   * poll and select have only `'thread'`.
   */
  readonly waiter?: (B extends 'epoll' ? WaiterKind : 'thread') | undefined;
}

/** What `Multiplexer.register` takes, without the data. */
export interface RegisterSettings<T, B extends BackendName = BackendName> {
  /** What to be told about. */
  readonly interest: Interest;
  /** When to be told; by default `'level'`. */
  readonly trigger?: TriggerOf<B> | undefined;
  /**
   * Of several epoll instances that watch the same open file description, wake one instead of all (EPOLLEXCLUSIVE).
   * Epoll only, and neither with a one-shot trigger nor with priority interest. It takes a wait that blocks
   * (`waitSync`, `runSync`): those inside the event loop are all woken. By default false.
   */
  readonly exclusive?: (B extends 'epoll' ? boolean : false) | undefined;
  /**
   * Serves this registration, in whichever form the wait has; it is then not part of any batch. It runs in the async
   * context of the call of `register`. What it throws reaches `uncaughtException`, and the others are served all the
   * same. It must not be an async function, since nobody awaits it: ERR_INVALID_ARG_TYPE.
   */
  readonly onReady?: ((registration: Registration<T, B>) => void) | undefined;
}

/** What `Multiplexer.register` takes. `data` can be left out where its type allows undefined. */
export type RegisterOptions<T, B extends BackendName = BackendName> = RegisterSettings<T, B> &
  (undefined extends T ? { readonly data?: T } : { readonly data: T });

/** The registrations that are ready, valid until the next wait. */
export type Batch<T = unknown, B extends BackendName = BackendName> = readonly Registration<T, B>[];

/** What a multiplexer has done since it was made. */
export interface MultiplexerStats {
  /** Calls of select(2), poll(2) or epoll_wait(2). */
  readonly waits: number;
  /** Registrations that were reported, to a handler or in a batch. */
  readonly events: number;
  /** Events of registrations that were gone, which were dropped. */
  readonly staleEvents: number;
  /** Waits that a wake-up ended. */
  readonly wakeups: number;
  /** How often the epoll fd was made anew, to be rid of stale events that would not end. */
  readonly rebuilds: number;
}

/** Why a loop of waits came to its end. */
export type RunEnd =
  /** The multiplexer was closed. */
  | 'closed'
  /** The AbortSignal was aborted. */
  | 'aborted'
  /** A signal interrupted the wait, and `onSignal` is `'return'`. */
  | 'interrupted';

const OPTIONS: OptionNames<MultiplexerOptions> = { backend: true, maxEvents: true, unpollable: true, waiter: true };
const REGISTER_OPTIONS: OptionNames<RegisterSettings<unknown> & { readonly data: unknown }> = {
  interest: true,
  trigger: true,
  exclusive: true,
  onReady: true,
  data: true,
};
const RUN_SYNC_OPTIONS: OptionNames<SyncWaitOptions & AsyncWaitOptions> = {
  ...SYNC_WAIT_OPTIONS,
  ...ASYNC_WAIT_OPTIONS,
};

const WHAT = 'the multiplexer';

/** What came of one call of the backend. */
interface TurnOutcome {
  /** Whether there is something to tell whoever waits. */
  readonly isOver: boolean;
  /** How many events there were, whatever became of them. */
  readonly count: number;
}

/** What `run` needs until it ends. */
interface Run<T, B extends BackendName> {
  readonly handler: (batch: Batch<T, B>) => unknown;
  /** The async context that the handler runs in. */
  readonly context: AsyncResource;
  readonly resolve: (end: RunEnd) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
}

/**
 * Watches many fds and tells which are ready. The same program runs on select, poll and epoll; what a backend cannot do
 * it refuses, with ERR_UNSUPPORTED_TRIGGER, and where `B` names the backend the compiler refuses it first.
 *
 * A multiplexer never closes or changes the fds that are registered. Unregister an fd before closing it; what this
 * package closes (sockets, connections, timers ...) leaves every multiplexer of its thread by itself.
 *
 * It keeps the process alive while a wait is under way and something ref'd is registered.
 *
 * @typeParam T the type of the data that comes with each registration
 * @typeParam B the backend, where it is known: `Multiplexer<T, 'poll'>`
 * @see select(2), poll(2), epoll(7)
 */
export class Multiplexer<T = unknown, B extends BackendName = BackendName> implements Disposable {
  readonly #backend: Backend<RegistrationRecord<T>>;
  readonly #owner: RegistrationOwner<T>;
  readonly #wait: AsyncWait<Batch<T, B>>;
  /** By fd. */
  readonly #records: (RegistrationRecord<T> | undefined)[] = [];
  /** By the object that it was registered by, if it was one. */
  readonly #bySource = new Map<object, RegistrationRecord<T>>();
  /** What the kernel's call found. */
  readonly #ready = new ReadyList<RegistrationRecord<T>>();
  /** What the latest wait gives to whoever waited. */
  readonly #batch = createBatch<T>();
  /** What the next wait reports without asking the kernel. */
  #queued: RegistrationRecord<T>[] = [];
  #closeCallbacks: readonly (() => void)[] = [];
  #turnEndCallbacks: readonly (() => void)[] = [];
  #errorCallbacks: readonly ((error: unknown) => void)[] = [];
  #waiter: Waiter | undefined;
  #wakeup: WakeupSource | undefined;
  #run: Run<T, B> | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** Whether handlers of a turn are being called, or a synchronous wait is under way. */
  #isInTurn = false;
  #isWoken = false;
  /**
   * Whether the latest turn found something: then the next is likely to, and looking is cheaper than a thread's report.
   */
  #wasReady = false;
  /** In `runSync`, what a handler threw; elsewhere it goes to `uncaughtException` at once. */
  #syncFailures: unknown[] | undefined;
  #keepsAlive = true;
  #closed = false;
  readonly #retire = announce(this);
  #size = 0;
  /** How many registrations keep the process alive. */
  #refCount = 0;
  #generation = 0;
  #waits = 0;
  #events = 0;
  #wakeups = 0;

  /**
   * @throws EMFILE, ENFILE (epoll_create1); ERR_UNSUPPORTED_PLATFORM, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE,
   *   ERR_UNKNOWN_OPTION
   */
  constructor(options: MultiplexerOptions<B> = {}) {
    this.#backend = this.#createBackend(options);
    this.#owner = this.#createOwner();
    this.#wait = new AsyncWait<Batch<T, B>>({
      start: () => {
        this.#awaitReport();
      },
      stop: () => this.#waiter?.stop(),
      beforeLastLook: () => this.#waiter?.stop(),
      look: () => this.#look(),
      nothing: () => this.#batch,
    });
  }

  /** The backends that this system has, best first. Empty where fdmux does not run. */
  static backends(): BackendName[] {
    return native.constants['EPOLLIN'] === undefined ? [] : [...BACKEND_NAMES];
  }

  /** The backend in use. */
  get backend(): BackendName {
    return this.#backend.name;
  }

  /** How many fds are registered. */
  get size(): number {
    return this.#size;
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether this multiplexer's backend has a trigger. */
  supports(trigger: Trigger): trigger is TriggerOf<B> {
    checkOneOf(trigger, 'trigger', TRIGGERS);
    return this.#backend.triggers.includes(trigger);
  }

  /**
   * Starts watching an fd. It takes effect during a wait, too. The fd stays the caller's: it is neither closed nor
   * reconfigured, so for reading until nothing is left it has to be non-blocking already.
   *
   * @throws EEXIST where the fd number is registered (unregister before closing); with epoll EBADF (not open), EPERM
   *   (does not support polling, see `unpollable`), ENOSPC, ENOMEM, EINVAL; ERR_UNSUPPORTED_TRIGGER, ERR_CLOSED,
   *   ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION. Poll and select find out at the wait that an fd is
   *   not open, and report it (`isInvalid`).
   * @see epoll_ctl(2)
   */
  register(fd: FdLike, options: RegisterOptions<T, B>): Registration<T, B> {
    this.#checkOpen();
    const number = toFd(fd);
    const record = this.#createRecord(fd, number, options);
    if (this.#records[number] !== undefined) {
      throw systemError('EEXIST', 'register', 'this fd is registered already', number);
    }
    this.#backend.add(record);
    this.#records[number] = record;
    if (typeof fd === 'object') this.#bySource.set(fd, record);
    this.#size += 1;
    this.#refCount += 1;
    this.#changed();
    return record;
  }

  /**
   * The registration of an fd, or undefined. After {@link close} there is none. @throws ERR_INVALID_ARG_TYPE,
   * ERR_OUT_OF_RANGE
   */
  get(fd: FdLike): Registration<T, B> | undefined {
    return this.#records[toFd(fd)];
  }

  /** Whether an fd is registered. @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
  has(fd: FdLike): boolean {
    return this.#records[toFd(fd)] !== undefined;
  }

  /**
   * Changes a registration, see {@link Registration.modify}.
   *
   * @throws ERR_NOT_REGISTERED and what that throws
   */
  modify(fd: FdLike, changes: RegistrationChanges<T, B>): Registration<T, B> {
    this.#checkOpen();
    const record = this.#find(fd);
    this.#modify(record, changes);
    return record;
  }

  /**
   * Ends a registration, found by its fd, or, where the fd has become invalid, by the object that it was registered by.
   *
   * @throws ERR_NOT_REGISTERED, ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  unregister(fd: FdLike): Registration<T, B> {
    this.#checkOpen();
    const record = this.#find(fd);
    this.#unregister(record);
    return record;
  }

  /** The registrations, in the order of their fds. */
  *[Symbol.iterator](): Generator<Registration<T, B>, void, undefined> {
    // An array with an fd of a million is sparse: its values, not its indices, are walked.
    for (const record of Object.values(this.#records)) if (record !== undefined) yield record;
  }

  /**
   * Waits, blocking the thread. Registrations with `onReady` are served on the way and do not end the wait.
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
    const timeout = toTimeoutMs(timeoutMs);
    const { retryOnSignal, signalMask } = toSignalHandling(options);
    const deadline = timeout > 0 ? performance.now() + timeout : 0;
    this.#isInTurn = true;
    try {
      // What was written before leaves before this blocks.
      this.#endTurn();
      for (let remaining = timeout; ;) {
        const { isOver, count } = this.#turn(remaining, retryOnSignal, signalMask);
        if (this.#closed) throw closedError(WHAT);
        if (isOver || count === 0 || timeout === 0) return this.#batch;
        // Only stale or served events so far.
        if (timeout > 0) remaining = Math.max(0, deadline - performance.now());
      }
    } finally {
      this.#isInTurn = false;
    }
  }

  /**
   * Waits while the event loop goes on. Registrations with `onReady` are served on the way and do not end the wait.
   *
   * @returns as {@link waitSync}; rejects with what that throws, with an AbortError when `options.signal` is aborted,
   *   and with ERR_CLOSED when the multiplexer is closed meanwhile
   */
  async wait(timeoutMs?: number | null, options?: AsyncWaitOptions): Promise<Batch<T, B>> {
    this.#checkIdle();
    return this.#wait.wait(toTimeoutMs(timeoutMs), toAbortSignal(options));
  }

  /**
   * Batch after batch, inside the event loop, until the multiplexer is closed. A wake-up gives an empty batch. Ending
   * the iteration (`break`, or `return()` of the iterator) ends a wait that is under way.
   *
   * @param options.signal ends the iteration with an AbortError
   * @throws ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION
   */
  batches(options?: AsyncWaitOptions): AsyncGenerator<Batch<T, B>, void, undefined> {
    const signal = toAbortSignal(options);
    const isClosed = () => this.#closed;
    return new BatchSequence({
      get closed() {
        return isClosed();
      },
      wait: () => this.wait(null, { signal }),
      endWait: (error) => this.#wait.fail(error),
    });
  }

  /** As {@link batches}: `for await (const batch of multiplexer)`. */
  [Symbol.asyncIterator](): AsyncGenerator<Batch<T, B>, void, undefined> {
    return this.batches();
  }

  /**
   * Serves inside the event loop until closed or aborted: whenever something is ready, calls `handler` with it. What
   * the handler throws reaches `uncaughtException`, and the loop goes on. A wake-up calls it with an empty batch.
   *
   * @param handler runs in the async context of this call. It must not be an async function: the batch is valid until
   *   it returns, and what is ready would be reported again and again meanwhile. To await something for each batch,
   *   iterate: {@link batches}
   * @param options.signal ends the loop
   * @returns why it ended; rejects with ERR_CLOSED, ERR_BUSY while another wait is under way, ERR_INVALID_ARG_TYPE
   *   (also when the handler returns a promise, which ends the loop), ERR_UNKNOWN_OPTION, and with what the backend's
   *   call throws
   */
  async run<Result>(
    handler: ((batch: Batch<T, B>) => Result) & Synchronous<Result>,
    options?: AsyncWaitOptions,
  ): Promise<RunEnd> {
    this.#checkIdle();
    checkSynchronous(handler, 'handler');
    const signal = toAbortSignal(options);
    if (signal?.aborted === true) return 'aborted';
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#endRun()?.resolve('aborted');
      const context = new AsyncResource('FDMUX');
      this.#run = { handler, context, resolve, reject, signal, onAbort };
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        this.#awaitReport();
      } catch (error) {
        this.#endRun()?.reject(error);
      }
    });
  }

  /**
   * Serves, blocking the thread, until closed or aborted: for workers and programs that do nothing else. Nothing of the
   * event loop runs meanwhile; a wake-up, from another thread, calls `handler` with an empty batch.
   *
   * @param handler must not be an async function, as in {@link run}
   * @param options.signal ends the loop once a handler has aborted it
   * @returns why it ended
   * @throws what `handler` throws, which ends the loop; what an `onReady` throws, after the others of its turn were
   *   served; ERR_CLOSED, ERR_BUSY, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
   */
  runSync<Result>(
    handler: ((batch: Batch<T, B>) => Result) & Synchronous<Result>,
    options?: SyncWaitOptions & AsyncWaitOptions,
  ): RunEnd {
    this.#checkIdle();
    checkSynchronous(handler, 'handler');
    const { retryOnSignal, signalMask } = toSignalHandling(options, RUN_SYNC_OPTIONS);
    const signal = toAbortSignal(options, RUN_SYNC_OPTIONS);
    const failures: unknown[] = [];
    this.#isInTurn = true;
    this.#syncFailures = failures;
    try {
      // What was written before leaves before this blocks.
      this.#endTurn();
      for (;;) {
        if (signal?.aborted === true) return 'aborted';
        const { isOver, count } = this.#turn(-1, retryOnSignal, signalMask);
        if (isOver && !this.#closed) checkNoPromise(this.#hand(handler), 'handler');
        if (failures.length > 0) throw failures[0];
        if (this.#closed) return 'closed';
        if (!isOver && count === 0) return 'interrupted';
      }
    } finally {
      this.#isInTurn = false;
      this.#syncFailures = undefined;
    }
  }

  /**
   * Ends the wait under way, or, where there is none, the next: it gives an empty batch (or what happens to be ready).
   * Many wake-ups before a wait count as one. For another thread, see {@link wakeupToken}.
   *
   * @throws ERR_CLOSED
   */
  wakeup(): void {
    this.#checkOpen();
    this.#isWoken = true;
    this.#lookSoon();
  }

  /**
   * What another thread needs to wake this multiplexer: post it there and call `wakeup(token)`.
   *
   * @throws EMFILE, ENFILE (eventfd); ERR_CLOSED
   * @see eventfd(2)
   */
  wakeupToken(): WakeupToken {
    this.#checkOpen();
    if (this.#wakeup === undefined) {
      const source = new WakeupSource();
      try {
        this.#backend.watchWakeup(source.fd);
      } catch (error) {
        source.close();
        throw error;
      }
      this.#wakeup = source;
      this.#changed();
    }
    return this.#wakeup.token;
  }

  /**
   * Calls back when the registrations with `onReady` of a batch have been served, before the batch is handed out, in
   * {@link run} and {@link runSync} again after the handler, and before a synchronous wait blocks: the place where a
   * turn's output leaves. It runs in the async context of this call. What it throws reaches `uncaughtException`.
   *
   * @returns takes the callback back
   * @throws ERR_INVALID_ARG_TYPE, also for an async function
   */
  onTurnEnd<Result>(callback: (() => Result) & Synchronous<Result>): () => void {
    const bound = bindHandler(callback, 'callback');
    this.#turnEndCallbacks = [...this.#turnEndCallbacks, bound];
    return () => {
      this.#turnEndCallbacks = this.#turnEndCallbacks.filter((other) => other !== bound);
    };
  }

  /**
   * Calls back when the backend's call has failed, before the wait ends with the same error: for whoever serves fds on
   * a multiplexer that somebody else waits on. It runs in the async context of this call. What it throws reaches
   * `uncaughtException`.
   *
   * @returns takes the callback back
   * @throws ERR_INVALID_ARG_TYPE, also for an async function
   */
  onError<Result>(callback: ((error: unknown) => Result) & Synchronous<Result>): () => void {
    const bound = bindHandler(callback, 'callback');
    this.#errorCallbacks = [...this.#errorCallbacks, bound];
    return () => {
      this.#errorCallbacks = this.#errorCallbacks.filter((other) => other !== bound);
    };
  }

  /**
   * Calls back when the multiplexer is closed, after all its registrations have ended: for whoever serves fds on it. It
   * runs in the async context of this call. What it throws reaches `uncaughtException`.
   *
   * @returns takes the callback back
   * @throws ERR_INVALID_ARG_TYPE, also for an async function
   */
  onClose<Result>(callback: (() => Result) & Synchronous<Result>): () => void {
    const bound = bindHandler(callback, 'callback');
    this.#closeCallbacks = [...this.#closeCallbacks, bound];
    return () => {
      this.#closeCallbacks = this.#closeCallbacks.filter((other) => other !== bound);
    };
  }

  /** A wait under way keeps the process alive while something ref'd is registered (the default). */
  ref(): this {
    this.#keepsAlive = true;
    this.#wait.ref();
    this.#immediate?.ref();
    this.#updateRef();
    return this;
  }

  /** A wait under way does not keep the process alive. */
  unref(): this {
    this.#keepsAlive = false;
    this.#wait.unref();
    this.#immediate?.unref();
    this.#updateRef();
    return this;
  }

  /** Whether {@link unref} has not been called since the last {@link ref}. */
  hasRef(): boolean {
    return this.#keepsAlive;
  }

  /** What was done so far. */
  stats(): MultiplexerStats {
    return {
      waits: this.#waits,
      events: this.#events,
      staleEvents: this.#backend.staleEvents,
      wakeups: this.#wakeups,
      rebuilds: this.#backend.rebuilds,
    };
  }

  /**
   * Ends every registration and closes what the multiplexer itself opened; the registered fds stay open. A wait under
   * way ends with ERR_CLOSED, an iteration and `run` end. Idempotent.
   *
   * @throws EBADF if somebody else has closed its epoll fd; it is closed all the same
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#retire();
    for (const record of Object.values(this.#records)) if (record !== undefined) forget(record);
    this.#records.length = 0;
    this.#bySource.clear();
    this.#queued.length = 0;
    this.#size = 0;
    this.#refCount = 0;
    this.#wait.fail(closedError(WHAT));
    this.#endRun()?.resolve('closed');
    this.#waiter?.close();
    this.#waiter = undefined;
    try {
      // It fails if somebody else has closed the epoll fd, which must not keep those from their end who are served.
      this.#backend.close();
    } finally {
      this.#wakeup?.close();
      this.#callBack(this.#closeCallbacks);
    }
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    const isBusy = this.#isInTurn || this.#run !== undefined || this.#wait.pending;
    const state = this.#closed ? 'closed' : isBusy ? 'waiting' : 'idle';
    return summary('Multiplexer', { backend: this.backend, size: this.#size, state }, depth, options);
  }

  #createBackend(options: MultiplexerOptions<B>): Backend<RegistrationRecord<T>> {
    checkOptions(options, 'options', OPTIONS);
    const { maxEvents, unpollable = 'error' } = options;
    const backend: BackendName = options.backend ?? defaultBackend();
    const waiter: WaiterKind | undefined = options.waiter;
    checkOneOf(backend, 'options.backend', BACKEND_NAMES);
    checkOneOf(unpollable, 'options.unpollable', ['error', 'ready']);
    if (maxEvents !== undefined) checkInteger(maxEvents, 'options.maxEvents', 1, MAX_EVENTS_LIMIT);
    if (backend === 'epoll') {
      return new EpollBackend({
        waiterKind: epollWaiterKind(waiter),
        maxEvents,
        acceptsUnpollable: unpollable === 'ready',
        entries: this.#records,
        onRebuild: () => {
          this.#replaceWaiter();
        },
      });
    }
    if (waiter !== undefined) checkOneOf(waiter, 'options.waiter', ['thread']);
    return backend === 'poll' ? new PollBackend() : new SelectBackend();
  }

  #createOwner(): RegistrationOwner<T> {
    return {
      tellsErrors: this.#backend.reportsErrors,
      checkRegistered: (record) => {
        this.#checkRegistered(record);
      },
      modify: (record, changes) => {
        this.#checkRegistered(record);
        this.#modify(record, changes);
      },
      pause: (record) => {
        this.#checkRegistered(record);
        if (record.state === 'paused') return;
        this.#backend.remove(record);
        record.state = 'paused';
        record.events = 0;
        record.queuedEvents = 0;
        this.#changed();
      },
      resume: (record) => {
        this.#checkRegistered(record);
        if (record.state === 'paused') this.#arm(record, 'add');
      },
      rearm: (record) => {
        this.#checkRegistered(record);
        if (record.state !== 'paused' && record.trigger !== 'level') this.#arm(record, 'modify');
      },
      unregister: (record) => {
        this.#unregister(record);
      },
      requeue: (record, events) => {
        if (record.queuedEvents === 0) this.#queued.push(record);
        record.queuedEvents = events;
        if (!this.#isInTurn) this.#lookSoon();
      },
      setRef: (record, keepsAlive) => {
        if (record.keepsAlive === keepsAlive) return;
        record.keepsAlive = keepsAlive;
        if (record.state === 'gone') return;
        this.#refCount += keepsAlive ? 1 : -1;
        this.#updateRef();
      },
    };
  }

  #createRecord(source: FdLike, fd: number, options: RegisterOptions<T, B>): RegistrationRecord<T> {
    checkOptions(options, 'options', REGISTER_OPTIONS);
    const { interest, data } = options;
    assertIsData(data);
    const trigger: Trigger = options.trigger ?? 'level';
    const exclusive: boolean = options.exclusive ?? false;
    const interestMask = toInterestMask(interest, 'options.interest');
    this.#checkTrigger(trigger);
    checkBoolean(exclusive, 'options.exclusive');
    if (exclusive && !this.#backend.hasExclusive) throw unsupportedTriggerError('exclusive', this.#backend.name);
    const onReady = options.onReady === undefined ? undefined : bindHandler(options.onReady, 'options.onReady');
    this.#generation = (this.#generation + 1) >>> 0;
    const settings = { interestMask, trigger, exclusive, onReady, data };
    return new RegistrationRecord<T>(this.#owner, source, fd, this.#generation, settings);
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError(WHAT);
  }

  /** Lets one wait at a time through. */
  #checkIdle(): void {
    this.#checkOpen();
    if (this.#isInTurn || this.#run !== undefined || this.#wait.pending) throw busyError('another wait is under way');
  }

  #checkRegistered(record: RegistrationRecord<T>): void {
    this.#checkOpen();
    if (record.state === 'gone') throw notRegisteredError(record.fd);
  }

  #checkTrigger(trigger: Trigger): void {
    checkOneOf(trigger, 'trigger', TRIGGERS);
    if (!this.#backend.triggers.includes(trigger)) throw unsupportedTriggerError(trigger, this.#backend.name);
  }

  #find(source: FdLike): RegistrationRecord<T> {
    // The fd of a closed socket object may be invalid by now, or another's.
    const bySource = typeof source === 'object' ? this.#bySource.get(source) : undefined;
    const record = bySource ?? this.#records[toFd(source)];
    if (record === undefined) throw notRegisteredError(toFd(source));
    return record;
  }

  #modify(record: RegistrationRecord<T>, changes: RegistrationChanges<T, B>): void {
    checkOptions(changes, 'changes', CHANGES);
    const { interest, trigger } = changes;
    const interestMask = interest === undefined ? record.interestMask : toInterestMask(interest);
    const newTrigger: Trigger = trigger ?? record.trigger;
    this.#checkTrigger(newTrigger);
    if ('data' in changes) record.data = changes.data;
    // The other triggers are armed anew, whether anything has changed or not.
    const isSame = record.interestMask === interestMask && record.trigger === newTrigger && newTrigger === 'level';
    if (isSame || (interest === undefined && trigger === undefined)) return;
    record.interestMask = interestMask;
    record.trigger = newTrigger;
    if (record.state !== 'paused') this.#arm(record, 'modify');
  }

  /** Has the kernel watch a registration. One that it will not watch any more is over. */
  #arm(record: RegistrationRecord<T>, verb: 'add' | 'modify'): void {
    record.state = 'active';
    try {
      if (verb === 'add') this.#backend.add(record);
      else this.#backend.modify(record);
    } catch (error) {
      this.#unregister(record);
      throw error;
    }
    this.#changed();
  }

  #unregister(record: RegistrationRecord<T>): void {
    if (record.state === 'gone') return;
    this.#backend.remove(record);
    this.#records[record.fd] = undefined;
    const { source } = record;
    if (typeof source === 'object' && this.#bySource.get(source) === record) this.#bySource.delete(source);
    this.#size -= 1;
    if (record.keepsAlive) this.#refCount -= 1;
    forget(record);
    this.#changed();
  }

  /** The set of fds has changed: a wait that is under way has to know. */
  #changed(): void {
    this.#updateRef();
    // The kernel applies changes of an epoll set itself; a thread in poll or select holds a copy of the set.
    if (this.#isInTurn || this.#waiter === undefined) return;
    if (this.#backend.holdsCopyOfSet || this.#backend.hasReady) this.#lookSoon();
  }

  #updateRef(): void {
    if (this.#keepsAlive && this.#refCount > 0) {
      this.#waiter?.ref();
    } else {
      this.#waiter?.unref();
    }
  }

  /** Whether a wait would find something that the kernel does not know about. */
  get #hasReady(): boolean {
    return this.#isWoken || this.#queued.length > 0 || this.#backend.hasReady;
  }

  /** Sees to it that the next look comes when there is something to see. */
  #awaitReport(): void {
    if (this.#hasReady || (this.#wasReady && this.#backend.isWaiterCostly)) {
      this.#wasReady = false;
      this.#lookSoon();
      return;
    }
    if (this.#waiter === undefined) {
      this.#waiter = this.#backend.openWaiter(() => {
        this.#report();
      });
      this.#updateRef();
    }
    this.#waiter.start();
  }

  /** Looks when the event loop comes round, where an asynchronous wait is under way. */
  #lookSoon(): void {
    if (this.#immediate !== undefined || (this.#run === undefined && !this.#wait.pending)) return;
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined;
      this.#report();
    });
    if (!this.#keepsAlive) this.#immediate.unref();
  }

  #report(): void {
    if (this.#run === undefined) this.#wait.report();
    else this.#runTurn();
  }

  /** A rebuild has given the backend another epoll fd. */
  #replaceWaiter(): void {
    if (this.#waiter === undefined) return;
    this.#waiter.close();
    this.#waiter = undefined;
    if (this.#run !== undefined || this.#wait.pending) this.#awaitReport();
  }

  /** One look of an asynchronous wait. */
  #look(): Batch<T, B> | undefined {
    this.#isInTurn = true;
    try {
      return this.#turn(0, true, null).isOver ? this.#batch : undefined;
    } finally {
      this.#isInTurn = false;
    }
  }

  /** One turn of `run`. */
  #runTurn(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#isInTurn = true;
    try {
      const { isOver } = this.#turn(0, true, null);
      if (isOver && this.#run === run) {
        checkNoPromise(run.context.runInAsyncScope(this.#hand, this, run.handler), 'handler');
      }
      this.#isInTurn = false;
      if (this.#run === run) this.#awaitReport();
    } catch (error) {
      this.#endRun()?.reject(error);
    } finally {
      this.#isInTurn = false;
    }
  }

  /**
   * One call of the backend, and everything that follows from it: registrations with `onReady` are served, the others
   * are put into the batch.
   */
  #turn(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): TurnOutcome {
    const ready = this.#ready;
    ready.clear();
    for (const record of this.#queued) record.events = 0;
    this.#waits += 1;
    const waitMs = this.#hasReady ? 0 : timeoutMs;
    // A look makes no closure: there is one in every turn of the event loop.
    const kernelCount =
      waitMs === 0
        ? this.#call(0, retryOnSignal, signalMask)
        : blockingCall(waitMs, (slice) => this.#call(slice, retryOnSignal, signalMask));
    const queuedCount = this.#queued.length === 0 ? 0 : this.#takeQueued();
    if (ready.woken) this.#wakeup?.reset();
    const isWoken = ready.woken || this.#isWoken;
    this.#isWoken = false;
    if (isWoken) this.#wakeups += 1;
    this.#events += ready.length;
    this.#wasReady = ready.length > 0;
    const servedCount = this.#fillBatch();
    if (servedCount > 0) this.#serve();
    if (ready.length > 0 || isWoken) this.#endTurn();
    return { isOver: isWoken || this.#batch.length > 0, count: kernelCount + queuedCount };
  }

  /** The backend's call, whose failure those learn of who are served. */
  #call(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    try {
      return this.#backend.wait(this.#ready, timeoutMs, retryOnSignal, signalMask);
    } catch (error) {
      this.#callBack(this.#errorCallbacks.map((callback) => () => callback(error)));
      throw error;
    }
  }

  /** Appends what was queued, unless the kernel has just reported it. */
  #takeQueued(): number {
    const queued = this.#queued;
    this.#queued = [];
    for (const record of queued) {
      const events = record.queuedEvents;
      record.queuedEvents = 0;
      // Without events it was paused or unregistered meanwhile.
      if (events === 0 || record.events !== 0) continue;
      record.events = events;
      this.#ready.push(record);
    }
    return queued.length;
  }

  /** @returns how many of the ready ones are to be served instead */
  #fillBatch(): number {
    const batch = this.#batch;
    const { entries, length } = this.#ready;
    let size = 0;
    for (let index = 0; index < length; index += 1) {
      const record = entries[index];
      if (record === undefined || record.onReady !== undefined) continue;
      batch[size] = record;
      size += 1;
      // Whoever is unregistered later must not be kept from being collected by this list.
      entries[index] = undefined;
    }
    if (batch.length !== size) batch.length = size;
    return length - size;
  }

  #serve(): void {
    const { entries, length } = this.#ready;
    for (let index = 0; index < length; index += 1) {
      const record = entries[index];
      if (record === undefined) continue;
      entries[index] = undefined;
      // An earlier handler has paused or unregistered it.
      if (record.events === 0) continue;
      try {
        record.onReady?.(record);
      } catch (error) {
        this.#fail(error);
      }
    }
    // The handlers may have ended the registrations of others.
    const batch = this.#batch;
    let size = 0;
    for (const record of batch) {
      batch[size] = record;
      size += 1;
    }
    if (batch.length !== size) batch.length = size;
  }

  #endTurn(): void {
    this.#callBack(this.#turnEndCallbacks);
  }

  #callBack(callbacks: readonly (() => void)[]): void {
    for (const callback of callbacks) {
      try {
        callback();
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  /**
   * Hands the batch to the handler of `run` or `runSync`. @returns what that returns: nothing, or a promise by mistake
   */
  #hand(handler: (batch: Batch<T, B>) => unknown): unknown {
    let result: unknown;
    try {
      result = handler(this.#batch);
    } catch (error) {
      this.#fail(error);
    }
    this.#endTurn();
    return result;
  }

  /** A handler has thrown. The turn goes on; whoever can tell of it does so when it is through. */
  #fail(error: unknown): void {
    if (this.#syncFailures === undefined || this.#syncFailures.length > 0) rethrowLater(error);
    else this.#syncFailures.push(error);
  }

  #endRun(): Run<T, B> | undefined {
    const run = this.#run;
    if (run === undefined) return undefined;
    this.#run = undefined;
    run.signal?.removeEventListener('abort', run.onAbort);
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#waiter?.stop();
    return run;
  }
}

/**
 * {@link RegisterOptions} lets data be missing only where T has room for undefined; the compiler cannot follow that.
 */
function assertIsData<T>(_data: T | undefined): asserts _data is T {
  // Nothing to check at run time.
}

/** Marks a registration as gone: no event of it is delivered any more. */
function forget<T>(record: RegistrationRecord<T>): void {
  record.state = 'gone';
  record.events = 0;
  record.queuedEvents = 0;
}
