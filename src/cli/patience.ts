/** How long a process waits for the one that takes over from it. */

/** So long it may send no sign of life, in milliseconds: its longest task without a turn is far shorter. */
const SILENCE_MS = 5_000;
/** So long it may send signs of life without any work done. A node waits up to ten seconds for others. */
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
  readonly #deadlines: { silence: Deadline | null; idle: Deadline | null; readonly work: Deadline };
  #work: unknown = null;

  /**
   * @param isHeard - whether the process sends signs of life
   * @param hasStore - whether it opens a store
   */
  constructor(nowMs: number, isHeard: boolean, hasStore: boolean) {
    const atMs = nowMs + (isHeard || hasStore ? WORK_MS : TAKE_OVER_MS);
    const work = { atMs, why: 'the new process does not answer' };
    this.#deadlines = { silence: null, idle: null, work };
    if (isHeard) this.heard(0, nowMs);
  }

  /** Notes a sign of life. @param work - another value than before if something has been done since then */
  heard(work: unknown, nowMs: number): void {
    const deadlines = this.#deadlines;
    deadlines.silence = { atMs: nowMs + SILENCE_MS, why: `the new process shows no sign of life for ${SILENCE_MS} ms` };
    if (deadlines.idle !== null && work === this.#work) return;
    this.#work = work;
    deadlines.idle = { atMs: nowMs + IDLE_MS, why: `the new process has got no further for ${IDLE_MS} ms` };
  }

  /** The first moment at which it is to be given up, unless it is heard before. */
  get deadline(): Deadline {
    const { silence, idle, work } = this.#deadlines;
    return [silence, idle].reduce<Deadline>(
      (first, each) => (each !== null && each.atMs < first.atMs ? each : first),
      work,
    );
  }
}
