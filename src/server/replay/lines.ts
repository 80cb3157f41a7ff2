/** The lines of a recording, read from its file as they are needed. */
import { closeSync, openSync, readSync } from 'node:fs';
import { toError } from '../../errors.js';
import { isLine, type Line } from '../record/format.js';
import { type Header, parseHeader } from '../record/header.js';

const CHUNK_BYTES = 65_536;
/** A damaged file may have no line ends at all. */
const MAX_LINE_BYTES = 67_108_864;
const LF = 0x0a;

/** A recording cannot be read. The message says what is wrong, and where in the file. */
export class RecordingError extends Error {}

/** Reads one recording from its beginning to its end. */
export class RecordingLines {
  readonly header: Header;
  readonly #path: string;
  readonly #fd: number;
  #bytes = Buffer.alloc(0);
  /** The place in the file at which `#bytes` begins. */
  #offset = 0;
  #isAtEnd = false;
  #lineNumber = 0;
  /** The next line; undefined until it has been looked at. */
  #next: Line | null | undefined = undefined;
  #isTruncated = false;
  #damage: RecordingError | null = null;

  /** @throws {@link RecordingError} if the file cannot be read, or begins like no recording */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, 'r');
    } catch (error) {
      throw new RecordingError(`${path} cannot be read: ${toError(error).message}`);
    }
    try {
      this.header = this.#readHeader();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #readHeader(): Header {
    const text = this.#readText();
    const header = text === null ? 'it ends in its first line' : parseHeader(text);
    if (typeof header === 'string') throw new RecordingError(`${this.#path}: ${header}`);
    return header;
  }

  /** The number of the line that was taken last; the header is line 1. */
  get lineNumber(): number {
    return this.#next === undefined || this.#next === null ? this.#lineNumber : this.#lineNumber - 1;
  }

  /** Whether the file ends in the middle of a line. Known when all lines have been taken. */
  get isTruncated(): boolean {
    return this.#isTruncated;
  }

  /** The damage of the line at which the lines end; null as long as none is damaged. */
  get damage(): RecordingError | null {
    return this.#damage;
  }

  /** Returns the next line, which stays the next; null at the end, and before a damaged line. */
  peek(): Line | null {
    if (this.#next === undefined) this.#next = this.#read();
    return this.#next;
  }

  /** Takes the next line; null at the end, and before a damaged line. */
  take(): Line | null {
    const line = this.peek();
    if (line !== null) this.#next = undefined;
    return line;
  }

  /** Returns the error of a recording in which something does not follow; its damage, if that is why. */
  lacks(what: string): RecordingError {
    return this.#damage ?? new RecordingError(`${this.#path}: ${what} does not follow line ${this.lineNumber}`);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #read(): Line | null {
    const offset = this.#offset;
    const text = this.#readText();
    if (text === null) return null;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.#damaged(this.#lineNumber, offset, 'it is not JSON');
    }
    return isLine(value) ? value : this.#damaged(this.#lineNumber, offset, 'it is no line of a recording');
  }

  /** Ends the lines. They are asked for within the server, which must not be thrown at. */
  #damaged(number: number, offset: number, why: string): null {
    this.#damage = new RecordingError(`${this.#path}: line ${number} (at byte ${offset}) is damaged: ${why}`);
    return null;
  }

  /** Returns the text of the next complete line. */
  #readText(): string | null {
    let end = this.#bytes.indexOf(LF);
    while (end < 0) {
      const searched = this.#bytes.length;
      if (!this.#readMore()) {
        this.#isTruncated = this.#bytes.length > 0;
        return null;
      }
      end = this.#bytes.indexOf(LF, searched);
    }
    const text = this.#bytes.toString('utf8', 0, end);
    this.#bytes = this.#bytes.subarray(end + 1);
    this.#offset += end + 1;
    this.#lineNumber += 1;
    return text;
  }

  #readMore(): boolean {
    if (this.#isAtEnd) return false;
    if (this.#bytes.length > MAX_LINE_BYTES) {
      this.#damaged(this.#lineNumber + 1, this.#offset, 'it does not end');
      return false;
    }
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const length = readSync(this.#fd, chunk, 0, chunk.length, null);
    if (length === 0) {
      this.#isAtEnd = true;
      return false;
    }
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(0, length)]);
    return true;
  }
}
