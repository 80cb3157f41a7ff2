/** Marks that a server asks for as something outside it: the answers can be recorded. */
import { hasKind, type Outside } from '../../accounts/observed-accounts.js';
import type { Shelf } from '../../history/line.js';
import type { Mark, Markers } from '../../history/markers.js';

const isMark = hasKind<Mark>('mark', 'unavailable');

/** Asks for the marks of a store. */
export class OutsideMarkers implements Markers {
  readonly #markers: Markers;
  readonly #outside: Outside;

  constructor(markers: Markers, outside: Outside) {
    this.#markers = markers;
    this.#outside = outside;
  }

  read(owner: Shelf, target: string): Promise<Mark> {
    return this.#outside(() => this.#markers.read(owner, target), isMark);
  }

  mark(owner: Shelf, target: string, atMs: number): Promise<Mark> {
    return this.#outside(() => this.#markers.mark(owner, target, atMs), isMark);
  }

  forget(owner: Shelf): void {
    this.#markers.forget(owner);
  }
}
