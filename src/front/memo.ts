/** Remembers what was lately made from which source, so that a result that many get is made once. */

/** A message is one array per kind of reader in its room, in any order; few rooms have more kinds than this. */
const REMEMBERED = 16;

interface Made<Source, Result> {
  readonly source: Source;
  readonly result: Result;
}

/** A function of objects that never change, with the memory of its latest results. */
export class Memo<Source extends object, Result> {
  readonly #make: (source: Source) => Result;
  /** The latest results, and the one of the last call. */
  readonly #recent: Made<Source, Result>[] = [];
  #oldest = 0;
  #last: Made<Source, Result> | null = null;

  constructor(make: (source: Source) => Result) {
    this.#make = make;
  }

  /** @returns the same for the same source, as long as few others are given in between */
  of(source: Source): Result {
    if (this.#last?.source !== source) {
      this.#last = this.#find(source) ?? this.#remember(source);
    }
    return this.#last.result;
  }

  /** A loop, since a callback would be made for each message. */
  #find(source: Source): Made<Source, Result> | null {
    for (const one of this.#recent) if (one.source === source) return one;
    return null;
  }

  #remember(source: Source): Made<Source, Result> {
    const made = { source, result: this.#make(source) };
    this.#recent[this.#oldest] = made;
    this.#oldest = (this.#oldest + 1) % REMEMBERED;
    return made;
  }
}
