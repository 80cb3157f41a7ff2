/** A list that takes new entries while its former ones are visited, turn after turn without garbage. */

/** More places than these are released when the list has finished with them. */
const MAX_KEPT_PLACES = 4096;

/** The entries that are visited: those at the indexes below `length`. */
export interface Taken<Entry> {
  readonly length: number;
  readonly entries: readonly (Entry | undefined)[];
}

class Places<Entry> {
  entries: (Entry | undefined)[] = [];
  length = 0;

  push(entry: Entry): void {
    this.entries[this.length] = entry;
    this.length += 1;
  }

  /** The places must not keep members that have left the list from being collected. */
  clear(): void {
    if (this.length > MAX_KEPT_PLACES) this.entries = [];
    else for (let index = 0; index < this.length; index += 1) this.entries[index] = undefined;
    this.length = 0;
  }
}

export class TurnList<Entry> {
  #waiting = new Places<Entry>();
  #taken = new Places<Entry>();

  /** How many entries wait to be taken. */
  get length(): number {
    return this.#waiting.length;
  }

  push(entry: Entry): void {
    this.#waiting.push(entry);
  }

  /** Takes all entries. They are valid until {@link release}. */
  take(): Taken<Entry> {
    const taken = this.#waiting;
    this.#waiting = this.#taken;
    this.#taken = taken;
    // In case they have not been released, because something was thrown meanwhile.
    this.#waiting.clear();
    return taken;
  }

  /** Call it when the entries taken last have been visited. */
  release(): void {
    this.#taken.clear();
  }
}
