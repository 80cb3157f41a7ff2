/** The lines of a stream, with only one of them in memory. */

const LF = 0x0a;

/** Gathers the bytes of one line after another. */
export class LineBuffer {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #length = 0;

  /** @param maxBytes - the most bytes that wait, including a newline */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes bytes, which are copied. @returns false if more bytes wait than may */
  push(bytes: Uint8Array): boolean {
    this.#parts.push(Buffer.from(bytes));
    this.#length += bytes.length;
    return this.#length <= this.#maxBytes;
  }

  /** Takes the next whole line, without its newline; null while there is none. */
  next(): Uint8Array | null {
    const last = this.#parts.at(-1);
    // All parts but the last have been searched.
    if (last === undefined || (this.#parts.length > 1 && !last.includes(LF))) return null;
    const all = Buffer.concat(this.#parts);
    const end = all.indexOf(LF);
    const rest = end < 0 ? all : all.subarray(end + 1);
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
    return end < 0 ? null : all.subarray(0, end);
  }
}
