/** The store that keeps the packs of a log, as the log needs it: a database, or another process. */
import type { LogName } from './entry.js';

/** The most bytes of the packs of one call, unless a single pack has more. */
export const MAX_CALL_BYTES = 1_048_576;

/** A pack on its way to the broker. */
export interface PackToKeep {
  readonly log: LogName;
  readonly bytes: Uint8Array;
  /** The number of its entries. */
  readonly entries: number;
  /** The time of its last entry, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** Where a pack stands. */
export interface PackPlace {
  readonly seq: number;
  /**
   * A digest over this pack and all before it; that of a log without packs is empty. Two logs that have the same mark
   * at one number have the same packs up to there.
   */
  readonly mark: string;
  /** The mark of the pack before. */
  readonly before: string;
}

/** A pack as the broker keeps it. */
export interface KeptPack extends PackPlace {
  readonly bytes: Uint8Array;
}

/** Where a log ends. */
export interface BrokerEnd {
  readonly top: number;
  /** The mark of the last pack. */
  readonly mark: string;
}

/** Part of a log, as it was at one moment. */
export interface BrokerPage extends BrokerEnd {
  /** The number of the first pack that is kept; one more than `top` when none is. */
  readonly first: number;
  /** In the order of their numbers, none left out between two. */
  readonly packs: readonly KeptPack[];
}

/** Which packs of a log are wanted. */
export interface BrokerRange {
  readonly log: LogName;
  readonly after: number;
  readonly maxPacks: number;
}

/** The observer of the connection to the broker, and of packs that others append. */
export interface BrokerListener {
  /**
   * The broker can be reached. It is called again after each `lost`.
   *
   * @param ageMs - how long ago, in milliseconds, the process that keeps the packs was found to be a different one,
   *   which may have lost the last of them
   */
  found(ageMs: number): void;
  /** The broker cannot be reached, or takes nothing. It is tried again until it does. */
  lost(why: Error): void;
  /** Somebody may have appended a pack. A hint that gets lost is made up for by asking. */
  published(log: LogName, top: number): void;
  /** Somebody has appended this pack. It may arrive before earlier ones, or instead of them. */
  delivered(log: LogName, pack: KeptPack): void;
}

/**
 * Keeps packs. Every call rejects if it is not known whether the broker has carried it out. A broker connects by
 * itself, and reconnects when a connection is lost.
 */
export interface Broker {
  /** Begins to connect. It is called once. */
  open(listener: BrokerListener): void;
  /** Appends packs in one call. If it rejects, the broker is also reported as lost. @returns a place for each pack */
  append(packs: readonly PackToKeep[]): Promise<readonly PackPlace[]>;
  /**
   * Restores packs that a log has lost, with the numbers and marks that they had.
   *
   * @param end - where the log must end; otherwise nothing is done
   * @param from - the place of the pack before these: another one than `end` if nothing is left of the log, and earlier
   *   packs are not known any more
   * @returns whether it ended there
   */
  restore(log: LogName, end: BrokerEnd, packs: readonly Omit<PackToKeep, 'log'>[], from: BrokerEnd): Promise<boolean>;
  /** Reads several logs in one call. @returns a page for each of them */
  read(ranges: readonly BrokerRange[]): Promise<readonly BrokerPage[]>;
  /** Returns the ends of several logs. */
  ends(logs: readonly LogName[]): Promise<readonly BrokerEnd[]>;
  lease(node: string, ms: number): Promise<void>;
  expired(): Promise<readonly string[]>;
  living(): Promise<readonly string[]>;
  forget(node: string): Promise<void>;
  close(): void;
}
