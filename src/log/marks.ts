/** The marks of the last packs of a log, by which two sides notice that their packs differ. */

/** One pack, identified by its number and its bytes. */
export type Mark = readonly [seq: number, mark: string];

/** The number of packs that are remembered. */
export const MAX_MARKS = 32;

/** FNV-1a, twice with different seeds. Equal marks can be made on purpose, but hardly arise by chance. */
const [FIRST, SECOND, PRIME] = [0x811c_9dc5, 0x1000_0193, 0x0100_0193];

/** A pack's first bracket begins its entries. */
const OPENING_BRACKET = 0x5b;

/** Returns the mark of a pack. Only its entries count: a later version of the codec has another number before them. */
export function markOf(bytes: Uint8Array): string {
  let [one, two] = [FIRST, SECOND];
  for (const byte of bytes.subarray(Math.max(bytes.indexOf(OPENING_BRACKET), 0))) {
    one = Math.imul(one ^ byte, PRIME);
    two = Math.imul(two ^ byte ^ 0x5a, PRIME);
  }
  return `${(one >>> 0).toString(36)}.${(two >>> 0).toString(36)}`;
}

/** The marks of the packs that were applied last. */
export class Marks {
  #marks: Mark[] = [];

  /** All marks, the oldest first. */
  get all(): readonly Mark[] {
    return this.#marks;
  }

  add(seq: number, bytes: Uint8Array): void {
    this.#marks.push([seq, markOf(bytes)]);
    if (this.#marks.length > MAX_MARKS) this.#marks.shift();
  }

  /** Forgets the packs after a number. */
  cutAfter(top: number): void {
    this.#marks = this.#marks.filter(([seq]) => seq <= top);
  }
}

/**
 * Compares the packs that were applied with the packs of a log.
 *
 * @param applied - the oldest first
 * @param found - the packs of the log by their numbers; missing ones are ignored
 * @returns the last number up to which they are the same; null if there is nothing to compare
 */
export function commonEnd(applied: readonly Mark[], found: ReadonlyMap<number, Uint8Array>): number | null {
  let end: number | null = null;
  for (const [seq, mark] of applied) {
    const bytes = found.get(seq);
    if (bytes === undefined) continue;
    if (markOf(bytes) !== mark) return end ?? seq - 1;
    end = seq;
  }
  return end;
}
