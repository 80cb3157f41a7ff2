/** The rooms of other domains whose homes cannot be reached. */
import type { LogName } from '../log/entry.js';

/** The time after which the members of a room learn that its home is away, in milliseconds: most are back sooner. */
const PATIENCE_MS = 5_000;

/** Decides when the members of a room are notified that its home is away, and that it is back. */
export class CutRooms {
  /** Since when each is cut, in milliseconds of a time that never goes back. */
  readonly #sinceMs = new Map<LogName, number>();
  readonly #notified = new Set<LogName>();

  away(log: LogName, nowMs: number): void {
    if (!this.#notified.has(log) && !this.#sinceMs.has(log)) this.#sinceMs.set(log, nowMs);
  }

  /** @returns whether its members have been notified that it was away */
  back(log: LogName): boolean {
    this.#sinceMs.delete(log);
    return this.#notified.delete(log);
  }

  /**
   * Takes the rooms whose members are to be notified now.
   *
   * @param isHere - whether a room is here still: for another one, there is nobody to notify that its home is back
   */
  due(nowMs: number, isHere: (log: LogName) => boolean): LogName[] {
    for (const log of this.#notified) if (!isHere(log)) this.#notified.delete(log);
    const due = [...this.#sinceMs].filter(([, sinceMs]) => nowMs - sinceMs >= PATIENCE_MS).map(([log]) => log);
    for (const log of due) {
      this.#sinceMs.delete(log);
      this.#notified.add(log);
    }
    return due;
  }
}
