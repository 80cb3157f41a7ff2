/** poll(2): one call over a list of fds. */
import {
  checkInteger,
  checkObject,
  type FdLike,
  MAX_INT32,
  type OptionNames,
  toFd,
  toTimeoutMs,
} from '../arguments.js';
import { native } from '../binding/load.js';
import { notRegisteredError, present } from '../errors.js';
import { blockingCall } from './blocking-call.js';
import { POLLIN, POLLOUT, POLLPRI } from './constants.js';
import { restorePolled } from './lost-events.js';
import { pollEntries, PollSet, type PollSetOwner, pollWords } from './poll-set.js';
import { type MergedList, SharedThread } from './shared-thread.js';
import { WaitObject } from './wait-object.js';
import {
  ASYNC_WAIT_OPTIONS,
  type AsyncWaitOptions,
  checkIterable,
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

/** One fd to ask about. */
export interface PollEntry {
  /** The fd. A negative one is an ignored entry, as in poll(2). */
  readonly fd: FdLike;
  /** The events to ask for: POLLIN, POLLPRI, POLLOUT, POLLRDHUP ..., or 0 for POLLERR, POLLHUP and POLLNVAL alone. */
  readonly events: number;
}

/** A report of poll(2) about one fd. */
export interface PollEvent {
  readonly fd: number;
  /** The requested bits that are set, and any of POLLERR, POLLHUP and POLLNVAL. Never 0. */
  readonly revents: number;
}

/** `events` is a short in `struct pollfd`. */
const MAX_EVENTS_MASK = 0xffff;

const DEFAULT_EVENTS = POLLIN | POLLPRI | POLLOUT;

const INTO_OPTION: OptionNames<IntoOption<PollEvent>> = { into: true };
const SYNC_OPTIONS: OptionNames<SyncWaitOptions & IntoOption<PollEvent>> = { ...SYNC_WAIT_OPTIONS, ...INTO_OPTION };
const ASYNC_OPTIONS: OptionNames<AsyncWaitOptions & IntoOption<PollEvent>> = { ...ASYNC_WAIT_OPTIONS, ...INTO_OPTION };

function checkEvents(events: unknown, name: string): asserts events is number {
  checkInteger(events, name, 0, MAX_EVENTS_MASK);
}

/** As {@link toFd}, and also takes the negative fds of poll(2). */
function toPollFd(value: unknown): number {
  const fd = typeof value === 'object' && value !== null && 'fd' in value ? value.fd : value;
  if (typeof fd === 'number' && Number.isInteger(fd) && fd < 0 && fd >= -MAX_INT32 - 1) return fd;
  return toFd(value, 'entry.fd');
}

/** The entries of one call. */
interface PackedEntries {
  readonly words: Int32Array;
  readonly count: number;
}

function packEntries(entries: Iterable<PollEntry>): PackedEntries {
  const packed: number[] = [];
  for (const entry of checkIterable(entries, 'entries')) {
    checkObject(entry, 'entry');
    const { fd, events } = entry;
    const number = toPollFd(fd);
    checkEvents(events, 'entry.events');
    packed.push(number, events);
  }
  const count = packed.length / 2;
  const words = pollWords(count);
  words.set(packed);
  return { words, count };
}

function readEntries({ words, count }: PackedEntries, ready: number): PollEvent[] {
  const events = new Array<PollEvent>(ready);
  for (let nth = 0; nth < ready; nth += 1) {
    const at = present(words[count * 2 + nth], 'a word of the answer') * 2;
    events[nth] = {
      fd: present(words[at], 'a word of the answer'),
      revents: present(words[at + 1], 'a word of the answer') >>> 16,
    };
  }
  return events;
}

function mergeEntries(lists: readonly PackedEntries[]): MergedList {
  const total = lists.reduce((sum, { count }) => sum + count, 0);
  const words = pollWords(total);
  const owners = new Int32Array(total);
  const places = new Int32Array(total);
  let start = 0;
  lists.forEach((list, owner) => {
    words.set(list.words.subarray(0, list.count * 2), start * 2);
    owners.fill(owner, start, start + list.count);
    for (let place = 0; place < list.count; place += 1) places[start + place] = place;
    start += list.count;
  });
  return {
    arm: (waiter) => {
      native.waitThreadArmPoll(waiter, words, total);
    },
    owners,
    places,
  };
}

/** The helper of all calls of {@link poll} in this thread. */
const pollThread = new SharedThread(mergeEntries);

/**
 * poll(2), blocking the thread.
 *
 * @param entries the fds to ask about, in order; an fd may occur more than once, and each entry has its own answer
 * @param timeoutMs in milliseconds, fractions honoured; 0 looks and returns; `null`, `undefined` and Infinity wait for
 *   ever
 * @returns the entries with something to report, in their order; none when the time is up, and after a signal unless
 *   `options.onSignal` is `'retry'`. An fd that is not open is reported, with POLLNVAL.
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EINVAL for more entries than RLIMIT_NOFILE
 * @see poll(2), ppoll(2)
 */
export function pollSync(
  entries: Iterable<PollEntry>,
  timeoutMs?: number | null,
  options?: SyncWaitOptions,
): PollEvent[] {
  const packed = packEntries(entries);
  const timeout = toTimeoutMs(timeoutMs);
  const { retryOnSignal, signalMask } = toSignalHandling(options);
  const ready = blockingCall(timeout, (slice) =>
    pollEntries(packed.words, packed.count, slice, retryOnSignal, signalMask),
  );
  return readEntries(packed, ready);
}

/**
 * poll(2) while the event loop goes on; a helper thread does the waiting, one for all calls. See {@link pollSync}.
 *
 * @returns as {@link pollSync}; rejects with the errors of that, and with an AbortError when `options.signal` is
 *   aborted
 * @see poll(2)
 */
export async function poll(
  entries: Iterable<PollEntry>,
  timeoutMs?: number | null,
  options?: AsyncWaitOptions,
): Promise<PollEvent[]> {
  const packed = packEntries(entries);
  const timeout = toTimeoutMs(timeoutMs);
  const signal = toAbortSignal(options);
  return pollThread.wait<PollEvent[]>(timeout, signal, {
    list: packed,
    look: (findings) => {
      const looked = pollEntries(packed.words, packed.count, 0, true, null);
      const ready = restorePolled(packed.words, packed.count, looked, findings);
      return ready === 0 ? undefined : readEntries(packed, ready);
    },
    nothing: () => [],
  });
}

/** One fd of a {@link Poll}. */
interface PollRecord extends PollSetOwner {
  readonly fd: number;
  /** The latest report. Events are immutable, so an equal one is the same object. */
  last: PollEvent | undefined;
}

/**
 * A poll object: fds that are registered once and polled often, as in Python's `select.poll()`.
 *
 * The object owns no fd: an fd that is closed while registered reports POLLNVAL until it is unregistered.
 *
 * @see poll(2)
 */
export class Poll extends WaitObject<PollEvent> {
  readonly #set = new PollSet<PollRecord>();
  readonly #records = new Map<number, PollRecord>();
  /** The array for the events of the asynchronous wait under way. */
  #asyncResult: PollEvent[] = [];

  constructor() {
    super(
      'Poll',
      'the poll object',
      {
        open: (report) => this.#set.openWaiter(report),
        // A look costs less than waking the thread.
        isWorthLooking: (hasLooked) => !hasLooked,
      },
      {
        look: () => this.#call(this.#asyncResult, 0, RETRYING),
        nothing: () => emptied(this.#asyncResult),
      },
    );
  }

  /** How many fds are registered. */
  get size(): number {
    return this.#records.size;
  }

  /** Whether `fd` is registered. */
  has(fd: FdLike): boolean {
    return this.#records.has(toFd(fd));
  }

  /**
   * Registers an fd, or changes the events of one that is registered already.
   *
   * @param events the events to ask for, 0 to 65535; by default POLLIN, POLLPRI and POLLOUT
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. Whether the fd is open shows only at the wait.
   */
  register(fd: FdLike, events: number = DEFAULT_EVENTS): void {
    this.checkOpen();
    const number = toFd(fd);
    checkEvents(events, 'events');
    const known = this.#records.get(number);
    if (known === undefined) {
      const record: PollRecord = { fd: number, pollIndex: 0, last: undefined };
      this.#records.set(number, record);
      this.#set.add(record, number, events);
    } else {
      this.#set.setEvents(known, events);
    }
    this.restartWait();
  }

  /**
   * Changes the events to ask for of a registered fd. It takes effect during a wait, too.
   *
   * @throws ERR_CLOSED, ERR_NOT_REGISTERED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  modify(fd: FdLike, events: number): void {
    this.checkOpen();
    const record = this.#find(fd);
    checkEvents(events, 'events');
    this.#set.setEvents(record, events);
    this.restartWait();
  }

  /**
   * Forgets an fd, open or closed. It takes effect during a wait, too.
   *
   * @throws ERR_CLOSED, ERR_NOT_REGISTERED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  unregister(fd: FdLike): void {
    this.checkOpen();
    const record = this.#find(fd);
    this.#records.delete(record.fd);
    this.#set.remove(record);
    this.restartWait();
  }

  /**
   * Waits, blocking the thread.
   *
   * @param timeoutMs in milliseconds, fractions honoured; 0 looks and returns; `null`, `undefined` and Infinity wait
   *   for ever
   * @returns the fds with something to report, in the order of registering, in a new array or in `options.into`; none
   *   when the time is up, and after a signal unless `options.onSignal` is `'retry'`
   * @throws ERR_CLOSED, ERR_BUSY while another wait is under way, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   * @see poll(2), ppoll(2)
   */
  waitSync(timeoutMs?: number | null, options?: SyncWaitOptions & IntoOption<PollEvent>): PollEvent[] {
    this.checkIdle();
    const timeout = toTimeoutMs(timeoutMs);
    const handling = toSignalHandling(options, SYNC_OPTIONS);
    return this.#call(toResult(options), timeout, handling);
  }

  /**
   * Waits while the event loop goes on; a helper thread does the waiting.
   *
   * @returns as {@link waitSync}; rejects with the errors of that, with an AbortError when `options.signal` is aborted,
   *   and with ERR_CLOSED when the object is closed meanwhile
   * @see poll(2)
   */
  async wait(timeoutMs?: number | null, options?: AsyncWaitOptions & IntoOption<PollEvent>): Promise<PollEvent[]> {
    this.checkOpen();
    const timeout = toTimeoutMs(timeoutMs);
    const signal = toAbortSignal(options, ASYNC_OPTIONS);
    const result = toResult(options);
    if (!this.isWaiting) this.#asyncResult = result;
    return this.startWait(timeout, signal);
  }

  /** Forgets every fd and ends a wait under way with ERR_CLOSED. Closes no fd. Idempotent. */
  override close(): void {
    super.close();
    this.#records.clear();
  }

  /** @internal */
  protected override inspected(): Readonly<Record<string, unknown>> {
    return { size: this.size, closed: this.closed };
  }

  #find(fd: FdLike): PollRecord {
    const number = toFd(fd);
    const record = this.#records.get(number);
    if (record === undefined) throw notRegisteredError(number);
    return record;
  }

  #call(events: PollEvent[], timeoutMs: number, { retryOnSignal, signalMask }: SignalHandling): PollEvent[] {
    const set = this.#set;
    const ready =
      timeoutMs === 0
        ? set.poll(0, retryOnSignal, signalMask)
        : blockingCall(timeoutMs, (slice) => set.poll(slice, retryOnSignal, signalMask));
    for (let nth = 0; nth < ready; nth += 1) {
      const place = set.readyPlace(nth);
      const record = set.ownerAt(place);
      // Nothing runs between the call and here, so no record can have been removed.
      if (record === undefined) continue;
      const revents = set.eventsAt(place);
      if (record.last?.revents !== revents) record.last = Object.freeze({ fd: record.fd, revents });
      events[nth] = record.last;
    }
    if (events.length !== ready) events.length = ready;
    return events;
  }
}
