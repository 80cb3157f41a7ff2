/** The open rooms by their names. */

/**
 * Each open room has one name, and each name one room. The logs of two rooms may give both the same name while one of
 * them is late: then the other one waits, and is not among the open rooms.
 */
export class OpenRooms<R> {
  readonly #byName = new Map<string, R>();
  readonly #names = new Map<R, string>();
  /** Rooms whose names others have, with those names. */
  readonly #waiting = new Map<R, string>();

  get size(): number {
    return this.#byName.size;
  }

  values(): IterableIterator<R> {
    return this.#byName.values();
  }

  find(name: string): R | undefined {
    return this.#byName.get(name);
  }

  /** Returns the name of an open room; undefined for any other room. */
  nameOf(room: R): string | undefined {
    return this.#names.get(room);
  }

  /** Whether a room is open, or waits for its name. */
  has(room: R): boolean {
    return this.#names.has(room) || this.#waiting.has(room);
  }

  /**
   * Gives a room a name instead of the one that it has had. The room that has the name now waits for it.
   *
   * @returns the rooms that wait for the former name
   */
  give(name: string, room: R): R[] {
    const holder = this.#byName.get(name);
    if (holder === room) return [];
    const waiting = this.remove(room);
    if (holder !== undefined) this.wait(name, holder);
    this.#byName.set(name, room);
    this.#names.set(room, name);
    return waiting;
  }

  /** Has a room wait for a name. @returns the rooms that wait for the name that it has had */
  wait(name: string, room: R): R[] {
    const waiting = this.remove(room);
    this.#waiting.set(room, name);
    return waiting;
  }

  /** @returns the rooms that wait for the name of the removed one */
  remove(room: R): R[] {
    this.#waiting.delete(room);
    const name = this.#names.get(room);
    if (name === undefined) return [];
    this.#names.delete(room);
    this.#byName.delete(name);
    return [...this.#waiting].flatMap(([each, wanted]) => (wanted === name ? [each] : []));
  }
}
