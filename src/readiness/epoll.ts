/** epoll(7): an instance of the kernel that remembers the fds to watch. */
import { checkInteger, checkOptions, type FdLike, type OptionNames, toFd, toTimeoutMs } from '../arguments.js';
import { native } from '../binding/load.js';
import { invalidArgType, outOfRange, present } from '../errors.js';
import { blockingCall } from './blocking-call.js';
import { unknownEpollEvents } from './constants.js';
import {
  EPIOCGPARAMS,
  EPIOCSPARAMS,
  type EpollParams,
  packParams,
  PARAMS_BYTES,
  unpackParams,
} from './epoll-params.js';
import { CALL_OUT_DATA, EpollWatch, FINDING_LAYOUT } from './epoll-watch.js';
import {
  type EventLayout,
  eventLayout,
  eventWords,
  INITIAL_EVENTS,
  MAX_EVENTS_LIMIT,
  waitForEvents,
} from './event-buffer.js';
import { OpenFd } from './open-fd.js';
import { WaitObject } from './wait-object.js';
import {
  ASYNC_WAIT_OPTIONS,
  type AsyncWaitOptions,
  emptied,
  type IntoOption,
  RETRYING,
  type SignalHandling,
  SYNC_WAIT_OPTIONS,
  type SyncWaitOptions,
  toAbortSignal,
  toResult,
  toSignalHandling,
} from './wait-options.js';
import { epollWaiterKind, type WaiterKind } from './waiter.js';

/** epoll_ctl(2)'s operations. */
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

/** A report of epoll about one fd. */
export interface EpollEvent {
  /** The number under which it was added. */
  readonly fd: number;
  /** The event mask, unsigned. EPOLLERR and EPOLLHUP are reported whether asked for or not. */
  readonly events: number;
}

/** Options of {@link Epoll}. */
export interface EpollOptions {
  /** How asynchronous waits meet the event loop. By default `'uv'` under Node.js and `'thread'` elsewhere. */
  readonly waiter?: WaiterKind | undefined;
}

const OPTIONS: OptionNames<EpollOptions> = { waiter: true };

/** How many events a wait returns at most. */
export interface MaxEventsOption {
  /**
   * At most this many events, from 1 to 1,048,576; the rest is first in line the next time. By default, as many as fds
   * were added, so that one wait reports everything.
   */
  readonly maxEvents?: number | undefined;
}

/** The options that the two waits of {@link Epoll} share. */
type ListOptions = MaxEventsOption & IntoOption<EpollEvent>;

const LIST_OPTIONS: OptionNames<ListOptions> = { maxEvents: true, into: true };
const SYNC_OPTIONS: OptionNames<SyncWaitOptions & ListOptions> = { ...SYNC_WAIT_OPTIONS, ...LIST_OPTIONS };
const ASYNC_OPTIONS: OptionNames<AsyncWaitOptions & ListOptions> = { ...ASYNC_WAIT_OPTIONS, ...LIST_OPTIONS };

/** @throws ERR_INVALID_ARG_TYPE, or ERR_OUT_OF_RANGE for bits that epoll does not know */
function toEventMask(events: unknown): number {
  if (typeof events !== 'number') throw invalidArgType('events', 'a number', events);
  if (!Number.isInteger(events) || events < -0x8000_0000 || events > 0xffff_ffff || unknownEpollEvents(events) !== 0) {
    throw outOfRange('events', 'made of the EPOLL constants', events);
  }
  return events >>> 0;
}

/** Stands in {@link Epoll} for an fd that was added and has not been reported yet. */
const NOT_REPORTED: EpollEvent = Object.freeze({ fd: -1, events: 0 });

/**
 * An epoll instance: its own epoll fd, close-on-exec.
 *
 * The kernel watches open file descriptions, not numbers. Remove an fd before closing it: while a duplicate keeps the
 * description open, a closed fd is still reported under its old number, and cannot be removed any more.
 *
 * @see epoll(7), epoll_create(2), epoll_ctl(2), epoll_wait(2)
 */
export class Epoll extends WaitObject<EpollEvent> {
  readonly #fd: number;
  readonly #waiterKind: WaiterKind;
  readonly #watch: EpollWatch;
  /**
   * By fd, the latest report. Events are immutable, so an equal one is the same object, and a wait makes no garbage per
   * event.
   */
  readonly #last: (EpollEvent | undefined)[] = [];
  /** How many fds were added and not removed. */
  #added = 0;
  /** How many events a wait has room for if the caller sets no limit. */
  #room = INITIAL_EVENTS;
  #asyncMaxEvents: number | undefined;
  /** The array for the events of the asynchronous wait under way. */
  #asyncResult: EpollEvent[] = [];

  /**
   * Creates an epoll instance.
   *
   * @throws EMFILE, ENFILE, ENOMEM; ERR_UNSUPPORTED_PLATFORM, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   * @see epoll_create1(2)
   */
  constructor(options?: EpollOptions);
  constructor(options?: EpollOptions, adopted?: unknown) {
    if (options !== undefined) checkOptions(options, 'options', OPTIONS);
    const waiterKind = epollWaiterKind(options?.waiter);
    super(
      'Epoll',
      'the epoll object',
      { open: (report) => this.#watch.openWaiter(report), isWorthLooking: () => false },
      {
        look: () => this.#call(this.#asyncResult, this.#asyncMaxEvents, 0, RETRYING),
        nothing: () => emptied(this.#asyncResult),
      },
    );
    this.#waiterKind = waiterKind;
    this.#fd = adopted instanceof OpenFd ? adopted.number : native.epollCreate();
    const mayLoseEvents = adopted instanceof OpenFd;
    this.#watch = new EpollWatch(waiterKind, this.#fd, mayLoseEvents, () => this.#limit(this.#asyncMaxEvents));
  }

  /**
   * Takes over an epoll fd that was made elsewhere. From now on this object owns it: {@link close} closes it. Events
   * are understood if any `Epoll` has added their fds; others carry whatever data their maker chose.
   *
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. If it is not an epoll fd, its first use fails (EINVAL, EBADF).
   */
  static fromFd(fd: number, options?: EpollOptions): Epoll {
    const adopt: new (options: EpollOptions | undefined, adopted: OpenFd) => Epoll = Epoll;
    return new adopt(options, new OpenFd(toFd(fd)));
  }

  /**
   * The epoll fd, itself pollable: readable when a wait would return something.
   *
   * @throws ERR_CLOSED
   */
  get fd(): number {
    this.checkOpen();
    return this.#fd;
  }

  /**
   * Starts watching an fd. It takes effect during a wait, too.
   *
   * @param events the events to watch for: EPOLLIN, EPOLLOUT ..., with EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE,
   * EPOLLWAKEUP
   * @throws EBADF (not open), EEXIST (watched already), EPERM (a regular file or a directory, which epoll does not
   *   watch), ELOOP, EINVAL, ENOSPC, ENOMEM; ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   * @see epoll_ctl(2), EPOLL_CTL_ADD
   */
  add(fd: FdLike, events: number): void {
    this.checkOpen();
    const number = toFd(fd);
    const mask = toEventMask(events);
    this.#watch.expect(number);
    native.epollCtl(this.#fd, EPOLL_CTL_ADD, number, mask, number, 0);
    if (this.#last[number] === undefined) {
      this.#last[number] = NOT_REPORTED;
      this.#added += 1;
    }
  }

  /**
   * Changes the events that an fd is watched for. Arms it again after EPOLLONESHOT; in edge mode, an fd that is ready
   * is reported once more.
   *
   * @throws ENOENT (not watched), EBADF, EINVAL (EPOLLEXCLUSIVE), ENOMEM; ERR_CLOSED, ERR_INVALID_ARG_TYPE,
   *   ERR_OUT_OF_RANGE
   * @see epoll_ctl(2), EPOLL_CTL_MOD
   */
  modify(fd: FdLike, events: number): void {
    this.checkOpen();
    const number = toFd(fd);
    native.epollCtl(this.#fd, EPOLL_CTL_MOD, number, toEventMask(events), number, 0);
  }

  /**
   * Stops watching an fd. It takes effect during a wait, too.
   *
   * @throws ENOENT (not watched), EBADF (not open), EPERM; ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   * @see epoll_ctl(2), EPOLL_CTL_DEL
   */
  remove(fd: FdLike): void {
    this.checkOpen();
    const number = toFd(fd);
    native.epollCtl(this.#fd, EPOLL_CTL_DEL, number, 0, 0, 0);
    this.#watch.forget(number);
    if (this.#last[number] !== undefined) {
      this.#last[number] = undefined;
      this.#added -= 1;
    }
  }

  /**
   * Waits, blocking the thread.
   *
   * @param timeoutMs in milliseconds, fractions honoured; 0 looks and returns; `null`, `undefined` and Infinity wait
   *   for ever
   * @returns the ready fds, in the kernel's order, in a new array or in `options.into`; empty when the time is up, and
   *   after a signal unless `options.onSignal` is `'retry'`
   * @throws ERR_CLOSED, ERR_BUSY while another wait is under way, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   * @see epoll_wait(2), epoll_pwait2(2)
   */
  waitSync(
    timeoutMs?: number | null,
    options?: SyncWaitOptions & MaxEventsOption & IntoOption<EpollEvent>,
  ): EpollEvent[] {
    this.checkIdle();
    const timeout = toTimeoutMs(timeoutMs);
    const handling = toSignalHandling(options, SYNC_OPTIONS);
    return this.#call(toResult(options), toMaxEvents(options), timeout, handling);
  }

  /**
   * Waits while the event loop goes on.
   *
   * @returns as {@link waitSync}; rejects with the errors of that, with an AbortError when `options.signal` is aborted,
   *   and with ERR_CLOSED when the object is closed meanwhile
   * @see epoll_wait(2)
   */
  async wait(
    timeoutMs?: number | null,
    options?: AsyncWaitOptions & MaxEventsOption & IntoOption<EpollEvent>,
  ): Promise<EpollEvent[]> {
    this.checkOpen();
    const timeout = toTimeoutMs(timeoutMs);
    const signal = toAbortSignal(options, ASYNC_OPTIONS);
    const maxEvents = toMaxEvents(options);
    const result = toResult(options);
    if (!this.isWaiting) {
      this.#asyncMaxEvents = maxEvents;
      this.#asyncResult = result;
    }
    return this.startWait(timeout, signal);
  }

  /**
   * The busy-polling parameters.
   *
   * @throws ENOTTY before Linux 6.9; ERR_CLOSED
   * @see ioctl_eventpoll(2), EPIOCGPARAMS
   */
  getParams(): EpollParams {
    this.checkOpen();
    const bytes = new Uint8Array(PARAMS_BYTES);
    native.ioctl(this.#fd, EPIOCGPARAMS, bytes);
    return unpackParams(bytes);
  }

  /**
   * Sets the busy-polling parameters.
   *
   * @throws EPERM (a budget above 64 without CAP_NET_ADMIN), ENOTTY before Linux 6.9; ERR_CLOSED, ERR_INVALID_ARG_TYPE,
   *   ERR_OUT_OF_RANGE
   * @see ioctl_eventpoll(2), EPIOCSPARAMS
   */
  setParams(params: EpollParams): void {
    this.checkOpen();
    native.ioctl(this.#fd, EPIOCSPARAMS, packParams(params));
  }

  /** Closes the epoll fd; a wait under way ends with ERR_CLOSED. The fds that it watched stay open. Idempotent. */
  override close(): void {
    if (this.closed) return;
    super.close();
    this.#last.length = 0;
    native.close(this.#fd);
  }

  /** @internal */
  protected override inspected(): Readonly<Record<string, unknown>> {
    const { closed } = this;
    return { fd: closed ? -1 : this.#fd, closed, waiter: this.#waiterKind, size: this.#added };
  }

  /** How many events a wait has room for. */
  #limit(maxEvents: number | undefined): number {
    if (this.#added > this.#room) this.#room = Math.min(this.#added, MAX_EVENTS_LIMIT);
    return maxEvents === undefined ? this.#room : Math.min(maxEvents, this.#room);
  }

  #call(
    result: EpollEvent[],
    maxEvents: number | undefined,
    timeoutMs: number,
    handling: SignalHandling,
  ): EpollEvent[] {
    const limit = this.#limit(maxEvents);
    if (this.#watch.mayLoseEvents) return this.#askAndTake(result, limit, timeoutMs, handling);
    return this.#ask(result, limit, timeoutMs, handling);
  }

  /** Also asks for the events that a helper thread has taken out of the kernel. */
  #askAndTake(result: EpollEvent[], limit: number, timeoutMs: number, handling: SignalHandling): EpollEvent[] {
    const found = this.#watch.takeFindings(limit);
    if (found.length > 0) return this.#read(result, found, found.length / FINDING_LAYOUT.strideWords, FINDING_LAYOUT);
    const deadline = performance.now() + timeoutMs;
    for (let remaining = timeoutMs; ;) {
      const count = this.#ask(result, limit, remaining, handling).length;
      // Another thread that waits on the same instance may be waking its helper.
      dropCallOuts(result);
      if (result.length > 0 || count === 0 || timeoutMs === 0) return result;
      if (timeoutMs > 0) remaining = Math.max(0, deadline - performance.now());
    }
  }

  #ask(
    result: EpollEvent[],
    limit: number,
    timeoutMs: number,
    { retryOnSignal, signalMask }: SignalHandling,
  ): EpollEvent[] {
    const words = eventWords(limit);
    const count =
      timeoutMs === 0
        ? waitForEvents(this.#fd, limit, 0, retryOnSignal, signalMask)
        : this.#block(limit, timeoutMs, retryOnSignal, signalMask);
    // Fds added through another object are not counted: if the room was used up, there will be more the next time.
    if (count === this.#room) this.#room = Math.min(this.#room * 2, MAX_EVENTS_LIMIT);
    return this.#read(result, words, count, eventLayout());
  }

  /** It is a separate function, because one that makes a closure pays for it with every call. */
  #block(limit: number, timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    return blockingCall(timeoutMs, (slice) => waitForEvents(this.#fd, limit, slice, retryOnSignal, signalMask));
  }

  #read(result: EpollEvent[], words: Uint32Array, count: number, { strideWords, dataWord }: EventLayout): EpollEvent[] {
    for (let index = 0, at = 0; index < count; index += 1, at += strideWords) {
      const events = present(words[at], 'a word of the answer');
      const fd = present(words[at + dataWord], 'a word of the answer');
      const last = this.#last[fd];
      if (last?.events === events) {
        result[index] = last;
      } else {
        const event = Object.freeze({ fd, events });
        if (last !== undefined) this.#last[fd] = event;
        result[index] = event;
      }
    }
    // Setting an unchanged length would cost as much as an event.
    if (result.length !== count) result.length = count;
    return result;
  }
}

function dropCallOuts(events: EpollEvent[]): void {
  let size = 0;
  for (const event of events) {
    if (event.fd === CALL_OUT_DATA) continue;
    events[size] = event;
    size += 1;
  }
  if (events.length !== size) events.length = size;
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
function toMaxEvents(options: MaxEventsOption | undefined): number | undefined {
  const maxEvents = options?.maxEvents;
  if (maxEvents !== undefined) checkInteger(maxEvents, 'options.maxEvents', 1, MAX_EVENTS_LIMIT);
  return maxEvents;
}
