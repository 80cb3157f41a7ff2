/** The time in which nobody is served, in the view of one of the two processes of an upgrade. */

/** The length of a standstill, in whole milliseconds. */
export interface StandstillFigures {
  /** By the clock. */
  readonly ms: number;
  /** The processor time of all threads of this process. */
  readonly cpuMs: number;
}

/** It begins when it is made. */
export class Standstill {
  readonly #sinceMs = performance.now();
  readonly #usage = process.cpuUsage();

  /** The figures up to now. */
  get figures(): StandstillFigures {
    const { user, system } = process.cpuUsage(this.#usage);
    return { ms: Math.round(performance.now() - this.#sinceMs), cpuMs: Math.round((user + system) / 1000) };
  }
}
