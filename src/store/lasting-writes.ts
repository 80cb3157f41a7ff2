/** Writes that have to be stored in the end: if a full disk refuses one, it is written again when there is room. */
import type { Write } from './tasks.js';
import type { WriteAnswer } from './write-batches.js';

/** After how long, in milliseconds. */
const RETRY_MS = 500;

/** The target of the writes. */
export interface Writer {
  write(write: Write, answer: WriteAnswer): void;
}

/** Each write has a subject, and only the last one about it counts. So there are never more writes than subjects. */
export class LastingWrites {
  readonly #store: Writer;
  /** The writes that are under way or have failed, by subject. */
  readonly #wanted = new Map<string, Write>();
  /** The subjects of failed writes. */
  readonly #failed = new Set<string>();
  #retry: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(store: Writer) {
    this.#store = store;
  }

  /** Writes something. @param about - the subject; earlier writes about it are not wanted any more */
  write(about: string, write: Write): void {
    this.#wanted.set(about, write);
    this.#failed.delete(about);
    this.#post(about, write);
  }

  /** Tries failed writes once more, and then no more. */
  close(): void {
    this.#isClosed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#writeFailed(this.#failed.size);
  }

  #post(about: string, write: Write, then: () => void = () => undefined): void {
    this.#store.write(write, {
      written: () => {
        if (this.#wanted.get(about) === write) this.#wanted.delete(about);
        then();
      },
      failed: ({ code }) => {
        const isLatest = this.#wanted.get(about) === write;
        if (isLatest && code !== 'ERR_STORE_REFUSED') this.#failed.add(about);
        // A write that is refused is never taken.
        else if (isLatest) this.#wanted.delete(about);
        // The others that have failed may have waited for this one.
        this.#retryLater();
      },
    });
  }

  #retryLater(): void {
    if (this.#failed.size > 0 && !this.#isClosed) this.#retry ??= setTimeout(this.#tryAgain, RETRY_MS);
  }

  /** Tries one of them, and all others if that is written. */
  readonly #tryAgain = (): void => {
    this.#retry = null;
    this.#writeFailed(1, () => {
      this.#writeFailed(this.#failed.size);
    });
  };

  #writeFailed(count: number, then?: () => void): void {
    for (const about of [...this.#failed].slice(0, count)) {
      const write = this.#wanted.get(about);
      this.#failed.delete(about);
      if (write !== undefined) this.#post(about, write, then);
    }
  }
}
