/** Puts written lines into the index for searches, after the writes have been answered. */
import type { Indexed } from './line-index.js';

/**
 * How long the index may be behind, in milliseconds. Lines that are said meanwhile are indexed together: the index
 * writes almost as many pages for one line as for fifty.
 */
const BEHIND_MS = 25;

/** Indexes the next lines. @returns how far the index is then */
type IndexStep = () => Promise<Indexed>;

/** The observer of indexed lines. */
interface IndexObserver {
  /** Some lines have been indexed. */
  indexed(lines: number): void;
  /** Lines could not be indexed; they are indexed with those that are written next. */
  failed(error: unknown): void;
}

/** The indexing of one store. */
export class Indexing {
  readonly #step: IndexStep;
  readonly #observer: IndexObserver;
  /** How far the index is known to be. */
  #upTo: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #isBehind = false;

  constructor(step: IndexStep, observer: IndexObserver) {
    this.#step = step;
    this.#observer = observer;
  }

  /** Something has been written. */
  written(): void {
    this.#isBehind = true;
    if (this.#running !== null) return;
    this.#timer ??= setTimeout(() => void this.#start(), BEHIND_MS).unref();
  }

  /** Resolves when everything is in the index that had been written before. It does not reject. */
  async caughtUp(): Promise<void> {
    // A run that is under way may have passed the latest writes.
    await this.#running;
    if (this.#isBehind) await this.#start();
  }

  #start(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      if (this.#isBehind) this.written();
    });
    return this.#running;
  }

  /**
   * Goes step by step, so that writes can run in between, up to the last line that there was at the first step: those
   * who wait for it would otherwise wait as long as many lines are written.
   */
  async #run(): Promise<void> {
    this.#isBehind = false;
    let goal: number | null = null;
    try {
      for (let isOver = false; !isOver;) {
        const { upTo, last } = await this.#step();
        goal ??= last;
        isOver = upTo >= goal;
        this.#observer.indexed(upTo - (this.#upTo ?? upTo));
        this.#upTo = upTo;
      }
    } catch (error) {
      this.#observer.failed(error);
    }
  }
}
