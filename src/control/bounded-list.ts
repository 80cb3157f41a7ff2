/** A list for a person and for a program, of which only so much is sent. */
import { MAX_ANSWER_BYTES, type Reply } from './request.js';

/** The most lines of a list: more would be of no use to a person. */
const MAX_LINES = 10_000;
/** The most bytes, beside which the rest of the answer has room. */
const MAX_BYTES = MAX_ANSWER_BYTES / 2;

/** Gathers entries until there are too many. */
export class BoundedList {
  readonly #text: string[] = [];
  readonly #result: unknown[] = [];
  #bytes = 0;

  /** Whether it takes no more entries. */
  get isFull(): boolean {
    return this.#text.length >= MAX_LINES || this.#bytes >= MAX_BYTES;
  }

  /** @param entry - what `line` says, as data that JSON can express */
  add(line: string, entry: unknown): void {
    this.#text.push(line);
    this.#result.push(entry);
    this.#bytes += Buffer.byteLength(JSON.stringify(line)) + Buffer.byteLength(JSON.stringify(entry));
  }

  /** @param count - how many entries there are; @param what - the name of one */
  reply(count: number, what: string): Reply {
    const left = count - this.#text.length;
    const last = left > 0 ? `and ${left} more` : `${count} ${what}${count === 1 ? '' : 's'}`;
    return { text: [...this.#text, last], result: this.#result };
  }
}

/**
 * Returns how many entries a list has left out. Its last line is where a program finds that, too: versions that answer
 * one another accept no further field.
 */
export function leftOutOf({ text }: Reply): number {
  return Number(/^and (\d+) more$/.exec(text.at(-1) ?? '')?.[1] ?? 0);
}
