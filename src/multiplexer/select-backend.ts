/** select(2) under a multiplexer. */
import { native } from '../binding.js';
import { hasCode } from '../errors.js';
import { POLLIN, POLLNVAL, POLLOUT, POLLPRI } from '../readiness/constants.js';
import { ThreadWaiter, type Waiter } from '../readiness/waiter.js';
import type { Backend, BackendEntry, ReadyList, Trigger } from './backend.js';

/** Three sets, laid out one after the other whenever a registration has changed. */
export class SelectBackend<Entry extends BackendEntry> implements Backend<Entry> {
  readonly name = 'select';
  readonly triggers: readonly Trigger[] = ['level'];
  readonly hasReady = false;
  readonly isWaiterCostly = true;
  readonly staleEvents = 0;
  readonly rebuilds = 0;
  /** In the order of registering, which is the order of reporting. */
  readonly #entries = new Set<Entry>();
  #wakeupFd: number | undefined;
  #isLaidOut = false;
  /** The entries as they were laid out; an array is walked faster than a set. */
  #order: readonly Entry[] = [];
  /** The read fds (the wake-up's first), the write fds, the except fds. */
  #fds = new Int32Array(0);
  /** The call leaves its answer where the question was. */
  #answer = new Int32Array(0);
  #readCount = 0;
  #writeCount = 0;
  #exceptCount = 0;

  add(entry: Entry): void {
    this.#entries.add(entry);
    entry.watched = true;
    this.#isLaidOut = false;
  }

  modify(): void {
    this.#isLaidOut = false;
  }

  remove(entry: Entry): void {
    this.#entries.delete(entry);
    entry.watched = false;
    this.#isLaidOut = false;
  }

  watchWakeup(fd: number): void {
    this.#wakeupFd = fd;
    this.#isLaidOut = false;
  }

  wait(
    ready: ReadyList<Entry>,
    timeoutMs: number,
    retryOnSignal: boolean,
    signalMask: readonly number[] | null,
  ): number {
    this.#layOut();
    this.#answer.set(this.#fds);
    let count: number;
    try {
      count = native.select(
        this.#answer,
        this.#readCount,
        this.#writeCount,
        this.#exceptCount,
        timeoutMs,
        retryOnSignal,
        signalMask,
      );
    } catch (error) {
      if (hasCode(error, 'EBADF')) return this.#reportInvalid(ready, error);
      throw error;
    }
    if (count > 0) this.#reportReady(ready, count);
    return count;
  }

  openWaiter(report: () => void): Waiter {
    return new ThreadWaiter((waiter) => {
      this.#layOut();
      native.waitThreadArmSelect(waiter, this.#fds, this.#readCount, this.#writeCount, this.#exceptCount);
    }, report);
  }

  close(): void {
    // There is nothing that the kernel keeps.
  }

  #layOut(): void {
    if (this.#isLaidOut) return;
    const read: number[] = [];
    const write: number[] = [];
    const except: number[] = [];
    if (this.#wakeupFd !== undefined) read.push(this.#wakeupFd);
    for (const { fd, interestMask } of this.#entries) {
      if ((interestMask & POLLIN) !== 0) read.push(fd);
      if ((interestMask & POLLOUT) !== 0) write.push(fd);
      if ((interestMask & POLLPRI) !== 0) except.push(fd);
    }
    this.#readCount = read.length;
    this.#writeCount = write.length;
    this.#exceptCount = except.length;
    this.#fds = Int32Array.from([...read, ...write, ...except]);
    this.#answer = new Int32Array(this.#fds.length);
    this.#order = [...this.#entries];
    this.#isLaidOut = true;
  }

  /** Walks the entries and the three sets side by side: both are in the order of registering. */
  #reportReady(ready: ReadyList<Entry>, count: number): void {
    const answer = this.#answer;
    let read = this.#wakeupFd === undefined ? 0 : 1;
    let write = this.#readCount;
    let except = write + this.#writeCount;
    ready.woken = read === 1 && answer[0] === 1;
    let left = ready.woken ? count - 1 : count;
    for (const entry of this.#order) {
      if (left === 0) break;
      let events = 0;
      if ((entry.interestMask & POLLIN) !== 0 && answer[read++] === 1) events |= POLLIN;
      if ((entry.interestMask & POLLOUT) !== 0 && answer[write++] === 1) events |= POLLOUT;
      if ((entry.interestMask & POLLPRI) !== 0 && answer[except++] === 1) events |= POLLPRI;
      if (events === 0) continue;
      left -= bitCount(events);
      entry.becomeReady(events);
      ready.push(entry);
    }
  }

  /**
   * select(2) refuses the whole call for one fd that is not open. The registrations it is about are reported, as poll(2)
   * does, so that one forgotten fd cannot stop the service of all the others.
   */
  #reportInvalid(ready: ReadyList<Entry>, error: unknown): number {
    const entries = [...this.#entries];
    const words = new Int32Array(entries.length * 2);
    entries.forEach((entry, index) => {
      words[index * 2] = entry.fd;
    });
    native.poll(words, entries.length, 0, true, null);
    entries.forEach((entry, index) => {
      if ((words[index * 2 + 1] ?? 0) >>> 16 !== POLLNVAL) return;
      entry.becomeReady(POLLNVAL);
      ready.push(entry);
    });
    // An fd of ours was closed behind our back.
    if (ready.length === 0) throw error;
    return ready.length;
  }
}

/** How many of POLLIN, POLLOUT and POLLPRI are set. */
function bitCount(events: number): number {
  return (events & 1) + ((events >> 1) & 1) + ((events >> 2) & 1);
}
