/** What the kernel did not take yet: the bytes of one connection that wait for it to be writable again. */
import { native, WOULD_BLOCK } from '../binding.js';

/** The smallest block that copied bytes are gathered in; small remainders of several turns then leave together. */
const MIN_BLOCK_BYTES = 4096;

/**
 * With more chunks than this the queue is copied into one: chunks may be views of bytes that other queues hold too, and a
 * queue that never moves would otherwise pin many large blocks for the sake of a few bytes in each.
 */
const MAX_CHUNKS = 64;

/** A first-in, first-out queue of bytes. It holds no buffer while it is empty, and its owner bounds its length. */
export class WriteQueue {
  #chunks: Buffer[] = [];
  /** How much of the first chunk has been sent. */
  #sentBytes = 0;
  /** The block that the last chunk is the front part of, if there is room behind it. */
  #block: Buffer | null = null;
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Appends a copy of `bytes`. */
  push(bytes: Uint8Array): void {
    const last = this.#chunks.length - 1;
    const tail = this.#chunks[last];
    if (this.#block !== null && tail !== undefined && this.#block.length - tail.length >= bytes.length) {
      this.#block.set(bytes, tail.length);
      this.#chunks[last] = this.#block.subarray(0, tail.length + bytes.length);
      this.#byteLength += bytes.length;
      return;
    }
    const block = Buffer.allocUnsafeSlow(Math.max(bytes.length, MIN_BLOCK_BYTES));
    block.set(bytes);
    this.#append(block.subarray(0, bytes.length), block);
  }

  /** Appends `bytes` themselves, which nobody may change from now on. */
  pushShared(bytes: Buffer): void {
    this.#append(bytes, null);
  }

  #append(chunk: Buffer, block: Buffer | null): void {
    this.#chunks.push(chunk);
    this.#block = block;
    this.#byteLength += chunk.length;
    if (this.#chunks.length > MAX_CHUNKS) this.#compact();
  }

  /**
   * Sends until the queue is empty or the kernel takes no more: send(2).
   *
   * @returns how many bytes left
   * @throws the errors of send(2); what had left before is no longer in the queue
   */
  sendTo(fd: number): number {
    const before = this.#byteLength;
    let done = 0;
    try {
      for (; done < this.#chunks.length; done += 1) {
        const chunk = this.#chunks[done];
        if (chunk === undefined) break;
        const length = chunk.length - this.#sentBytes;
        const sent = native.send(fd, chunk, this.#sentBytes, length, 0);
        if (sent === WOULD_BLOCK) break;
        this.#byteLength -= sent;
        if (sent < length) {
          this.#sentBytes += sent;
          break;
        }
        this.#sentBytes = 0;
      }
    } finally {
      if (done === this.#chunks.length) this.clear();
      else if (done > 0) this.#chunks.splice(0, done);
    }
    return before - this.#byteLength;
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks = [];
    this.#sentBytes = 0;
    this.#block = null;
    this.#byteLength = 0;
  }

  #compact(): void {
    const first = this.#chunks[0];
    if (first !== undefined) this.#chunks[0] = first.subarray(this.#sentBytes);
    this.#sentBytes = 0;
    this.#chunks = [Buffer.concat(this.#chunks, this.#byteLength)];
    // The one chunk that is left lies in no block.
    this.#block = null;
  }
}
