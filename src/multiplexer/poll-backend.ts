/** poll(2) under a multiplexer. */
import { POLLIN } from '../readiness/constants.js';
import { PollSet, type PollSetOwner } from '../readiness/poll-set.js';
import type { Waiter } from '../readiness/waiter.js';
import { type Backend, type BackendEntry, type ReadySink, triggersOf } from './backend.js';
import { CopyingBackend } from './copying-backend.js';
import { toPollEvents } from './interest.js';

/** One array of `struct pollfd`, in the order of registering. */
export class PollBackend<Entry extends BackendEntry> extends CopyingBackend implements Backend<Entry> {
  readonly name = 'poll';
  readonly triggers = triggersOf('poll');
  readonly reportsErrors = true;
  readonly #set = new PollSet<Entry | WakeupOwner>();

  add(entry: Entry): void {
    this.#set.add(entry, entry.fd, toPollEvents(entry.interestMask));
    entry.watched = true;
  }

  modify(entry: Entry): void {
    this.#set.setEvents(entry, toPollEvents(entry.interestMask));
  }

  remove(entry: Entry): void {
    if (entry.watched) this.#set.remove(entry);
    entry.watched = false;
  }

  watchWakeup(fd: number): void {
    const owner = new WakeupOwner(fd);
    this.#set.add(owner, owner.fd, POLLIN);
  }

  wait(
    ready: ReadySink<Entry>,
    timeoutMs: number,
    retryOnSignal: boolean,
    signalMask: readonly number[] | null,
  ): number {
    const set = this.#set;
    const count = set.poll(timeoutMs, retryOnSignal, signalMask);
    for (let nth = 0; nth < count; nth += 1) {
      const place = set.readyPlace(nth);
      const owner = set.ownerAt(place);
      if (owner instanceof WakeupOwner) {
        ready.woken = true;
      } else if (owner !== undefined) {
        owner.becomeReady(set.eventsAt(place));
        ready.push(owner);
      }
    }
    return count;
  }

  openWaiter(report: () => void): Waiter {
    return this.#set.openWaiter(report);
  }
}

/** Holds the wake-up's place in the array. */
class WakeupOwner implements PollSetOwner {
  pollIndex = 0;
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get fd(): number {
    return this.#fd;
  }
}
