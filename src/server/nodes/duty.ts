/** Which of several nodes writes the lines of a shelf first. */

/** FNV-1a. */
const [START, PRIME] = [0x811c_9dc5, 0x0100_0193];

function hashOf(text: string): number {
  let hash = START;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  return hash >>> 0;
}

/** Divides the shelves among the nodes that live. For a while, nodes may know of different ones. */
export class Duty {
  #living: readonly string[] = [];
  #own = 0;

  /** Takes note of the nodes that live. @param own - the name of this one */
  know(own: string, living: readonly string[]): void {
    this.#living = living.toSorted();
    this.#own = this.#living.indexOf(own);
  }

  /** Whether another node is to write the lines of a shelf: of a room's, since every node writes all others. */
  readonly isOthers = (shelf: string): boolean => {
    // Any node may clear the shelf of an account that is erased: a line written there a second later would remain.
    if (!shelf.startsWith('r:')) return false;
    // One that the others do not know of writes all.
    if (this.#own < 0 || this.#living.length < 2) return false;
    return hashOf(shelf) % this.#living.length !== this.#own;
  };
}
