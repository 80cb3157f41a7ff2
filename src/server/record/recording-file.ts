/** The file of a recording: takes lines in order, never makes the server wait, and gives up if the disk is too slow. */
import { closeSync, openSync, write, writeSync } from 'node:fs';
import { toError } from '../../errors.js';

/** The choices of a {@link RecordingFile}. */
export interface RecordingFileOptions {
  /** Characters that may wait for the disk, at least 1. @defaultValue 16,777,216 */
  readonly maxWaiting?: number;
  /** The file contains no more than what it has by now, and gets nothing any more. */
  readonly onFailure: (error: Error) => void;
}

const DEFAULT_MAX_WAITING = 16_777_216;
/** It contains what people said, so nobody else may read it. */
const MODE = 0o600;

/** A file that lines are appended to. */
export class RecordingFile {
  readonly #fd: number;
  readonly #maxWaiting: number;
  readonly #onFailure: (error: Error) => void;
  #waiting: string[] = [];
  #waitingLength = 0;
  /** The bytes that are being written; they begin at `#position`. */
  #writing: Buffer | null = null;
  #position = 0;
  #isScheduled = false;
  #isOver = false;
  /** Called when nothing waits. */
  #onRoom: () => void = () => undefined;

  /** @param fd - of a regular file; it is closed at the end */
  constructor(fd: number, { maxWaiting = DEFAULT_MAX_WAITING, onFailure }: RecordingFileOptions) {
    this.#fd = fd;
    this.#maxWaiting = maxWaiting;
    this.#onFailure = onFailure;
  }

  /** Makes a new file. @throws Error if there is one already, or it cannot be made */
  static create(path: string, options: RecordingFileOptions): RecordingFile {
    return new RecordingFile(openSync(path, 'wx', MODE), options);
  }

  /** Appends a line. Does nothing once the recording is over. */
  append(line: string): void {
    if (this.#isOver) return;
    this.#waiting.push(line);
    this.#waitingLength += line.length + 1;
    if (this.#waitingLength > this.#maxWaiting) {
      this.#fail(new Error(`the disk is too slow: ${this.#waitingLength} characters wait for it`));
    } else if (!this.#isScheduled && this.#writing === null) {
      this.#isScheduled = true;
      setImmediate(this.#flush);
    }
  }

  /** Resolves when at most half of what may wait is waiting, and when the recording is over. */
  async hasRoom(): Promise<void> {
    if (this.#isOver || this.#waitingLength * 2 <= this.#maxWaiting) return;
    await new Promise<void>((resolve) => {
      this.#onRoom = resolve;
    });
  }

  #takeWaiting(): Buffer {
    const bytes = Buffer.from(this.#waiting.map((line) => `${line}\n`).join(''));
    this.#waiting = [];
    this.#waitingLength = 0;
    this.#onRoom();
    return bytes;
  }

  readonly #flush = (): void => {
    this.#isScheduled = false;
    if (this.#isOver || this.#waiting.length === 0) return;
    this.#writing = this.#takeWaiting();
    this.#write(this.#writing);
  };

  #write(bytes: Buffer): void {
    write(this.#fd, bytes, 0, bytes.length, this.#position, (error, written) => {
      if (this.#isOver) {
        this.#close();
        return;
      }
      if (error !== null) {
        this.#writing = null;
        this.#fail(error);
        return;
      }
      this.#position += written;
      this.#writing = written < bytes.length ? bytes.subarray(written) : null;
      if (this.#writing !== null) this.#write(this.#writing);
      else this.#flush();
    });
  }

  #fail(error: Error): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#onRoom();
    // A write that is under way still has the fd; its end closes it.
    if (this.#writing === null) this.#close();
    this.#onFailure(error);
  }

  #close(): void {
    closeSync(this.#fd);
  }

  /** Writes what waits, in this call, and closes the file: the process may be about to exit. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // A write that is under way is made once more: the same bytes at the same place.
    const isUnderWay = this.#writing !== null;
    let rest = Buffer.concat([this.#writing ?? Buffer.alloc(0), this.#takeWaiting()]);
    try {
      while (rest.length > 0) {
        const written = writeSync(this.#fd, rest, 0, rest.length, this.#position);
        this.#position += written;
        rest = rest.subarray(written);
      }
    } catch (error) {
      this.#onFailure(toError(error));
    }
    if (!isUnderWay) this.#close();
  }
}
