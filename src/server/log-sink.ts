/** The sink of the log: writes what its reader takes, and never makes the server wait. */
import type { LogOutput } from './log-output.js';

/** The choices of a {@link LogSink}. */
export interface LogSinkOptions {
  readonly output: LogOutput;
  /** Bytes of lines that may wait for a slow reader, at least 1. @defaultValue 65,536 */
  readonly maxWaitingBytes?: number;
  /** Milliseconds until the next try after an output has not taken everything. @defaultValue 250 */
  readonly retryMs?: number;
}

interface Waiting {
  readonly bytes: Buffer;
  /** How many records are lost if these bytes are: more than one for a report of losses. */
  readonly records: number;
}

const DEFAULT_MAX_WAITING_BYTES = 65_536;
const DEFAULT_RETRY_MS = 250;

/** Writes lines, drops and counts those that cannot be written, and reports their number when writing works again. */
export class LogSink {
  /** Makes the line that reports how many records were dropped. */
  formatLoss: (count: number) => string = (count) => `${count} log records were dropped\n`;
  readonly #output: LogOutput;
  readonly #maxWaitingBytes: number;
  readonly #retryMs: number;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** How much of the first waiting line has been written. */
  #writtenBytes = 0;
  /** Whether the output ends in the middle of a line that failed. */
  #isTorn = false;
  #droppedRecords = 0;
  #retry: NodeJS.Timeout | null = null;
  #isEnded = false;

  constructor({ output, maxWaitingBytes, retryMs }: LogSinkOptions) {
    this.#output = output;
    this.#maxWaitingBytes = maxWaitingBytes ?? DEFAULT_MAX_WAITING_BYTES;
    this.#retryMs = retryMs ?? DEFAULT_RETRY_MS;
  }

  /** @param line - with its newline */
  readonly write = (line: string): void => {
    if (this.#isEnded) return;
    this.#reportLoss();
    // While a loss waits to be reported, later lines are lost as well, so that the report stands in the right place.
    if (this.#droppedRecords > 0 || !this.#add(line, 1)) this.#droppedRecords += 1;
    this.#drain();
  };

  /** Tries once more without waiting, and closes the output. Later lines are dropped. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#drain();
    this.#output.close();
  }

  #reportLoss(): void {
    const count = this.#droppedRecords;
    if (count > 0 && this.#add(this.formatLoss(count), count)) this.#droppedRecords = 0;
  }

  #add(line: string, records: number): boolean {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > this.#maxWaitingBytes) return false;
    this.#waiting.push({ bytes, records });
    this.#waitingBytes += bytes.length;
    return true;
  }

  #drain(): void {
    try {
      while (this.#writeFirst());
      // Losses are reported as soon as a slow reader has caught up.
      if (this.#waiting.length === 0) this.#reportLoss();
      while (this.#writeFirst());
    } catch {
      // A closed pipe or a full disk: there is nowhere to report it.
      this.#dropWaiting();
    }
    if (this.#waiting.length > 0 || this.#droppedRecords > 0) this.#retryLater();
  }

  /** @returns whether there may be more to write */
  #writeFirst(): boolean {
    const [first] = this.#waiting;
    if (first === undefined) return false;
    if (this.#isTorn) {
      if (this.#output.write(Buffer.from('\n')) === 0) return false;
      this.#isTorn = false;
    }
    const written = this.#output.write(first.bytes.subarray(this.#writtenBytes));
    if (written === 0) return false;
    this.#writtenBytes += written;
    if (this.#writtenBytes < first.bytes.length) return true;
    this.#waiting.shift();
    this.#waitingBytes -= first.bytes.length;
    this.#writtenBytes = 0;
    return true;
  }

  #dropWaiting(): void {
    if (this.#writtenBytes > 0) this.#isTorn = true;
    for (const { records } of this.#waiting.splice(0)) this.#droppedRecords += records;
    this.#waitingBytes = 0;
    this.#writtenBytes = 0;
  }

  #retryLater(): void {
    if (this.#isEnded) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.#drain();
    }, this.#retryMs).unref();
  }
}
