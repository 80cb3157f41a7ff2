/** An ordered, growing array of `struct pollfd` that poll(2) takes as it is. */
import { native } from '../binding.js';
import { hasDefaultHandling } from './wait-options.js';

/** Whoever has an entry in a {@link PollSet}; the set keeps `pollIndex` right. */
export interface PollSetOwner {
  pollIndex: number;
}

/** Entries of a removed owner carry this fd: poll(2) ignores negative ones. */
const REMOVED_FD = -1;

const INITIAL_ENTRIES = 16;

/** An entry is two words, and one more is for its place among the ready ones. */
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
 * Keeps the order of adding. Removing leaves an ignored entry behind, and once half of the entries are such they are
 * squeezed out, so that removing costs the same however many there are.
 */
export class PollSet<Owner extends PollSetOwner> {
  #words = pollWords(INITIAL_ENTRIES);
  #owners: (Owner | undefined)[] = [];
  #removed = 0;

  /** The entries, two words each; see the binding's `poll`. */
  get words(): Int32Array {
    return this.#words;
  }

  /** How many entries there are, ignored ones included. */
  get count(): number {
    return this.#owners.length;
  }

  add(owner: Owner, fd: number, events: number): void {
    const index = this.#owners.length;
    if (index * WORDS_PER_ENTRY === this.#words.length) {
      const grown = pollWords(index * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#owners.push(owner);
    owner.pollIndex = index;
    this.#words[index * 2] = fd;
    this.#words[index * 2 + 1] = events;
  }

  setEvents(owner: Owner, events: number): void {
    this.#words[owner.pollIndex * 2 + 1] = events;
  }

  remove(owner: Owner): void {
    this.#words[owner.pollIndex * 2] = REMOVED_FD;
    this.#owners[owner.pollIndex] = undefined;
    this.#removed += 1;
    if (this.#removed * 2 > this.#owners.length) this.#squeeze();
  }

  /**
   * Makes the call.
   *
   * @returns how many entries have something to report: see {@link readyOwner} and {@link readyEvents}
   */
  poll(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    return pollEntries(this.#words, this.#owners.length, timeoutMs, retryOnSignal, signalMask);
  }

  /** Whose the entry is that was the `nth` in order to have something to report, undefined where it was removed since. */
  readyOwner(nth: number): Owner | undefined {
    return this.#owners[this.#readyPlace(nth)];
  }

  /** What that entry reported, unsigned. */
  readyEvents(nth: number): number {
    return (this.#words[this.#readyPlace(nth) * 2 + 1] ?? 0) >>> 16;
  }

  #readyPlace(nth: number): number {
    return this.#words[this.#owners.length * 2 + nth] ?? 0;
  }

  #squeeze(): void {
    const owners: Owner[] = [];
    for (const owner of this.#owners) {
      if (owner === undefined) continue;
      const from = owner.pollIndex * 2;
      const to = owners.length * 2;
      this.#words[to] = this.#words[from] ?? REMOVED_FD;
      this.#words[to + 1] = this.#words[from + 1] ?? 0;
      owner.pollIndex = owners.length;
      owners.push(owner);
    }
    this.#owners = owners;
    this.#removed = 0;
  }
}
