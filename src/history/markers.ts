/** The marks of how far somebody has read each conversation. */
import type { Shelf } from './line.js';

/** The time up to which a conversation has been read, in milliseconds since the epoch; null if unknown. */
export type Mark = { readonly kind: 'mark'; readonly atMs: number | null } | { readonly kind: 'unavailable' };

/** Marks by their owner, who has a shelf of its own, and by the folded name of a room or of a person. */
export interface Markers {
  read(owner: Shelf, target: string): Promise<Mark>;
  /** Moves a mark forward, never back. @returns the resulting mark */
  mark(owner: Shelf, target: string, atMs: number): Promise<Mark>;
  /** Forgets all marks of an owner. */
  forget(owner: Shelf): void;
}

/** The most marks of one owner: an owner with more loses the one that has been moved least lately. */
export const MAX_MARKS = 2_000;
/** The most marks of all owners that are kept in memory: some tens of megabytes. */
const MAX_ALL_MARKS = 200_000;

/** Marks in memory, within bounds. */
export class MemoryMarkers implements Markers {
  /** The most recently used is the last, in both maps. */
  readonly #owners = new Map<Shelf, Map<string, number>>();
  readonly #maxMarks: number;
  #count = 0;

  /**
   * @param maxMarks - the most marks of all owners together, at least {@link MAX_MARKS}: the owner who has been quiet
   *   longest loses all its marks
   */
  constructor(maxMarks = MAX_ALL_MARKS) {
    this.#maxMarks = maxMarks;
  }

  read(owner: Shelf, target: string): Promise<Mark> {
    return Promise.resolve({ kind: 'mark', atMs: this.#owners.get(owner)?.get(target) ?? null });
  }

  mark(owner: Shelf, target: string, atMs: number): Promise<Mark> {
    const marks = this.#owners.get(owner) ?? new Map<string, number>();
    const moved = Math.max(atMs, marks.get(target) ?? 0);
    this.forget(owner);
    marks.delete(target);
    marks.set(target, moved);
    for (const [first] of marks) {
      if (marks.size <= MAX_MARKS) break;
      marks.delete(first);
    }
    this.#owners.set(owner, marks);
    this.#count += marks.size;
    for (const [first] of this.#owners) {
      if (this.#count <= this.#maxMarks) break;
      this.forget(first);
    }
    return Promise.resolve({ kind: 'mark', atMs: moved });
  }

  forget(owner: Shelf): void {
    this.#count -= this.#owners.get(owner)?.size ?? 0;
    this.#owners.delete(owner);
  }
}
