/** The logs of rooms about which this process does something soon, unless another one does so first. */
import type { RoomLog } from '../log/entry.js';

/** Counts the checks of each. Processes wait for each other a little, so that usually only one of them acts. */
export class Patience {
  readonly #looks = new Map<RoomLog, number>();

  add(log: RoomLog): void {
    if (!this.#looks.has(log)) this.#looks.set(log, 0);
  }

  remove(log: RoomLog): void {
    this.#looks.delete(log);
  }

  /** Returns the logs that have been checked often enough. @param patienceFor - returns how often that is */
  ripe(patienceFor: (log: RoomLog) => number): RoomLog[] {
    const ripe: RoomLog[] = [];
    for (const [log, looks] of this.#looks) {
      this.#looks.set(log, looks + 1);
      if (looks >= patienceFor(log)) ripe.push(log);
    }
    return ripe;
  }
}
