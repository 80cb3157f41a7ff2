/** The store of rooms from one run of the server to the next, wherever it is. */
import type { LogName } from '../log/entry.js';
import type { RoomSnapshot } from './snapshot.js';

/** The beginning of a room. */
export interface RoomBeginning {
  /** The name of its log in the ids of messages; the same in every run. */
  readonly id: string;
  /** The number of the last pack that is in the snapshot: later packs are applied. */
  readonly seq: number;
  /** Null for a room that was empty at that pack. */
  readonly snapshot: RoomSnapshot | null;
  /** The time of the last event, as far as it is known; 0 for none. The room continues at that time or later. */
  readonly atMs: number;
}

/** Keeps snapshots of rooms. A room is identified by its log, since it may have been renamed since that began. */
export interface RoomKeeper {
  /** The logs of the rooms that may have had members when the last run ended. */
  readonly logs: Iterable<LogName>;
  /** Returns the beginning of a room; null if nothing is kept of it. */
  beginningOf(log: LogName): RoomBeginning | null;
  /**
   * Saves the state of a room after a pack.
   *
   * @param snapshot - null if nobody is in the room
   * @param atMs - the time of the last event
   */
  keep(log: LogName, seq: number, snapshot: RoomSnapshot | null, atMs: number): void;
}
