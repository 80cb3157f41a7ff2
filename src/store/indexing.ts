/** Puts written lines into the index for searches, after the writes have been answered. */
import type { Indexed } from './line-index.js';

/**
 * How long the index may be behind, in milliseconds. Lines that are said meanwhile are indexed together: the index
 * writes almost as many pages for one line as for fifty.
 */
const BEHIND_MS = 25;
/** How many lines are indexed at once: writes wait meanwhile, about a millisecond for 50 lines and 20 for 1,000. */
const LEAST_LINES = 50;
const MOST_LINES = 1_000;
/**
 * How many lines are indexed for one that has been written since the last step. So a flood is indexed in large steps,
 * which cost half as much, and what it has left in small ones: then those who talk hear their echoes at once.
 */
const LINES_PER_WRITTEN = 2;
/** The part of the lines that are behind that is indexed at once while somebody waits for all of them. */
const AWAITED_PART = 1 / 8;

/** Indexes the next lines, at most so many. @returns how far the index is then */
type IndexStep = (lines: number) => Promise<Indexed>;

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
  /** The lines that have been written since the last step. */
  #written = 0;
  /** The lines that were behind after it. */
  #behind = 0;
  /** How many callers wait for the index. */
  #waiting = 0;

  constructor(step: IndexStep, observer: IndexObserver) {
    this.#step = step;
    this.#observer = observer;
  }

  /** Lines have been written, or left by an earlier process. */
  written(lines: number): void {
    this.#isBehind = true;
    this.#written += lines;
    this.#startSoon();
  }

  #startSoon(): void {
    if (this.#running !== null) return;
    this.#timer ??= setTimeout(() => void this.#start(), BEHIND_MS).unref();
  }

  /** Resolves when everything is in the index that had been written before. It does not reject. */
  async caughtUp(): Promise<void> {
    this.#waiting += 1;
    // A run that is under way may have passed the latest writes.
    await this.#running;
    if (this.#isBehind) await this.#start();
    this.#waiting -= 1;
  }

  #start(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      if (this.#isBehind) this.#startSoon();
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
        const lines = this.#linesOfStep();
        this.#written = 0;
        const { upTo, last } = await this.#step(lines);
        goal ??= last;
        this.#behind = last - upTo;
        isOver = upTo >= goal;
        this.#observer.indexed(upTo - (this.#upTo ?? upTo));
        this.#upTo = upTo;
      }
    } catch (error) {
      this.#observer.failed(error);
    }
  }

  #linesOfStep(): number {
    const awaited = this.#waiting > 0 ? this.#behind * AWAITED_PART : 0;
    const wanted = Math.ceil(Math.max(this.#written * LINES_PER_WRITTEN, awaited));
    return Math.min(Math.max(wanted, LEAST_LINES), MOST_LINES);
  }
}
