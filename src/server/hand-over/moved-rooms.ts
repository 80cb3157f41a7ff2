/** The states that rooms go on from, and that were in the memory of another process. */
import type { RoomBeginning, RoomKeeper } from '../../chat/room-keeper.js';
import type { RoomSnapshot } from '../../chat/snapshot.js';
import type { LogName } from '../../log/entry.js';
import { isRoomLog } from '../../log/log-name.js';

/** Rooms of another process, and those of a store if there is one. */
export class MovedRooms implements RoomKeeper {
  readonly #stored: RoomKeeper | null;
  readonly #names: ReadonlySet<string>;
  /** States that no room has gone on from yet. */
  readonly #moved: Map<LogName, RoomSnapshot>;
  readonly #newLogId: () => string;

  constructor(moved: ReadonlyMap<string, RoomSnapshot>, stored: RoomKeeper | null, newLogId: () => string) {
    this.#stored = stored;
    const rooms = [...moved].flatMap(([name, snapshot]) => (isRoomLog(name) ? ([[name, snapshot]] as const) : []));
    this.#names = new Set(moved.keys());
    this.#moved = new Map(rooms);
    this.#newLogId = newLogId;
  }

  get logs(): LogName[] {
    return [...(this.#stored?.logs ?? []), ...this.#moved.keys()];
  }

  beginningOf(log: LogName): RoomBeginning | null {
    const stored = this.#stored?.beginningOf(log) ?? null;
    const snapshot = this.#moved.get(log);
    this.#moved.delete(log);
    if (stored !== null || snapshot === undefined) return stored;
    // Its log begins anew, and so do the ids of its messages; references to them by number are left behind.
    return { id: this.#newLogId(), seq: 0, snapshot: { ...snapshot, messages: [], knocks: [] }, atMs: snapshot.atMs };
  }

  keep(log: LogName, seq: number, snapshot: RoomSnapshot | null, atMs: number): void {
    // The logs of the others are in memory, as are the states that they go on from.
    if (!this.#names.has(log)) this.#stored?.keep(log, seq, snapshot, atMs);
  }
}
