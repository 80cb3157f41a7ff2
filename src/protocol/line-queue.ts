/** Lines that wait for their turn, end to end in one buffer: an empty line costs a byte, not an object. */

const LF = 0x0a;
const MIN_BYTES = 256;

/** A first-in, first-out queue of lines. Its owner bounds it by {@link LineQueue.byteLength}. */
export class LineQueue {
  #buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  /** Bytes in the queue: the lines, and one byte for the end of each. */
  get byteLength(): number {
    return this.#end - this.#start;
  }

  /** All lines, each with LF after it: a view that is valid until the next call. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Appends a copy of a line, which must not contain LF. */
  push(line: Uint8Array): void {
    this.#reserve(line.length + 1);
    this.#buffer.set(line, this.#end);
    this.#buffer[this.#end + line.length] = LF;
    this.#end += line.length + 1;
  }

  /** Removes the first line. @returns a view that is valid until the next `push`; null if the queue is empty */
  shift(): Buffer | null {
    if (this.#start === this.#end) return null;
    const end = this.#buffer.indexOf(LF, this.#start);
    const line = this.#buffer.subarray(this.#start, end);
    this.#start = end + 1;
    return line;
  }

  #reserve(byteLength: number): void {
    if (this.#end + byteLength <= this.#buffer.length) return;
    const waiting = this.#buffer.subarray(this.#start, this.#end);
    // If less than half of the buffer is in use, the lines only move to its front.
    const isRoomy = 2 * (waiting.length + byteLength) <= this.#buffer.length;
    const next = isRoomy
      ? this.#buffer
      : Buffer.allocUnsafeSlow(Math.max(MIN_BYTES, 2 * (waiting.length + byteLength)));
    next.set(waiting);
    this.#buffer = next;
    this.#start = 0;
    this.#end = waiting.length;
  }
}
