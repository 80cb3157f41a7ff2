/** The queue of writes to an fd: chunks, which leave together or one by one. */
import { present } from '../errors.js';

/** Short chunks leave together in pieces of this size. */
const GATHER_BYTES = 65_536;

/** A queue of copied bytes. Its owner limits its length. */
export class FdOutbox {
  readonly #keepsChunks: boolean;
  #chunks: Uint8Array[] = [];
  #byteLength = 0;

  /** @param keepsChunks whether each chunk is a message, and leaves by a call of its own */
  constructor(keepsChunks: boolean) {
    this.#keepsChunks = keepsChunks;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#byteLength += bytes.length;
  }

  /**
   * Writes until the queue is empty or the fd takes no more.
   *
   * @param write returns how many bytes it took, or `null` if it would block
   * @returns whether the queue is empty
   * @throws the errors of `write`; bytes that left before are no longer in the queue
   */
  writeTo(write: (bytes: Uint8Array) => number | null): boolean {
    while (this.#chunks.length > 0) {
      this.#gather();
      const chunk = present(this.#chunks[0], 'a chunk to write');
      const taken = write(chunk);
      if (taken === null) return false;
      this.#byteLength -= taken;
      if (taken === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(taken);
    }
    return true;
  }

  /** Joins the first chunks. */
  #gather(): void {
    if (this.#keepsChunks) return;
    let count = 0;
    let length = 0;
    for (const chunk of this.#chunks) {
      if (count > 0 && length + chunk.length > GATHER_BYTES) break;
      length += chunk.length;
      count += 1;
    }
    if (count > 1) this.#chunks.splice(0, count, Buffer.concat(this.#chunks.slice(0, count), length));
  }

  clear(): void {
    this.#chunks = [];
    this.#byteLength = 0;
  }
}
