/** How long a process waits for the one that takes over from it. */
import { SIGN_MS } from './pulse.js';

/** So long it may send no sign of life, in milliseconds: its longest task without a turn is far shorter. */
const SILENCE_MS = 5_000;
/**
 * So long it may send signs of life without any work done. A node waits up to ten seconds for others. They are counted,
 * since a machine that stands still sends none.
 */
const IDLE_MS = 30_000;
/** So long it may work. A store is looked through before it is used, and may be large. */
const WORK_MS = 600_000;

/** The bounds for a process of an earlier version, which sends no signs of life, in milliseconds. */
const TAKE_OVER_MS = 15_000;

/** The end of one's patience. */
export interface Deadline {
  readonly atMs: number;
  /** Why it is given up then. */
  readonly why: string;
}

/** Knows when a process is to be given up. All times are in milliseconds, of one clock. */
export class Patience {
  readonly #end: Deadline;
  #silence: Deadline | null = null;
  #work: unknown = null;
  /** Signs of life since the last work. */
  #idleSigns = 0;

  /**
   * @param isHeard - whether the process sends signs of life
   * @param hasStore - whether it opens a store
   */
  constructor(nowMs: number, isHeard: boolean, hasStore: boolean) {
    const atMs = nowMs + (isHeard || hasStore ? WORK_MS : TAKE_OVER_MS);
    this.#end = { atMs, why: 'the new process does not answer' };
    if (isHeard) this.#expectSign(nowMs);
  }

  #expectSign(nowMs: number): void {
    this.#silence = {
      atMs: nowMs + SILENCE_MS,
      why: `the new process shows no sign of life for ${SILENCE_MS} ms`,
    };
  }

  /**
   * Notes a sign of life.
   *
   * @param work - another value than before if something has been done since then
   * @throws Error if it is to be given up all the same
   */
  heard(work: unknown, nowMs: number): void {
    this.#expectSign(nowMs);
    this.#idleSigns = work === this.#work ? this.#idleSigns + 1 : 0;
    this.#work = work;
    if (this.#idleSigns * SIGN_MS >= IDLE_MS) throw new Error(`the new process has got no further for ${IDLE_MS} ms`);
    if (nowMs >= this.#end.atMs) throw new Error(this.#end.why);
  }

  /** The first moment at which it is to be given up, unless it is heard before. */
  get deadline(): Deadline {
    return this.#silence === null || this.#end.atMs < this.#silence.atMs ? this.#end : this.#silence;
  }
}
