/** Rooms that have closed, and that the domain's log names as open ones still. */
import type { RoomLog } from '../log/entry.js';

/** Counts the looks at each. Processes wait for each other a little, so that mostly one of them speaks. */
export class ClosingRooms {
  readonly #looks = new Map<RoomLog, number>();

  add(log: RoomLog): void {
    if (!this.#looks.has(log)) this.#looks.set(log, 0);
  }

  remove(log: RoomLog): void {
    this.#looks.delete(log);
  }

  /** Returns those that have been looked at often enough by now. @param patienceFor - how often that is */
  ripe(patienceFor: (log: RoomLog) => number): RoomLog[] {
    const ripe: RoomLog[] = [];
    for (const [log, looks] of this.#looks) {
      this.#looks.set(log, looks + 1);
      if (looks >= patienceFor(log)) ripe.push(log);
    }
    return ripe;
  }
}
