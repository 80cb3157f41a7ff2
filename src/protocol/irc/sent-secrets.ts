/** Hides the steps of SASL in what a client is sent: with them, somebody could guess the password at leisure. */

/** A step of the server: what follows the command is a secret, but for a `+`. */
const STEP = /^((?:@[^ \r\n]* )?AUTHENTICATE )(?!\+\r?\n?$)([^\r\n]+)/;
/** Longer than the tags and the step of any line. */
const MAX_HEAD_LENGTH = 1_024;

/** The mask of what one client is sent. Lines and lengths stay as they are. */
export class SentMask {
  /** The part that has been sent of a line that has not ended, one character for each byte. */
  #head = '';

  hide(bytes: Uint8Array): Uint8Array {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    if (this.#head === '' && !text.includes('AUTHENTICATE ')) {
      this.#head = headOf(text);
      return bytes;
    }
    const pieces = text.split(/(?<=\n)/).map((piece) => this.#next(piece));
    return Buffer.from(pieces.join(''), 'latin1');
  }

  #next(piece: string): string {
    const before = this.#head;
    const line = before + piece;
    this.#head = headOf(line);
    const hidden = line.replace(STEP, (_, head: string, step: string) => head + 'x'.repeat(step.length));
    return hidden.slice(before.length);
  }
}

/** Returns the beginning of the line that a text leaves open; empty if it ends with a line. */
function headOf(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1).slice(0, MAX_HEAD_LENGTH);
}
