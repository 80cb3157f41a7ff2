/** The marks of one server: those of accounts are in its store, if it has one, all others in memory. */
import type { Shelf } from '../../history/line.js';
import { type Mark, type Markers, MemoryMarkers } from '../../history/markers.js';

export class Marks implements Markers {
  readonly #memory = new MemoryMarkers();
  readonly #kept: Markers | null;

  constructor(kept: Markers | null) {
    this.#kept = kept;
  }

  read(owner: Shelf, target: string): Promise<Mark> {
    return this.#keeperOf(owner).read(owner, target);
  }

  mark(owner: Shelf, target: string, atMs: number): Promise<Mark> {
    return this.#keeperOf(owner).mark(owner, target, atMs);
  }

  forget(owner: Shelf): void {
    this.#keeperOf(owner).forget(owner);
  }

  #keeperOf(owner: Shelf): Markers {
    return this.#kept !== null && owner.startsWith('a:') ? this.#kept : this.#memory;
  }
}
