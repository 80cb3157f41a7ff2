/** select(2) under a multiplexer. */
import { MAX_INT32 } from '../arguments.js';
import { native } from '../binding/load.js';
import { hasCode, present } from '../errors.js';
import { POLLIN, POLLNVAL, POLLOUT, POLLPRI } from '../readiness/constants.js';
import { restoreSelected } from '../readiness/lost-events.js';
import { pollEntries, pollWords } from '../readiness/poll-set.js';
import { selectFds } from '../readiness/select.js';
import { ThreadWaiter, type Waiter } from '../readiness/waiter.js';
import { type Backend, type BackendEntry, type ReadyList, triggersOf } from './backend.js';
import { CopyingBackend } from './copying-backend.js';

/** The rank of the wake-up, which precedes the first entry and has none itself. */
const WAKEUP_RANK = -1;

/** Above every rank. */
const NO_RANK = MAX_INT32;

/** Three sets, laid out one after the other whenever a registration has changed. */
export class SelectBackend<Entry extends BackendEntry> extends CopyingBackend implements Backend<Entry> {
  readonly name = 'select';
  readonly triggers = triggersOf('select');
  readonly reportsErrors = false;
  /** In the order of registering, which is the order of reporting. */
  readonly #entries = new Set<Entry>();
  #wakeupFd: number | undefined;
  #isLaidOut = false;
  /** The entries as they were laid out. Iterating over an array is faster than over a set. */
  #order: readonly Entry[] = [];
  /** The read fds (the wake-up's first), the write fds, the except fds; then room for the places of the ready ones. */
  #fds = new Int32Array(0);
  /** By place in that list: the index of the fd's entry in the order. */
  #ranks = new Int32Array(0);
  #readCount = 0;
  #writeCount = 0;
  #exceptCount = 0;
  #thread: ThreadWaiter | undefined;

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
    this.#thread?.forget(entry.fd);
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
    let count: number;
    try {
      count = this.#select(timeoutMs, retryOnSignal, signalMask);
    } catch (error) {
      if (hasCode(error, 'EBADF')) return this.#reportInvalid(ready, error);
      throw error;
    }
    if (count > 0) this.#reportReady(ready, count);
    return count;
  }

  openWaiter(report: () => void): Waiter {
    this.#thread = new ThreadWaiter((waiter) => {
      this.#layOut();
      native.waitThreadArmSelect(waiter, this.#fds, this.#readCount, this.#writeCount, this.#exceptCount);
    }, report);
    return this.#thread;
  }

  #select(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    const call = (callMs: number) =>
      selectFds(
        this.#fds,
        this.#readCount,
        this.#writeCount,
        this.#exceptCount,
        callMs,
        retryOnSignal || callMs === 0,
        signalMask,
      );
    const findings = this.#thread?.takeFindings();
    if (findings === undefined || findings.length === 0) return call(timeoutMs);
    const counts = { read: this.#readCount, write: this.#writeCount, except: this.#exceptCount };
    const ready = restoreSelected(this.#fds, counts, call(0), findings);
    return ready > 0 || timeoutMs === 0 ? ready : call(timeoutMs);
  }

  #layOut(): void {
    if (this.#isLaidOut) return;
    const read: number[] = [];
    const write: number[] = [];
    const except: number[] = [];
    const order = [...this.#entries];
    order.forEach(({ interestMask }, rank) => {
      if ((interestMask & POLLIN) !== 0) read.push(rank);
      if ((interestMask & POLLOUT) !== 0) write.push(rank);
      if ((interestMask & POLLPRI) !== 0) except.push(rank);
    });
    if (this.#wakeupFd !== undefined) read.unshift(WAKEUP_RANK);
    this.#readCount = read.length;
    this.#writeCount = write.length;
    this.#exceptCount = except.length;
    this.#ranks = Int32Array.from([...read, ...write, ...except]);
    this.#fds = new Int32Array(this.#ranks.length * 2);
    this.#ranks.forEach((rank, place) => {
      this.#fds[place] = order[rank]?.fd ?? present(this.#wakeupFd, 'the fd of the wake-up');
    });
    this.#order = order;
    this.#isLaidOut = true;
  }

  /** Merges the ready fds of the three sets, each of which is in the order of registering. */
  #reportReady(ready: ReadyList<Entry>, count: number): void {
    const fds = this.#fds;
    const ranks = this.#ranks;
    const total = ranks.length;
    const end = total + count;
    const rankAt = (at: number, setEnd: number) =>
      at < setEnd ? present(ranks[present(fds[at], 'the place of a ready fd')], 'the rank of a place') : NO_RANK;
    const startOf = (place: number, from: number) => {
      let at = from;
      while (at < end && present(fds[at], 'the place of a ready fd') < place) at += 1;
      return at;
    };
    const readEnd = startOf(this.#readCount, total);
    const writeEnd = startOf(this.#readCount + this.#writeCount, readEnd);
    let read = total;
    let write = readEnd;
    let except = writeEnd;
    for (;;) {
      const readRank = rankAt(read, readEnd);
      const writeRank = rankAt(write, writeEnd);
      const exceptRank = rankAt(except, end);
      const rank = Math.min(readRank, writeRank, exceptRank);
      if (rank === NO_RANK) return;
      let events = 0;
      if (readRank === rank) {
        events |= POLLIN;
        read += 1;
      }
      if (writeRank === rank) {
        events |= POLLOUT;
        write += 1;
      }
      if (exceptRank === rank) {
        events |= POLLPRI;
        except += 1;
      }
      const entry = this.#order[rank];
      if (entry === undefined) {
        ready.woken = true;
      } else {
        entry.becomeReady(events);
        ready.push(entry);
      }
    }
  }

  /**
   * select(2) fails as a whole if one fd is not open. This reports the registrations of such fds, as poll(2) does, so
   * that one forgotten fd cannot stop the service of all others.
   */
  #reportInvalid(ready: ReadyList<Entry>, error: unknown): number {
    const entries = [...this.#entries];
    const words = pollWords(entries.length);
    entries.forEach((entry, index) => {
      words[index * 2] = entry.fd;
    });
    pollEntries(words, entries.length, 0, true, null);
    entries.forEach((entry, index) => {
      if (present(words[index * 2 + 1], 'the answer of poll') >>> 16 !== POLLNVAL) return;
      entry.becomeReady(POLLNVAL);
      ready.push(entry);
    });
    // Somebody else has closed the fd of the wake-up.
    if (ready.length === 0) throw error;
    return ready.length;
  }
}
