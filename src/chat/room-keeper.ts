/** What is kept of rooms from one run of the server to the next, wherever that is. */
import type { LogName } from '../log/entry.js';
import type { RoomSnapshot } from './snapshot.js';

/** Where a room begins. */
export interface RoomBeginning {
  /** Names its log in the ids of messages; the same one in every run. */
  readonly id: string;
  /** The number of the last pack that is in the snapshot: those after it are applied. */
  readonly seq: number;
  /** Null for a room that nobody was in at that pack. */
  readonly snapshot: RoomSnapshot | null;
  /** The time of what happened last, as far as that is known; 0 for nothing. The room goes on at that time or later. */
  readonly atMs: number;
}

/** Keeps snapshots of rooms. A room is named by its log: it may have another name than when that began. */
export interface RoomKeeper {
  /** The logs of the rooms that somebody may have been in when the last run ended. */
  readonly logs: Iterable<LogName>;
  /** Returns where a room begins; null for one of which nothing is kept. */
  beginningOf(log: LogName): RoomBeginning | null;
  /**
   * Keeps what a room is after a pack.
   *
   * @param snapshot - null when nobody is in it
   * @param atMs - the time of what happened last
   */
  keep(log: LogName, seq: number, snapshot: RoomSnapshot | null, atMs: number): void;
}
