/** Bytes that wait to be encrypted, in order. */

/** When this many chunks have been taken, they are released, although others still wait. */
const COMPACT_CHUNKS = 256;

/** A queue of bytes, taken out in pieces of a limited size. */
export class PlainQueue {
  #chunks: Buffer[] = [];
  /** The chunks before this one have been taken; they are released together. */
  #first = 0;
  byteLength = 0;

  /** @param bytes must not change any more */
  push(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.byteLength += bytes.length;
  }

  /** Takes the first bytes, at most `maxBytes`. */
  take(maxBytes: number): Buffer {
    const pieces: Buffer[] = [];
    let length = 0;
    while (this.#first < this.#chunks.length && length < maxBytes) {
      const chunk = this.#chunks[this.#first];
      if (chunk === undefined) break;
      const room = maxBytes - length;
      if (chunk.length <= room) {
        pieces.push(chunk);
        this.#first += 1;
      } else {
        pieces.push(chunk.subarray(0, room));
        this.#chunks[this.#first] = chunk.subarray(room);
      }
      length += Math.min(chunk.length, room);
    }
    this.byteLength -= length;
    if (this.byteLength === 0) this.clear();
    else if (this.#first >= COMPACT_CHUNKS) this.#compact();
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, length);
  }

  #compact(): void {
    this.#chunks.splice(0, this.#first);
    this.#first = 0;
  }

  clear(): void {
    this.#chunks = [];
    this.#first = 0;
    this.byteLength = 0;
  }
}
