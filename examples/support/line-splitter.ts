/** Cuts a stream of bytes into lines: a stream has no messages, and a line may arrive in pieces. */

/** A peer that never ends its line must not fill the memory. */
const MAX_LINE_BYTES = 8192;
const NEWLINE = 0x0a;

export class LineSplitter {
  #unfinished: Buffer = Buffer.alloc(0);

  /**
   * Returns the lines that `bytes` completes, without their ends.
   *
   * @throws RangeError if a line is longer than 8192 bytes
   */
  split(bytes: Uint8Array): string[] {
    const all = Buffer.concat([this.#unfinished, bytes]);
    const lines: string[] = [];
    let start = 0;
    for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, start)) {
      lines.push(all.toString('utf8', start, end).replace(/\r$/, ''));
      start = end + 1;
    }
    this.#unfinished = all.subarray(start);
    if (this.#unfinished.length > MAX_LINE_BYTES) throw new RangeError('the line is too long');
    return lines;
  }
}
