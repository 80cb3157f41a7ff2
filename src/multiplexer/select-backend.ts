/** select(2) under a multiplexer. */
import { native } from '../binding/load.js';
import { hasCode, present } from '../errors.js';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI } from '../readiness/constants.js';
import { pollEntries, pollWords } from '../readiness/poll-set.js';
import { type SelectList, SelectSets } from '../readiness/select-sets.js';
import { ThreadWaiter, type Waiter } from '../readiness/waiter.js';
import { type Backend, type BackendEntry, type ReadySink, triggersOf } from './backend.js';
import { CopyingBackend } from './copying-backend.js';

/**
 * The sets have a bit for each number below their highest fd. Higher ones than this are put into them only when they
 * are known to be open, so that a meaningless number costs no memory.
 */
const MAX_UNCHECKED_FD = 2 ** 20;

/** The command of fcntl(2) that only a number without a file refuses. */
const F_GETFD = 1;

/** Three sets, which change with the registrations. */
export class SelectBackend<Entry extends BackendEntry> extends CopyingBackend implements Backend<Entry> {
  readonly name = 'select';
  readonly triggers = triggersOf('select');
  readonly reportsErrors = false;
  readonly #sets = new SelectSets();
  /** By fd. */
  readonly #entries: (Entry | undefined)[] = [];
  /** Entries with a high fd that the sets do not contain yet, or contain in an earlier state. */
  readonly #unchecked = new Set<Entry>();
  /** The `pollIndex` of the latest entry: the order of registering. */
  #latestIndex = 0;
  #wakeupFd = -1;
  /** The list for the thread; undefined when a registration has changed. */
  #list: SelectList | undefined;
  #thread: ThreadWaiter | undefined;

  add(entry: Entry): void {
    this.#entries[entry.fd] = entry;
    this.#latestIndex += 1;
    entry.pollIndex = this.#latestIndex;
    entry.watched = true;
    this.#ask(entry);
  }

  modify(entry: Entry): void {
    this.#ask(entry);
  }

  remove(entry: Entry): void {
    if (entry.watched) {
      this.#entries[entry.fd] = undefined;
      this.#unchecked.delete(entry);
      this.#sets.set(entry.fd, 0);
      this.#list = undefined;
    }
    this.#thread?.forget(entry.fd);
    entry.watched = false;
  }

  watchWakeup(fd: number): void {
    this.#wakeupFd = fd;
    this.#sets.set(fd, POLLIN);
    this.#list = undefined;
  }

  wait(
    ready: ReadySink<Entry>,
    timeoutMs: number,
    retryOnSignal: boolean,
    signalMask: readonly number[] | null,
  ): number {
    let count: number;
    try {
      this.#check();
      count = this.#select(timeoutMs, retryOnSignal, signalMask);
    } catch (error) {
      if (hasCode(error, 'EBADF')) return this.#reportInvalid(ready, error);
      throw error;
    }
    if (count > 0) this.#reportReady(ready);
    return count;
  }

  openWaiter(report: () => void): Waiter {
    this.#thread = new ThreadWaiter((waiter) => {
      this.#list ??= this.#sets.list();
      native.waitThreadArmSelect(waiter, this.#list.fds, ...this.#list.counts);
    }, report);
    return this.#thread;
  }

  #ask(entry: Entry): void {
    this.#list = undefined;
    if (entry.fd < MAX_UNCHECKED_FD) this.#sets.set(entry.fd, entry.interestMask);
    else this.#unchecked.add(entry);
  }

  /** Puts those entries into the sets. @throws EBADF if an fd is not open */
  #check(): void {
    for (const entry of this.#unchecked) {
      native.fcntl(entry.fd, F_GETFD, 0);
      this.#sets.set(entry.fd, entry.interestMask);
      this.#unchecked.delete(entry);
    }
  }

  #select(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    const findings = this.#thread?.takeFindings();
    if (findings !== undefined && findings.length > 0) {
      const count = this.#sets.lookAgain(findings);
      if (count > 0 || timeoutMs === 0) return count;
    }
    return this.#sets.select(timeoutMs, retryOnSignal || timeoutMs === 0, signalMask);
  }

  /** The answer is in the order of the fds; reports are in the order of registering. */
  #reportReady(ready: ReadySink<Entry>): void {
    const sets = this.#sets;
    let latest = 0;
    let isInOrder = true;
    for (let fd = sets.nextReady(0); fd >= 0; fd = sets.nextReady(fd + 1)) {
      const entry = this.#entries[fd];
      if (entry === undefined) {
        ready.woken ||= fd === this.#wakeupFd;
        continue;
      }
      entry.becomeReady(sets.readyEvents(fd));
      ready.push(entry);
      isInOrder &&= entry.pollIndex > latest;
      latest = entry.pollIndex;
    }
    if (!isInOrder) ready.sort(byOrder);
  }

  /**
   * select(2) fails as a whole if one fd is not open. This looks by poll(2) instead, and reports the registrations of
   * such fds with those that are ready, so that one forgotten fd cannot stop the service of all others.
   */
  #reportInvalid(ready: ReadySink<Entry>, error: unknown): number {
    // An array with an fd of a million is sparse: its values, not its indices, are walked.
    const entries = Object.values(this.#entries).filter((entry) => entry !== undefined);
    entries.sort(byOrder);
    const count = entries.length + 1;
    const words = pollWords(count);
    entries.forEach((entry, index) => {
      words[index * 2] = entry.fd;
      words[index * 2 + 1] = entry.interestMask;
    });
    words[entries.length * 2] = this.#wakeupFd;
    words[entries.length * 2 + 1] = POLLIN;
    pollEntries(words, count, 0, true, null);
    const reventsAt = (index: number) => present(words[index * 2 + 1], 'the answer of poll') >>> 16;
    entries.forEach((entry, index) => {
      const revents = reventsAt(index);
      const events = revents === POLLNVAL ? POLLNVAL : selectEvents(revents) & entry.interestMask;
      if (events === 0) return;
      entry.becomeReady(events);
      ready.push(entry);
    });
    // Other code has closed the fd of the wake-up.
    if (!entries.some((_, index) => reventsAt(index) === POLLNVAL)) throw error;
    ready.woken ||= reventsAt(entries.length) === POLLIN;
    return ready.length;
  }
}

/** What select(2) makes of the answer of poll(2): an error and a hangup let a read return, and an error a write. */
function selectEvents(revents: number): number {
  const read = (revents & (POLLIN | POLLHUP | POLLERR)) === 0 ? 0 : POLLIN;
  const write = (revents & (POLLOUT | POLLERR)) === 0 ? 0 : POLLOUT;
  return read | write | (revents & POLLPRI);
}

function byOrder(one: BackendEntry, other: BackendEntry): number {
  return one.pollIndex - other.pollIndex;
}
