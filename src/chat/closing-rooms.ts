/** Rooms that have closed, but are still open by the domain's log. */
import type { RoomLog } from '../log/entry.js';

/** Counts the checks of each. Processes wait for each other a little, so that usually only one of them reports it. */
export class ClosingRooms {
  readonly #looks = new Map<RoomLog, number>();

  add(log: RoomLog): void {
    if (!this.#looks.has(log)) this.#looks.set(log, 0);
  }

  remove(log: RoomLog): void {
    this.#looks.delete(log);
  }

  /** Returns the rooms that have been checked often enough. @param patienceFor - returns how often that is */
  ripe(patienceFor: (log: RoomLog) => number): RoomLog[] {
    const ripe: RoomLog[] = [];
    for (const [log, looks] of this.#looks) {
      this.#looks.set(log, looks + 1);
      if (looks >= patienceFor(log)) ripe.push(log);
    }
    return ripe;
  }
}
