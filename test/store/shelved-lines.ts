/** The lines of a database under test. */
import type { Write } from '../../src/store/tasks.js';

/** The numbers of lines, by shelves. */
export class ShelvedLines {
  readonly #shelves = new Map<string, number[]>();

  of(shelf: string): readonly number[] {
    return this.#shelves.get(shelf) ?? [];
  }

  has({ shelf, line: { seq } }: Write<'line'>): boolean {
    return this.of(shelf).includes(seq);
  }

  put(write: Write<'line'>): void {
    const { shelf, line } = write;
    if (!this.has(write)) this.#shelves.set(shelf, [...this.of(shelf), line.seq]);
  }
}
