/** select(2): one call over three sets of fds. */
import { native } from '../binding.js';
import { type FdLike, toFd, toTimeoutMs } from '../errors.js';
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

/** The three sets as the binding takes them, and what each entry came from. */
class SelectSets<Read, Write, Except> {
  readonly #read: Read[] = [];
  readonly #write: Write[] = [];
  readonly #except: Except[] = [];
  readonly #fds: Int32Array;
  /** The call leaves its answer where the question was. */
  readonly #answer: Int32Array;

  constructor(read: Iterable<Read>, write: Iterable<Write>, except: Iterable<Except>) {
    const fds: number[] = [];
    collect(read, 'read', this.#read, fds);
    collect(write, 'write', this.#write, fds);
    collect(except, 'except', this.#except, fds);
    this.#fds = Int32Array.from(fds);
    this.#answer = new Int32Array(fds.length);
  }

  /** @returns how many entries are ready */
  call(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    this.#answer.set(this.#fds);
    return native.select(
      this.#answer,
      this.#read.length,
      this.#write.length,
      this.#except.length,
      timeoutMs,
      retryOnSignal,
      signalMask,
    );
  }

  armThread(waiter: number): void {
    native.waitThreadArmSelect(waiter, this.#fds, this.#read.length, this.#write.length, this.#except.length);
  }

  /** What the last call found. */
  result(ready: number): SelectResult<Read, Write, Except> {
    if (ready === 0) return { readable: [], writable: [], exceptional: [] };
    const writeStart = this.#read.length;
    return {
      readable: this.#pick(this.#read, 0),
      writable: this.#pick(this.#write, writeStart),
      exceptional: this.#pick(this.#except, writeStart + this.#write.length),
    };
  }

  #pick<Item>(items: readonly Item[], start: number): Item[] {
    return items.filter((_, index) => this.#answer[start + index] !== 0);
  }
}

/** Reads each fd as it comes: an `fd` getter may change the very list that is being read. */
function collect<Item>(items: Iterable<Item>, name: string, kept: Item[], fds: number[]): void {
  for (const item of checkIterable(items, name)) {
    fds.push(toFd(item, `${name} fd`));
    kept.push(item);
  }
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
  const sets = new SelectSets(read, write, except);
  const timeout = toTimeoutMs(timeoutMs);
  const { retryOnSignal, signalMask } = toSignalHandling(options);
  return sets.result(blockingCall(timeout, (slice) => sets.call(slice, retryOnSignal, signalMask)));
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
  const sets = new SelectSets(read, write, except);
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
