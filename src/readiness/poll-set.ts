/** An ordered, growing array of `struct pollfd` that poll(2) takes as it is. */
import { native } from '../binding/load.js';
import { present } from '../errors.js';
import type { Findings } from './findings.js';
import { restorePolled } from './lost-events.js';
import { hasDefaultHandling } from './wait-options.js';
import { ThreadWaiter, type Waiter } from './waiter.js';

/** The owner of an entry in a {@link PollSet}; the set keeps `pollIndex` up to date. */
export interface PollSetOwner {
  pollIndex: number;
}

const INITIAL_ENTRIES = 16;

/** Two words for an entry, and one for its place among the ready ones. */
const WORDS_PER_ENTRY = 3;

/** Room for `entries` entries as the binding takes them. */
export function pollWords(entries: number): Int32Array {
  return new Int32Array(entries * WORDS_PER_ENTRY);
}

/**
 * poll(2) over the first `count` entries of `words`.
 *
 * @returns how many entries have something to report
 */
export function pollEntries(
  words: Int32Array,
  count: number,
  timeoutMs: number,
  retryOnSignal: boolean,
  signalMask: readonly number[] | null,
): number {
  return hasDefaultHandling(timeoutMs, retryOnSignal, signalMask)
    ? native.poll(words, count, timeoutMs)
    : native.poll(words, count, timeoutMs, retryOnSignal, signalMask);
}

/**
 * Keeps the order of adding. Removing leaves a gap, and the gaps are closed before the next call, so that removing many
 * costs no more than removing one. poll(2) refuses more entries than the limit of open fds (RLIMIT_NOFILE), so it must
 * never see a gap: the live entries alone may be close to that limit.
 */
export class PollSet<Owner extends PollSetOwner> {
  #words = pollWords(INITIAL_ENTRIES);
  #owners: (Owner | undefined)[] = [];
  /** The place of the first gap; the number of places if there is none. */
  #firstGap = 0;
  #thread: ThreadWaiter | undefined;

  add(owner: Owner, fd: number, events: number): void {
    if (this.#owners.length * WORDS_PER_ENTRY === this.#words.length) this.#makeRoom();
    const index = this.#owners.length;
    if (this.#firstGap === index) this.#firstGap += 1;
    this.#owners.push(owner);
    owner.pollIndex = index;
    this.#words[index * 2] = fd;
    this.#words[index * 2 + 1] = events;
  }

  setEvents(owner: Owner, events: number): void {
    this.#words[owner.pollIndex * 2 + 1] = events;
  }

  remove(owner: Owner): void {
    this.#owners[owner.pollIndex] = undefined;
    this.#firstGap = Math.min(this.#firstGap, owner.pollIndex);
    this.#thread?.forget(present(this.#words[owner.pollIndex * 2], 'the fd of an entry'));
  }

  /**
   * Makes the call.
   *
   * @returns how many entries have something to report: see {@link readyPlace}
   */
  poll(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    if (this.#firstGap !== this.#owners.length) this.#closeGaps();
    if (this.#thread !== undefined) {
      const ready = this.#restore(this.#thread.takeFindings());
      if (ready > 0 || (ready === 0 && timeoutMs === 0)) return ready;
    }
    return pollEntries(this.#words, this.#owners.length, timeoutMs, retryOnSignal, signalMask);
  }

  /** Adds the findings of the helper thread to a look. @returns how many are ready; -1 if it has found nothing */
  #restore(findings: Findings): number {
    if (findings.length === 0) return -1;
    const words = this.#words;
    const count = this.#owners.length;
    return restorePolled(words, count, pollEntries(words, count, 0, true, null), findings);
  }

  /** Opens a helper thread that waits for the entries. */
  openWaiter(report: () => void): Waiter {
    this.#thread = new ThreadWaiter((waiter) => {
      this.#closeGaps();
      native.waitThreadArmPoll(waiter, this.#words, this.#owners.length);
    }, report);
    return this.#thread;
  }

  /** The place of the `nth` entry that has something to report. */
  readyPlace(nth: number): number {
    return present(this.#words[this.#owners.length * 2 + nth], 'a word of the answer');
  }

  /** The owner of the entry at a place; undefined if it was removed since the call. */
  ownerAt(place: number): Owner | undefined {
    return this.#owners[place];
  }

  /** The events of the entry at a place, unsigned. */
  eventsAt(place: number): number {
    return present(this.#words[place * 2 + 1], 'a word of the answer') >>> 16;
  }

  /** Gaps take up room as well, unless there was a call in between. */
  #makeRoom(): void {
    this.#closeGaps();
    const room = this.#owners.length * 2;
    if (room * WORDS_PER_ENTRY <= this.#words.length) return;
    const grown = pollWords(room);
    grown.set(this.#words);
    this.#words = grown;
  }

  #closeGaps(): void {
    const owners = this.#owners;
    // Setting the length of an array is slow even if it stays the same, and this runs before each call.
    if (this.#firstGap === owners.length) return;
    const words = this.#words;
    let next = this.#firstGap;
    for (let place = next; place < owners.length; place += 1) {
      const owner = owners[place];
      if (owner === undefined) continue;
      words.copyWithin(next * 2, place * 2, place * 2 + 2);
      owner.pollIndex = next;
      owners[next] = owner;
      next += 1;
    }
    owners.length = next;
    this.#firstGap = next;
  }
}
