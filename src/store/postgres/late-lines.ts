/** Lines that another node is to write: they wait until it has, and are written if it has not. */
import type { Write } from '../tasks.js';
import type { WriteAnswer } from '../write-batches.js';

/** The surroundings of {@link LateLines}. */
export interface LateLinesParts {
  /** Whether another node is to write the lines of a shelf. Nodes may disagree about that at any time. */
  readonly isOthers: (shelf: string) => boolean;
  readonly write: (write: Write, answer?: WriteAnswer) => void;
}

/** A line waits at least half of this time, in milliseconds. */
const WAIT_MS = 1_000;
/** If more lines wait, all are written: they are in memory. */
const MAX_WAITING = 2_000;

type Waiting = readonly [write: Write<'line'>, answer: WriteAnswer | undefined];

/**
 * Every node writes every line in the end, so none is lost with a node; but one does so first, and the others find it
 * there. All write the lines of a shelf in their order, so at any time those that are there are the first ones.
 */
export class LateLines {
  readonly #parts: LateLinesParts;
  /** Those that have waited for half of the time, and those that have not. */
  #older: Waiting[] = [];
  #younger: Waiting[] = [];
  /** How many of them each shelf has. */
  readonly #shelves = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: LateLinesParts) {
    this.#parts = parts;
  }

  /** Whether a line waits. */
  get isBusy(): boolean {
    return this.#shelves.size > 0;
  }

  /** Writes something, after the lines that came before it, unless it is a line that can wait. */
  write(write: Write, answer?: WriteAnswer): void {
    if (write.kind === 'line') {
      if (this.#parts.isOthers(write.shelf)) {
        this.#wait([write, answer]);
        return;
      }
      // Another node was to write the earlier ones.
      if (this.#shelves.has(write.shelf)) this.flush();
    } else {
      this.flush();
    }
    this.#parts.write(write, answer);
  }

  /** Writes all lines that wait. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const waiting = [...this.#older, ...this.#younger];
    this.#older = [];
    this.#younger = [];
    this.#shelves.clear();
    this.#writeAll(waiting);
  }

  #wait(waiting: Waiting): void {
    const [{ shelf }] = waiting;
    this.#younger.push(waiting);
    this.#shelves.set(shelf, (this.#shelves.get(shelf) ?? 0) + 1);
    if (this.#older.length + this.#younger.length > MAX_WAITING) this.flush();
    else this.#timer ??= setTimeout(this.#tick, WAIT_MS / 2);
  }

  readonly #tick = (): void => {
    const ripe = this.#older;
    this.#older = this.#younger;
    this.#younger = [];
    for (const [{ shelf }] of ripe) {
      const left = (this.#shelves.get(shelf) ?? 0) - 1;
      if (left > 0) this.#shelves.set(shelf, left);
      else this.#shelves.delete(shelf);
    }
    this.#timer = this.#older.length > 0 ? setTimeout(this.#tick, WAIT_MS / 2) : null;
    this.#writeAll(ripe);
  };

  #writeAll(waiting: readonly Waiting[]): void {
    for (const [write, answer] of waiting) this.#parts.write({ ...write, isLate: true }, answer);
  }
}
