/** epoll(7) under a multiplexer. */
import { native } from '../binding/load.js';
import { hasCode, present } from '../errors.js';
import {
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
} from '../readiness/constants.js';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } from '../readiness/epoll.js';
import { CALL_OUT_DATA, EpollWatch, FINDING_LAYOUT } from '../readiness/epoll-watch.js';
import {
  type EventLayout,
  eventLayout,
  eventWords,
  INITIAL_EVENTS,
  latestEventWords,
  MAX_EVENTS_LIMIT,
  waitForEvents,
} from '../readiness/event-buffer.js';
import type { Waiter, WaiterKind } from '../readiness/waiter.js';
import { type Backend, type BackendEntry, type ReadySink, type Trigger, triggersOf } from './backend.js';

/** A slot that no fd can have: the wake-up's. */
const WAKEUP_SLOT = 0xffff_ffff;

/**
 * This many waits in a row with stale events show that an open file description outlives its registration. In level
 * mode the kernel would report it for ever, every wait would return at once, and the kernel offers no way to remove it.
 */
const STALE_WAITS_BEFORE_REBUILD = 4;

/**
 * Sets of more fds never wait instead of the event loop: ending that takes the kernel a walk through the set, and a
 * turn of many events has less to gain.
 */
const MAX_DIRECT_FDS = 1024;

/** The options that the epoll backend gets from its owner. */
export interface EpollBackendOptions<Entry> {
  readonly waiterKind: WaiterKind;
  /** Whether a run may wait in the call itself, instead of the event loop. */
  readonly allowsDirectWaits: boolean;
  /** How long such a wait looks repeatedly before it blocks, in microseconds. */
  readonly spinUs: number;
  /** How many events a wait takes at most; undefined for all. */
  readonly maxEvents: number | undefined;
  /** Whether fds that epoll does not watch (EPERM: regular files) count as always ready. */
  readonly acceptsUnpollable: boolean;
  /** By fd, which is the slot of the token: the entry that is registered now. */
  readonly entries: readonly (Entry | undefined)[];
  /** Called when the new epoll fd is complete, while the old one is still open. */
  readonly onRebuild: () => void;
}

/** Returns the mask to ask the kernel for. EPOLLRDHUP distinguishes the end of a stream from data. */
function eventMask(entry: BackendEntry): number {
  const { interestMask } = entry;
  let mask = 0;
  // EPOLLRDHUP is not allowed with EPOLLEXCLUSIVE.
  if ((interestMask & EPOLLIN) !== 0) mask |= entry.exclusive ? EPOLLIN : EPOLLIN | EPOLLRDHUP;
  mask |= interestMask & (EPOLLOUT | EPOLLPRI);
  if (entry.exclusive) mask |= EPOLLEXCLUSIVE;
  return (mask | TRIGGER_BITS[entry.trigger]) >>> 0;
}

const TRIGGER_BITS: Readonly<Record<Trigger, number>> = {
  level: 0,
  edge: EPOLLET,
  oneshot: EPOLLONESHOT,
  'edge-oneshot': EPOLLET | EPOLLONESHOT,
};

/** Returns the events of an fd that epoll does not watch: reading and writing such a file never blocks. */
function unpollableEvents(entry: BackendEntry): number {
  return entry.watched && entry.active ? entry.interestMask & (EPOLLIN | EPOLLOUT) : 0;
}

/** One epoll fd. Each event carries slot and generation; events of a registration that is gone are dropped. */
export class EpollBackend<Entry extends BackendEntry> implements Backend<Entry> {
  readonly name = 'epoll';
  readonly triggers = triggersOf('epoll');
  readonly hasExclusive = true;
  readonly reportsErrors = true;
  readonly holdsCopyOfSet = false;
  readonly #options: EpollBackendOptions<Entry>;
  #epollFd: number;
  #watch: EpollWatch;
  #wakeupFd: number | undefined;
  /** Fds that the kernel refused to watch, see {@link EpollBackendOptions.acceptsUnpollable}. */
  readonly #unpollable = new Set<Entry>();
  #watchedCount = 0;
  #room: number;
  #staleWaits = 0;
  #staleEvents = 0;
  #directWaits = 0;
  #rebuilds = 0;

  constructor(options: EpollBackendOptions<Entry>) {
    this.#options = options;
    this.#room = Math.min(options.maxEvents ?? INITIAL_EVENTS, MAX_EVENTS_LIMIT);
    this.#epollFd = native.epollCreate();
    this.#watch = this.#createWatch();
  }

  get staleEvents(): number {
    return this.#staleEvents;
  }

  get directWaits(): number {
    return this.#directWaits;
  }

  get rebuilds(): number {
    return this.#rebuilds;
  }

  get isWaiterCostly(): boolean {
    return this.#options.waiterKind === 'thread';
  }

  get hasReady(): boolean {
    if (this.#unpollable.size === 0) return false;
    for (const entry of this.#unpollable) if (unpollableEvents(entry) !== 0) return true;
    return false;
  }

  add(entry: Entry): void {
    this.#watch.expect(entry.fd);
    try {
      native.epollCtl(this.#epollFd, EPOLL_CTL_ADD, entry.fd, eventMask(entry), entry.fd, entry.generation);
    } catch (error) {
      if (!this.#options.acceptsUnpollable || !hasCode(error, 'EPERM')) throw error;
      this.#unpollable.add(entry);
    }
    entry.watched = true;
    this.#watchedCount += 1;
    this.#makeRoom();
  }

  modify(entry: Entry): void {
    if (this.#unpollable.has(entry)) {
      entry.watched = true;
    } else if (entry.exclusive && entry.watched) {
      // The kernel cannot change an exclusive entry, only remove it and add it again.
      this.remove(entry);
      this.add(entry);
    } else if (entry.watched) {
      native.epollCtl(this.#epollFd, EPOLL_CTL_MOD, entry.fd, eventMask(entry), entry.fd, entry.generation);
    } else {
      this.add(entry);
    }
  }

  remove(entry: Entry): void {
    if (this.#unpollable.delete(entry)) {
      this.#watchedCount -= 1;
    } else if (entry.watched) {
      this.#watchedCount -= 1;
      try {
        native.epollCtl(this.#epollFd, EPOLL_CTL_DEL, entry.fd, 0, 0, 0);
      } catch (error) {
        // The fd was closed first. Its number may belong to another file by now, even to a regular one.
        if (!hasCode(error, 'EBADF') && !hasCode(error, 'ENOENT') && !hasCode(error, 'EPERM')) throw error;
      }
    }
    entry.watched = false;
  }

  watchWakeup(fd: number): void {
    native.epollCtl(this.#epollFd, EPOLL_CTL_ADD, fd, EPOLLIN, WAKEUP_SLOT, WAKEUP_SLOT);
    this.#wakeupFd = fd;
  }

  wait(
    ready: ReadySink<Entry>,
    timeoutMs: number,
    retryOnSignal: boolean,
    signalMask: readonly number[] | null,
  ): number {
    const room = this.#room;
    if (this.#watch.mayLoseEvents) {
      const found = this.#watch.takeFindings(room);
      const count = found.length / FINDING_LAYOUT.strideWords;
      if (count > 0) this.#take(ready, found, count, FINDING_LAYOUT);
      if (ready.length > 0 || ready.woken) return count;
    }
    const found = this.#watch.takeFound();
    if (found > 0) {
      this.#directWaits += 1;
      return this.#take(ready, latestEventWords(), found, eventLayout());
    }
    const words = eventWords(room);
    const count = waitForEvents(this.#epollFd, room, timeoutMs, retryOnSignal, signalMask);
    // Looks that find nothing are the price of looking often.
    if (count === 0 && this.#unpollable.size === 0) {
      this.#staleWaits = 0;
      return 0;
    }
    return this.#take(ready, words, count, eventLayout());
  }

  /** Puts the events that the kernel has reported into the list. */
  #take(ready: ReadySink<Entry>, words: Uint32Array, count: number, layout: EventLayout): number {
    const { strideWords, dataWord } = layout;
    const { entries } = this.#options;
    let stale = 0;
    for (let index = 0, at = 0; index < count; index += 1, at += strideWords) {
      const slot = present(words[at + dataWord], 'the slot of an event');
      if (slot === WAKEUP_SLOT) {
        ready.woken = true;
        continue;
      }
      // Not a place in an array: looking there would end the optimized code each time.
      if (slot === CALL_OUT_DATA) continue;
      const entry = entries[slot];
      if (entry?.active === true && entry.generation === words[at + dataWord + 1]) {
        entry.becomeReady(present(words[at], 'the mask of an event'));
        ready.push(entry);
      } else {
        stale += 1;
      }
    }
    const unpollable = this.#unpollable.size === 0 ? 0 : this.#reportUnpollable(ready);
    this.#noteStale(stale);
    return count + unpollable;
  }

  openWaiter(report: () => void): Waiter {
    return this.#watch.openWaiter(report);
  }

  close(): void {
    native.close(this.#epollFd);
  }

  #createWatch(): EpollWatch {
    return new EpollWatch(this.#options.waiterKind, this.#epollFd, false, () => this.#room, {
      room: this.#directRoom,
      spinUs: this.#options.spinUs,
    });
  }

  readonly #directRoom = (): number => {
    if (!this.#options.allowsDirectWaits || this.#watchedCount > MAX_DIRECT_FDS) return 0;
    const room = this.#room;
    eventWords(room);
    return room;
  };

  #makeRoom(): void {
    if (this.#options.maxEvents !== undefined) return;
    // One more for the wake-up.
    if (this.#watchedCount >= this.#room) this.#room = Math.min(this.#watchedCount * 2, MAX_EVENTS_LIMIT);
  }

  /** In edge mode, a file is reported once per arming. */
  #reportUnpollable(ready: ReadySink<Entry>): number {
    let count = 0;
    for (const entry of this.#unpollable) {
      const events = unpollableEvents(entry);
      if (events === 0) continue;
      entry.watched = entry.trigger === 'level';
      entry.becomeReady(events);
      ready.push(entry);
      count += 1;
    }
    return count;
  }

  #noteStale(stale: number): void {
    this.#staleEvents += stale;
    if (stale === 0) {
      this.#staleWaits = 0;
      return;
    }
    this.#staleWaits += 1;
    if (this.#staleWaits >= STALE_WAITS_BEFORE_REBUILD) this.#rebuild();
  }

  /** Moves every live registration to a new epoll fd, and leaves behind fds that are not registered any more. */
  #rebuild(): void {
    const oldFd = this.#epollFd;
    this.#staleWaits = 0;
    try {
      this.#epollFd = native.epollCreate();
    } catch (error) {
      // No fd is available now: the next few waits return early, and then it is tried again.
      if (hasCode(error, 'EMFILE') || hasCode(error, 'ENFILE')) return;
      throw error;
    }
    this.#watch = this.#createWatch();
    this.#rebuilds += 1;
    if (this.#wakeupFd !== undefined) this.watchWakeup(this.#wakeupFd);
    for (const entry of this.#options.entries) {
      if (entry?.watched !== true || this.#unpollable.has(entry)) continue;
      entry.watched = false;
      this.#watchedCount -= 1;
      // A disarmed entry is added when it is armed again: now it would report errors and hangups.
      if (!entry.active) continue;
      try {
        this.add(entry);
      } catch (error) {
        // Its fd was closed, so it reported nothing before either.
        if (!hasCode(error, 'EBADF') && !hasCode(error, 'EPERM')) throw error;
      }
    }
    this.#options.onRebuild();
    native.close(oldFd);
  }
}
