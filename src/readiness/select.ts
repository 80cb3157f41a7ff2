/** select(2): one call over three sets of fds. */
import { type FdLike, MAX_INT32, toFd, toTimeoutMs } from '../arguments.js';
import { native } from '../binding/load.js';
import { present } from '../errors.js';
import { blockingCall } from './blocking-call.js';
import type { Findings } from './findings.js';
import { restoreSelected, type SelectCounts } from './lost-events.js';
import { type MergedList, SharedThread } from './shared-thread.js';
import {
  type AsyncWaitOptions,
  checkIterable,
  hasDefaultHandling,
  type SyncWaitOptions,
  toAbortSignal,
  toSignalHandling,
} from './wait-options.js';

/** The fds that are ready, as they were passed in. */
export interface SelectResult<Read, Write, Except> {
  /** Reading would not block: there is data, end of file, a connection to accept or an error to fetch. */
  readonly readable: Read[];
  /** Writing some bytes would not block. */
  readonly writable: Write[];
  /** An exceptional condition: out-of-band data. */
  readonly exceptional: Except[];
}

/** The fds of the three sets, one set after the other, followed by the answer. */
class FdList {
  /** In the binding's form. No number in it is ever negative. */
  #words = new Int32Array(64);
  length = 0;

  /** The fds, with room for the places of the ready ones. */
  get words(): Int32Array {
    return this.#words;
  }

  push(fd: number): void {
    this.#makeRoom(this.length + 1);
    this.#words[this.length] = fd;
    this.length += 1;
  }

  /** Adds items that are all numbers, the usual case. @returns false, with nothing added, if they are not */
  pushNumbers(items: readonly unknown[]): boolean {
    this.#makeRoom(this.length + items.length);
    const words = this.#words;
    let index = this.length;
    for (const item of items) {
      if (typeof item !== 'number') return false;
      // Usually the number is the one that was here before. That is an fd's number, so an equal one is, too.
      if (item !== words[index]) {
        if (!Number.isInteger(item) || item < 0 || item > MAX_INT32) return false;
        words[index] = item;
      }
      index += 1;
    }
    this.length = index;
    return true;
  }

  /** The place of the `nth` ready fd. */
  readyPlace(nth: number): number {
    return present(this.#words[this.length + nth], 'a word of the answer');
  }

  #makeRoom(fds: number): void {
    if (fds * 2 <= this.#words.length) return;
    const grown = new Int32Array(fds * 4);
    grown.set(this.#words);
    this.#words = grown;
  }
}

/**
 * A list for the next synchronous call, or undefined while one is being made: an `fd` getter may call select itself.
 */
let spareList: FdList | undefined;

/** The three sets, with the item that each entry was made from. */
class SelectSets<Read, Write, Except> {
  readonly #list: FdList;
  readonly #read: readonly Read[];
  readonly #write: readonly Write[];
  readonly #except: readonly Except[];
  /** The places in the list where the write fds begin, and the except fds. */
  readonly #writeStart: number;
  readonly #exceptStart: number;
  /** How many of the ready ones have been picked. */
  #picked = 0;

  constructor(list: FdList, read: Iterable<Read>, write: Iterable<Write>, except: Iterable<Except>) {
    this.#list = list;
    this.#read = collect(read, 'read', list);
    this.#writeStart = list.length;
    this.#write = collect(write, 'write', list);
    this.#exceptStart = list.length;
    this.#except = collect(except, 'except', list);
  }

  /** @returns how many entries are ready */
  call(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    const list = this.#list;
    return selectFds(
      list.words,
      this.#writeStart,
      this.#exceptStart - this.#writeStart,
      list.length - this.#exceptStart,
      timeoutMs,
      retryOnSignal,
      signalMask,
    );
  }

  /** Looks, and adds earlier findings of a helper thread. @returns how many entries are ready */
  lookAgain(findings: Findings): number {
    return restoreSelected(this.#list.words, this.counts, this.call(0, true, null), findings);
  }

  get counts(): SelectCounts {
    const read = this.#writeStart;
    const write = this.#exceptStart - this.#writeStart;
    return { read, write, except: this.#list.length - this.#exceptStart };
  }

  /** The fds, one set after the other. */
  get fds(): Int32Array {
    return this.#list.words.subarray(0, this.#list.length);
  }

  /** The result of the last call. */
  result(ready: number): SelectResult<Read, Write, Except> {
    this.#picked = 0;
    return {
      readable: this.#pick(this.#read, 0, this.#writeStart, ready),
      writable: this.#pick(this.#write, this.#writeStart, this.#exceptStart, ready),
      exceptional: this.#pick(this.#except, this.#exceptStart, this.#list.length, ready),
    };
  }

  /** The ready ones of the set that lies from `start` to `end`. */
  #pick<Item>(items: readonly Item[], start: number, end: number, ready: number): Item[] {
    const list = this.#list;
    const picked: Item[] = [];
    for (; this.#picked < ready; this.#picked += 1) {
      const place = list.readyPlace(this.#picked);
      if (place >= end) break;
      const item = items[place - start];
      if (item !== undefined) picked.push(item);
    }
    return picked;
  }
}

/**
 * select(2) over the fds at the start of `words`, in the binding's form.
 *
 * @returns how many are ready
 */
export function selectFds(
  words: Int32Array,
  readCount: number,
  writeCount: number,
  exceptCount: number,
  timeoutMs: number,
  retryOnSignal: boolean,
  signalMask: readonly number[] | null,
): number {
  return hasDefaultHandling(timeoutMs, retryOnSignal, signalMask)
    ? native.select(words, readCount, writeCount, exceptCount, timeoutMs)
    : native.select(words, readCount, writeCount, exceptCount, timeoutMs, retryOnSignal, signalMask);
}

/** Whether a second iteration yields the same items: it has no iterator of its own. */
function isPlainArray<Item>(items: Iterable<Item>): items is readonly Item[] {
  return Array.isArray(items) && items[Symbol.iterator] === Array.prototype[Symbol.iterator];
}

/**
 * @returns the items of the fds, in a list of its own: before the answer is there, the caller's code may run (an `fd`
 *   getter, a getter of the options, anything during an asynchronous wait) and change the list that was passed in
 */
function collect<Item>(items: Iterable<Item>, name: string, list: FdList): readonly Item[] {
  if (isPlainArray(items)) {
    const copy = [...items];
    if (list.pushNumbers(copy)) return copy;
  }
  const kept: Item[] = [];
  // Each fd is read together with its item: an `fd` getter may change the very list that is being read.
  for (const item of checkIterable(items, name)) {
    list.push(toFd(item, name));
    kept.push(item);
  }
  return kept;
}

/** The sets of one call, in the thread's form. */
interface SelectList {
  readonly fds: Int32Array;
  readonly counts: SelectCounts;
}

function mergeSets(lists: readonly SelectList[]): MergedList {
  const fds: number[] = [];
  const owners: number[] = [];
  const places: number[] = [];
  const append = (fromOf: (counts: SelectCounts) => number, countOf: (counts: SelectCounts) => number) => {
    const start = fds.length;
    lists.forEach((list, owner) => {
      const from = fromOf(list.counts);
      const end = from + countOf(list.counts);
      for (let place = from; place < end; place += 1) {
        fds.push(present(list.fds[place], 'an fd of the list'));
        owners.push(owner);
        places.push(place);
      }
    });
    return fds.length - start;
  };
  const readCount = append(
    () => 0,
    ({ read }) => read,
  );
  const writeCount = append(
    ({ read }) => read,
    ({ write }) => write,
  );
  const exceptCount = append(
    ({ read, write }) => read + write,
    ({ except }) => except,
  );
  const words = Int32Array.from(fds);
  return {
    arm: (waiter) => {
      native.waitThreadArmSelect(waiter, words, readCount, writeCount, exceptCount);
    },
    owners: Int32Array.from(owners),
    places: Int32Array.from(places),
  };
}

/** The helper of all calls of {@link select} in this thread. */
const selectThread = new SharedThread<SelectList>(mergeSets);

/**
 * select(2), blocking the thread. Takes any fd number: the sets are as large as they need to be.
 *
 * @param read fds to read from
 * @param write fds to write to
 * @param except fds with exceptional conditions to wait for
 * @param timeoutMs in milliseconds, fractions honoured; 0 looks and returns; `null`, `undefined` and Infinity wait for
 *   ever
 * @returns three new arrays with those of the passed items that are ready, in their order, repetitions kept; all empty
 *   when the time is up, and after a signal unless `options.onSignal` is `'retry'`
 * @throws EBADF if any fd is not open, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
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
  const sets = new SelectSets(list, read, write, except);
  const timeout = toTimeoutMs(timeoutMs);
  const { retryOnSignal, signalMask } = toSignalHandling(options);
  const ready = blockingCall(timeout, (slice) => sets.call(slice, retryOnSignal, signalMask));
  const result = sets.result(ready);
  spareList = list;
  return result;
}

/**
 * select(2) while the event loop goes on; a helper thread does the waiting, one for all calls. See {@link selectSync}.
 *
 * @returns as {@link selectSync}; rejects with the errors of that, and with an AbortError when `options.signal` is
 *   aborted
 * @see select(2)
 */
export async function select<Read extends FdLike, Write extends FdLike, Except extends FdLike>(
  read: Iterable<Read>,
  write: Iterable<Write>,
  except: Iterable<Except>,
  timeoutMs?: number | null,
  options?: AsyncWaitOptions,
): Promise<SelectResult<Read, Write, Except>> {
  const sets = new SelectSets(new FdList(), read, write, except);
  const timeout = toTimeoutMs(timeoutMs);
  const signal = toAbortSignal(options);
  return selectThread.wait(timeout, signal, {
    list: sets,
    look: (findings) => {
      const ready = sets.lookAgain(findings);
      return ready === 0 ? undefined : sets.result(ready);
    },
    nothing: () => sets.result(0),
  });
}
