/** An ordered, growing array of `struct pollfd` that poll(2) takes as it is. */

/** Whoever has an entry in a {@link PollSet}; the set keeps `pollIndex` right. */
export interface PollSetOwner {
  pollIndex: number;
}

/** Entries of a removed owner carry this fd: poll(2) ignores negative ones. */
const REMOVED_FD = -1;

const INITIAL_ENTRIES = 16;

/**
 * Keeps the order of adding. Removing leaves an ignored entry behind, and once half of the entries are such they are
 * squeezed out, so that removing costs the same however many there are.
 */
export class PollSet<Owner extends PollSetOwner> {
  #words = new Int32Array(INITIAL_ENTRIES * 2);
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
    if (index * 2 === this.#words.length) {
      const grown = new Int32Array(this.#words.length * 2);
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
   * Calls back for each entry with something to report, in order.
   *
   * @param ready how many there are
   */
  forEachReady(ready: number, report: (owner: Owner, revents: number) => void): void {
    const words = this.#words;
    const owners = this.#owners;
    let left = ready;
    for (let index = 0; left > 0 && index < owners.length; index += 1) {
      const revents = (words[index * 2 + 1] ?? 0) >>> 16;
      if (revents === 0) continue;
      left -= 1;
      const owner = owners[index];
      if (owner !== undefined) report(owner, revents);
    }
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
