/** The recent messages of one log, so that a message that is named later is known with its speaker and recipient. */

/** The latest messages, each by the key of its place in the log: see `Positions`. */
export class RecentMessages<T> {
  readonly #limit: number;
  // Two lists that are used as rings: a message costs no object.
  readonly #keys: number[] = [];
  readonly #values: T[] = [];
  #at = 0;

  /** @param limit - the number of messages that are known; the oldest makes room for the next */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(key: number, value: T): void {
    this.#keys[this.#at] = key;
    this.#values[this.#at] = value;
    this.#at = this.#at + 1 === this.#limit ? 0 : this.#at + 1;
  }

  /** The known messages, the oldest first. */
  entries(): (readonly [key: number, value: T])[] {
    const found = this.#values.map((value, index) => [this.#keys[index] ?? NO_KEY, value] as const);
    return [...found.slice(this.#at), ...found.slice(0, this.#at)].filter(([key]) => key !== NO_KEY);
  }

  find(key: number): T | undefined {
    const index = this.#keys.indexOf(key);
    return index < 0 ? undefined : this.#values[index];
  }

  /** Replaces what is known of each message. */
  change(valueOf: (value: T) => T): void {
    for (const [index, value] of this.#values.entries()) this.#values[index] = valueOf(value);
  }

  /** Forgets a message that no longer exists. */
  remove(key: number): void {
    const index = this.#keys.indexOf(key);
    if (index >= 0) this.#keys[index] = NO_KEY;
  }
}

/** A key that no message has. */
const NO_KEY = -1;
