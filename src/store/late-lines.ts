/** Lines that another node is to write: they wait until it has, and are written if it has not. */
import type { Write } from './tasks.js';
import type { WriteAnswer } from './write-batches.js';

/** A line on its shelf. */
type ShelvedLine = Write<'line'>;

/** The surroundings of {@link LateLines}. */
export interface LateLinesParts {
  /** Whether another node is to write the lines of a shelf. Nodes may disagree about that at any time. */
  readonly isOthers: (shelf: string) => boolean;
  /** Returns whether each line is on its shelf. It may reject. */
  readonly areThere: (lines: readonly ShelvedLine[]) => Promise<readonly boolean[]>;
  readonly write: (write: Write, answer?: WriteAnswer) => void;
}

/** How often it is found out which lines are there, in milliseconds: a line waits at least that long. */
const LOOK_MS = 500;
/** A node that is so many looks behind with a shelf is waited for no longer. With less to do, it may catch up. */
const MAX_LOOKS = 8;
/** If more lines wait, all are written: they are in memory. */
const MAX_WAITING = 20_000;

interface Waiting {
  readonly write: ShelvedLine;
  readonly answer: WriteAnswer | undefined;
}

/** The lines of one shelf that wait, in their order. */
interface Shelf {
  readonly name: string;
  readonly waiting: Waiting[];
  /** The number of lines that have waited since the last look. */
  ripe: number;
  /** The number of lines of which the last one is asked for; 0 for none. */
  asked: number;
  /** How often that was not there. */
  misses: number;
  isAsking: boolean;
  /** Whether somebody waits for lines behind those of the pending question. */
  isHurried: boolean;
}

/**
 * Every node has every line until it is written, so none is lost with a node; but one writes it, and the others find it
 * there. All write the lines of a shelf in their order, those behind one that has failed only after that: so the lines
 * that are there are the first ones, and if the last one is there, all of them are.
 */
export class LateLines {
  readonly #parts: LateLinesParts;
  readonly #shelves = new Map<string, Shelf>();
  #count = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: LateLinesParts) {
    this.#parts = parts;
  }

  /** Whether a line waits. */
  get isBusy(): boolean {
    return this.#shelves.size > 0;
  }

  /** Writes something, after the lines that it comes after, unless it is a line that can wait. */
  write(write: Write, answer?: WriteAnswer): void {
    switch (write.kind) {
      case 'line':
        // It has waited, or others wait behind it.
        if (write.isLate === true) break;
        if (this.#parts.isOthers(write.shelf)) {
          this.#wait({ write, answer });
          return;
        }
        // Another node was to write the earlier ones.
        this.#flushOne(write.shelf);
        break;
      // Once a state is kept, the packs that the lines are from may be dropped.
      case 'keep':
      case 'retain':
      case 'trim':
        this.#flushOne(write.log);
        break;
      // Whoever reads a room marks its lines, which says nothing of them.
      case 'mark':
      case 'member-keep':
      case 'member-drop':
        break;
      default:
        this.flush();
    }
    this.#parts.write(write, answer);
  }

  /** Finds out at once whether the lines that wait are written, and writes those that are not. */
  hurry(): void {
    const asking: Shelf[] = [];
    for (const shelf of this.#shelves.values()) {
      // The answer to the pending question says nothing of later lines.
      if (shelf.isAsking) shelf.isHurried = true;
      else asking.push(shelf);
    }
    void this.#askNow(asking);
  }

  #askNow(asking: readonly Shelf[]): Promise<void> {
    for (const shelf of asking) {
      shelf.isHurried = false;
      shelf.ripe = shelf.waiting.length;
      shelf.asked = shelf.ripe;
      shelf.misses = MAX_LOOKS;
    }
    return this.#ask(asking);
  }

  /** Writes all lines that wait. When earlier ones have failed, they get behind these for the next attempt. */
  flush(): void {
    for (const name of [...this.#shelves.keys()]) this.#flushOne(name);
  }

  #flushOne(name: string): void {
    const shelf = this.#shelves.get(name);
    if (shelf === undefined) return;
    this.#drop(shelf);
    this.#count -= shelf.waiting.length;
    this.#writeAll(shelf.waiting);
  }

  #drop(shelf: Shelf): void {
    this.#shelves.delete(shelf.name);
    if (this.#shelves.size > 0 || this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait(waiting: Waiting): void {
    const name = waiting.write.shelf;
    const shelf = this.#shelves.get(name) ?? emptyShelf(name);
    this.#shelves.set(name, shelf);
    shelf.waiting.push(waiting);
    this.#count += 1;
    if (this.#count > MAX_WAITING) this.flush();
    else this.#timer ??= setTimeout(this.#tick, LOOK_MS);
  }

  readonly #tick = (): void => {
    this.#timer = setTimeout(this.#tick, LOOK_MS);
    const asking: Shelf[] = [];
    for (const shelf of this.#shelves.values()) {
      if (shelf.asked === 0) shelf.asked = shelf.ripe;
      if (shelf.asked > 0 && !shelf.isAsking) asking.push(shelf);
      shelf.ripe = shelf.waiting.length;
    }
    void this.#ask(asking);
  };

  /** Asks for the last one of the lines that some shelves wait for. It does not reject. */
  async #ask(asking: readonly Shelf[]): Promise<void> {
    if (asking.length === 0) return;
    const lasts = asking.flatMap((shelf) => {
      shelf.isAsking = true;
      return shelf.waiting[shelf.asked - 1]?.write ?? [];
    });
    const there = await this.#parts.areThere(lasts).catch(() => []);
    for (const [index, shelf] of asking.entries()) {
      // They may have been written meanwhile.
      if (this.#shelves.get(shelf.name) === shelf) this.#settle(shelf, there[index] === true);
    }
    await this.#askNow(asking.filter((shelf) => shelf.isHurried && this.#shelves.get(shelf.name) === shelf));
  }

  #settle(shelf: Shelf, areThere: boolean): void {
    shelf.isAsking = false;
    if (!areThere && shelf.misses < MAX_LOOKS) {
      shelf.misses += 1;
      return;
    }
    shelf.misses = 0;
    const settled = shelf.waiting.splice(0, shelf.asked);
    this.#count -= settled.length;
    shelf.ripe -= settled.length;
    shelf.asked = 0;
    if (shelf.waiting.length === 0) this.#drop(shelf);
    if (!areThere) this.#writeAll(settled);
    else for (const { answer } of settled) answer?.written(1);
  }

  #writeAll(waiting: readonly Waiting[]): void {
    for (const { write, answer } of waiting) this.#parts.write({ ...write, isLate: true }, answer);
  }
}

function emptyShelf(name: string): Shelf {
  return { name, waiting: [], ripe: 0, asked: 0, misses: 0, isAsking: false, isHurried: false };
}
