/** The marks of accounts, in the store. */
import type { Shelf } from '../history/line.js';
import type { Mark, Markers } from '../history/markers.js';
import type { StoreAccess } from './store-access.js';
import { written } from './written.js';

export class StoredMarkers implements Markers {
  readonly #store: StoreAccess;

  constructor(store: StoreAccess) {
    this.#store = store;
  }

  read(owner: Shelf, target: string): Promise<Mark> {
    return this.#store.read('mark', { owner: accountOf(owner), target }).then(
      (atMs) => ({ kind: 'mark', atMs }),
      () => ({ kind: 'unavailable' }),
    );
  }

  mark(owner: Shelf, target: string, atMs: number): Promise<Mark> {
    return written(this.#store, { kind: 'mark', owner: accountOf(owner), target, atMs }).then(
      (moved) => ({ kind: 'mark', atMs: moved }),
      () => ({ kind: 'unavailable' }),
    );
  }

  forget(): void {
    // They are removed with their account.
  }
}

function accountOf(owner: Shelf): string {
  return owner.slice('a:'.length);
}
