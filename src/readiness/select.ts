/** select(2): one call over three sets of fds. */
import { native } from '../binding.js';
import { type FdLike, MAX_FD, toFd, toTimeoutMs } from '../errors.js';
import { blockingCall } from './blocking-call.js';
import { oneThreadWait } from './thread-pool.js';
import {
  type AsyncWaitOptions,
  checkIterable,
  type SyncWaitOptions,
  toAbortSignal,
  toSignalHandling,
} from './wait-options.js';

/** The fds that are ready, as they were passed in. */
export interface SelectResult<Read, Write, Except> {
  /** Reading would not block: data, end of file, a connection to accept, an error to fetch. */
  readonly readable: Read[];
  /** Writing some bytes would not block. */
  readonly writable: Write[];
  /** An exceptional condition: out-of-band data. */
  readonly exceptional: Except[];
}

/** The fds as the binding takes them: the read fds, the write fds, the except fds. */
class FdList {
  #fds = new Int32Array(64);
  /** The call leaves its answer where the question was. */
  #answer = new Int32Array(64);
  length = 0;

  get fds(): Int32Array {
    return this.#fds;
  }

  push(fd: number): void {
    if (this.length === this.#fds.length) {
      const grown = new Int32Array(this.length * 2);
      grown.set(this.#fds);
      this.#fds = grown;
      this.#answer = new Int32Array(grown.length);
    }
    this.#fds[this.length] = fd;
    this.length += 1;
  }

  /** The answer's array, with the question in it. */
  ask(): Int32Array {
    this.#answer.set(this.#fds);
    return this.#answer;
  }

  isReady(index: number): boolean {
    return this.#answer[index] === 1;
  }
}

/** A list for the next synchronous call, or undefined while one is being made: an `fd` getter may call select itself. */
let spareList: FdList | undefined;

/** The three sets, and what each entry came from. */
class SelectSets<Read, Write, Except> {
  readonly #list: FdList;
  readonly #read: readonly Read[];
  readonly #write: readonly Write[];
  readonly #except: readonly Except[];
  /** How many ready entries are still to be picked. */
  #left = 0;

  /** @param mayChange whether the caller has the thread back before the answer is there, and may change his lists */
  constructor(
    list: FdList,
    read: Iterable<Read>,
    write: Iterable<Write>,
    except: Iterable<Except>,
    mayChange: boolean,
  ) {
    this.#list = list;
    this.#read = collect(read, 'read', list, mayChange);
    this.#write = collect(write, 'write', list, mayChange);
    this.#except = collect(except, 'except', list, mayChange);
  }

  /** @returns how many entries are ready */
  call(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    return native.select(
      this.#list.ask(),
      this.#read.length,
      this.#write.length,
      this.#except.length,
      timeoutMs,
      retryOnSignal,
      signalMask,
    );
  }

  armThread(waiter: number): void {
    native.waitThreadArmSelect(waiter, this.#list.fds, this.#read.length, this.#write.length, this.#except.length);
  }

  /** What the last call found. */
  result(ready: number): SelectResult<Read, Write, Except> {
    this.#left = ready;
    const writeStart = this.#read.length;
    return {
      readable: this.#pick(this.#read, 0),
      writable: this.#pick(this.#write, writeStart),
      exceptional: this.#pick(this.#except, writeStart + this.#write.length),
    };
  }

  #pick<Item>(items: readonly Item[], start: number): Item[] {
    const list = this.#list;
    const picked: Item[] = [];
    if (this.#left === 0) return picked;
    let index = start;
    for (const item of items) {
      if (list.isReady(index)) {
        picked.push(item);
        this.#left -= 1;
        if (this.#left === 0) break;
      }
      index += 1;
    }
    return picked;
  }
}

function isArray<Item>(items: Iterable<Item>): items is readonly Item[] {
  return Array.isArray(items);
}

/** @returns what the fds came from: the caller's own list, where nothing can change it before the answer is there */
function collect<Item>(items: Iterable<Item>, name: string, list: FdList, mayChange: boolean): readonly Item[] {
  const start = list.length;
  if (!mayChange && isArray(items) && pushNumbers(items, list)) return items;
  list.length = start;
  const kept: Item[] = [];
  // Each fd is read as its item comes: an `fd` getter may change the very list that is being read.
  for (const item of checkIterable(items, name)) {
    list.push(toFd(item, name));
    kept.push(item);
  }
  return kept;
}

/** The usual case, a list of numbers, without a copy. @returns whether it was one */
function pushNumbers(items: readonly unknown[], list: FdList): boolean {
  for (const item of items) {
    if (typeof item !== 'number' || !Number.isInteger(item) || item < 0 || item > MAX_FD) return false;
    list.push(item);
  }
  return true;
}

/**
 * select(2), blocking the thread. Takes any fd number: the sets are as large as they need to be.
 *
 * @param read fds to read from
 * @param write fds to write to
 * @param except fds with exceptional conditions to wait for
 * @param timeoutMs in milliseconds, fractions honoured; 0 looks and returns; `null`, `undefined` and Infinity wait for ever
 * @returns three new arrays with what is ready of what was passed in, in its order, repetitions kept; all empty when the
 *   time is up, and after a signal unless `options.onSignal` is `'retry'`
 * @throws EBADF where any fd is not open, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see select(2), pselect(2)
 */
export function selectSync<Read extends FdLike, Write extends FdLike, Except extends FdLike>(
  read: Iterable<Read>,
  write: Iterable<Write>,
  except: Iterable<Except>,
  timeoutMs?: number | null,
  options?: SyncWaitOptions,
): SelectResult<Read, Write, Except> {
  const list = spareList ?? new FdList();
  spareList = undefined;
  list.length = 0;
  const sets = new SelectSets(list, read, write, except, false);
  const timeout = toTimeoutMs(timeoutMs);
  const { retryOnSignal, signalMask } = toSignalHandling(options);
  const ready = blockingCall(timeout, (slice) => sets.call(slice, retryOnSignal, signalMask));
  const result = sets.result(ready);
  spareList = list;
  return result;
}

/**
 * select(2) while the event loop goes on; a helper thread does the waiting. See {@link selectSync}.
 *
 * @returns as {@link selectSync}; rejects with what that throws, and with an AbortError when `options.signal` is aborted
 * @see select(2)
 */
export async function select<Read extends FdLike, Write extends FdLike, Except extends FdLike>(
  read: Iterable<Read>,
  write: Iterable<Write>,
  except: Iterable<Except>,
  timeoutMs?: number | null,
  options?: AsyncWaitOptions,
): Promise<SelectResult<Read, Write, Except>> {
  const sets = new SelectSets(new FdList(), read, write, except, true);
  const timeout = toTimeoutMs(timeoutMs);
  const signal = toAbortSignal(options);
  return oneThreadWait(timeout, signal, {
    arm: (waiter) => {
      sets.armThread(waiter);
    },
    look: () => {
      const ready = sets.call(0, true, null);
      return ready === 0 ? undefined : sets.result(ready);
    },
    nothing: () => sets.result(0),
  });
}
