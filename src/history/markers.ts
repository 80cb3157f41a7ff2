/** Up to when somebody has read each conversation. */
import type { Shelf } from './line.js';

/** Up to when a conversation has been read, in milliseconds since the epoch; null if that is not known. */
export type Mark = { readonly kind: 'mark'; readonly atMs: number | null } | { readonly kind: 'unavailable' };

/** Marks by their owner, who has a shelf of its own, and by the folded name of a room or of a person. */
export interface Markers {
  read(owner: Shelf, target: string): Promise<Mark>;
  /** Moves a mark forward, never back. @returns the one that there is then */
  mark(owner: Shelf, target: string, atMs: number): Promise<Mark>;
  /** Forgets all marks of an owner. */
  forget(owner: Shelf): void;
}

/** The most marks of one owner: who has more loses the one that has been moved least lately. */
export const MAX_MARKS = 2_000;
/** The most owners whose marks are kept in memory. */
const MAX_OWNERS = 10_000;

/** Marks in memory, within bounds. */
export class MemoryMarkers implements Markers {
  /** The one that was used last is the last, in both. */
  readonly #owners = new Map<Shelf, Map<string, number>>();

  read(owner: Shelf, target: string): Promise<Mark> {
    return Promise.resolve({ kind: 'mark', atMs: this.#owners.get(owner)?.get(target) ?? null });
  }

  mark(owner: Shelf, target: string, atMs: number): Promise<Mark> {
    const marks = this.#owners.get(owner) ?? new Map<string, number>();
    const moved = Math.max(atMs, marks.get(target) ?? 0);
    putLast(marks, target, moved, MAX_MARKS);
    putLast(this.#owners, owner, marks, MAX_OWNERS);
    return Promise.resolve({ kind: 'mark', atMs: moved });
  }

  forget(owner: Shelf): void {
    this.#owners.delete(owner);
  }
}

function putLast<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const first of map.keys()) {
    if (map.size <= most) return;
    map.delete(first);
  }
}
