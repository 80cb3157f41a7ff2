/** A server's view of its store, whichever database that is in. */
import type { Found, SearchQuery } from '../history/search-query.js';
import type { LogName } from '../log/entry.js';
import type { SharedLog } from '../log/shared-log.js';
import type { KeptState, StoredState } from './log-reads.js';
import type { StoreReadings } from './store.js';
import type { Reads, StoreFacts, Write } from './tasks.js';
import type { WriteAnswer } from './write-batches.js';

/** A store that is open. */
export interface StoreAccess {
  readonly facts: StoreFacts;
  /** Writes something with everything else that this turn has to write. */
  write(write: Write, answer?: WriteAnswer): void;
  /** Writes at once everything that it has put off, because somebody asks for it. Absent if it puts off nothing. */
  hurry?(): void;
  /** Asks for stored data: the answer includes every write that has been answered. @throws StoreError */
  read<K extends keyof Reads>(job: K, ask: Reads[K]['ask']): Promise<Reads[K]['answer']>;
  /** Searches: no other question waits for it. @throws StoreError */
  search(query: SearchQuery): Promise<Found>;
  /** Whether something has been asked for that is not answered yet. */
  readonly isBusy: boolean;
  readings(): StoreReadings;
  /** Completes the pending writes, and closes it. */
  close(): Promise<void>;
}

/** What was said and is not stored yet. */
export interface HistoryBacklog {
  /** Whether any of it waits for its next attempt, because it has failed to be stored. */
  readonly isBehind: boolean;
  /** Whether so much of it waits that more might be lost. */
  readonly isFull: boolean;
  /** Resolves when all of it is stored. */
  whenStored(): Promise<void>;
}

/** The logs of a store. */
export interface StoreLogs extends SharedLog {
  /** The kept states when the store was opened. */
  readonly states: readonly (StoredState & { readonly log: LogName })[];
  readonly isTakingWrites: boolean;
  /** How many packs are known to be in the logs that have not been applied here; absent if that is not known. */
  readonly lag?: number;
  /**
   * The number of the last pack of a log that is known to be stored, or a higher one behind which the next pack is: of
   * a log that nobody has asked for for long, only that may be known. Absent if others append to the logs, too.
   */
  topOf?(name: LogName): number;
  /**
   * Removes the logs of which nothing is kept, and that nobody uses who shares them: call it every hour. Absent if the
   * process that has the logs does that.
   */
  removeEmpty?(): Promise<void>;
  /**
   * Keeps a state only after everything that was said up to then is stored, since the packs that it replaces hold that,
   * too; and takes nothing that is said while the history is full.
   */
  keepAfter(history: HistoryBacklog): void;
  /**
   * Reads the kept state of a log now, for somebody who is about to follow it: it is not removed before hours. Null if
   * the store does not answer.
   */
  stateOf(name: LogName): Promise<KeptState | null>;
  /**
   * Keeps the state of a log after a pack: the next opening of the store brings it, and the packs after it. A state
   * with more packs in it stays.
   */
  keep(log: LogName, seq: number, state: string | null): void;
}
