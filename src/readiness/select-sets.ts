/** The sets of select(2) as the kernel takes them, kept up to date while fds are added and removed. */
import { native } from '../binding/load.js';
import { POLLIN, POLLOUT, POLLPRI } from './constants.js';
import { FINDING_WORDS, type Findings } from './findings.js';
import { hasDefaultHandling } from './wait-options.js';

/** The events of the sets, in their order: read, write, except. */
const SET_EVENTS = [POLLIN, POLLOUT, POLLPRI] as const;
const SETS = SET_EVENTS.length;
const BITS_PER_WORD = 32;
/** The words of a set at first: for 256 fds. An even number, since the kernel takes longs. */
const INITIAL_SET_WORDS = 8;

/** A list of fds for a helper thread, one set after the other. */
export interface SelectList {
  readonly fds: Int32Array;
  readonly counts: readonly [read: number, write: number, except: number];
}

/**
 * Three sets, with room for the highest of their fds, and the kernel's answer. A change costs the same whatever the
 * number of fds.
 */
export class SelectSets {
  /** The sets, and after them the answer in the same layout. */
  #words = new Int32Array(2 * SETS * INITIAL_SET_WORDS);
  #setWords = INITIAL_SET_WORDS;
  /** One more than the highest fd. */
  #fdLimit = 0;

  /** Sets the events that are asked about an fd: POLLIN, POLLOUT and POLLPRI; 0 takes it out. */
  set(fd: number, events: number): void {
    if (events === 0 && fd >= this.#fdLimit) return;
    this.#makeRoom(fd);
    for (let set = 0; set < SETS; set += 1) this.#put(set, fd, (events & eventOf(set)) !== 0);
    if (events !== 0) this.#fdLimit = Math.max(this.#fdLimit, fd + 1);
    else if (fd + 1 === this.#fdLimit) this.#fdLimit = this.#highestBelow(fd) + 1;
  }

  /**
   * select(2).
   *
   * @returns how many bits of the answer are set. With 0, there is no answer
   * @throws EBADF
   */
  select(timeoutMs: number, retryOnSignal: boolean, signalMask: readonly number[] | null): number {
    return hasDefaultHandling(timeoutMs, retryOnSignal, signalMask)
      ? native.selectSets(this.#words, this.#fdLimit, timeoutMs)
      : native.selectSets(this.#words, this.#fdLimit, timeoutMs, retryOnSignal, signalMask);
  }

  /**
   * Looks, and restores findings of a helper thread that a second look does not see: see `mayLoseEvents` in the
   * binding.
   *
   * @returns how many bits of the answer are set
   */
  lookAgain(findings: Findings): number {
    let count = this.select(0, true, null);
    for (let at = 0; at < findings.length; at += FINDING_WORDS) {
      const fd = findings[at + 1] ?? -1;
      const set = findings[at + 2] ?? SETS;
      if (!this.#has(set, fd) || this.#has(SETS + set, fd) || !native.mayLoseEvents(fd)) continue;
      this.#put(SETS + set, fd, true);
      count += 1;
    }
    return count;
  }

  /** The lowest fd, at least `fd`, that the answer contains; -1 if there is none. */
  nextReady(fd: number): number {
    return this.#next(SETS, fd);
  }

  /** The events of an fd in the answer. */
  readyEvents(fd: number): number {
    let events = 0;
    for (let set = 0; set < SETS; set += 1) if (this.#has(SETS + set, fd)) events |= eventOf(set);
    return events;
  }

  /** The fds of the sets, ascending in each. */
  list(): SelectList {
    const lists: [number[], number[], number[]] = [[], [], []];
    for (let fd = this.#next(0, 0); fd >= 0; fd = this.#next(0, fd + 1)) {
      lists.forEach((list, set) => {
        if (this.#has(set, fd)) list.push(fd);
      });
    }
    const [read, write, except] = lists;
    return { fds: Int32Array.from(lists.flat()), counts: [read.length, write.length, except.length] };
  }

  /** The lowest fd, at least `fd`, in any of the three sets that begin with `first`; -1 if there is none. */
  #next(first: number, fd: number): number {
    const end = Math.ceil(this.#fdLimit / BITS_PER_WORD);
    let word = fd >>> 5;
    let bits = word < end ? this.#anyOf(first, word) & (-1 << (fd & 31)) : 0;
    while (bits === 0) {
      word += 1;
      if (word >= end) return -1;
      bits = this.#anyOf(first, word);
    }
    return word * BITS_PER_WORD + 31 - Math.clz32(bits & -bits);
  }

  /** The highest fd below `fd` in any of the sets; -1 if there is none. */
  #highestBelow(fd: number): number {
    let word = fd >>> 5;
    while (word >= 0 && this.#anyOf(0, word) === 0) word -= 1;
    return word < 0 ? -1 : word * BITS_PER_WORD + 31 - Math.clz32(this.#anyOf(0, word));
  }

  /** The bits of one word of the three sets that begin with `first`. */
  #anyOf(first: number, word: number): number {
    let bits = 0;
    for (let set = first; set < first + SETS; set += 1) bits |= this.#words[set * this.#setWords + word] ?? 0;
    return bits;
  }

  #has(set: number, fd: number): boolean {
    if (fd < 0 || fd >= this.#fdLimit) return false;
    return ((this.#words[set * this.#setWords + (fd >>> 5)] ?? 0) & (1 << (fd & 31))) !== 0;
  }

  #put(set: number, fd: number, isIn: boolean): void {
    const at = set * this.#setWords + (fd >>> 5);
    const bit = 1 << (fd & 31);
    const word = this.#words[at] ?? 0;
    this.#words[at] = isIn ? word | bit : word & ~bit;
  }

  #makeRoom(fd: number): void {
    if (fd < this.#setWords * BITS_PER_WORD) return;
    let setWords = this.#setWords;
    while (fd >= setWords * BITS_PER_WORD) setWords *= 2;
    const words = new Int32Array(2 * SETS * setWords);
    for (let set = 0; set < SETS; set += 1) {
      words.set(this.#words.subarray(set * this.#setWords, (set + 1) * this.#setWords), set * setWords);
    }
    this.#words = words;
    this.#setWords = setWords;
  }
}

/** The event that a set asks for. */
function eventOf(set: number): number {
  return SET_EVENTS[set] ?? 0;
}
