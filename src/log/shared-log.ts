/** The interface of every log, wherever it keeps its packs. */
import type { Unreadable } from './codec.js';
import type { LogName, Pack } from './entry.js';

/**
 * Why nothing is known to have been appended. `unknown`: the log was lost between the append and its answer, so the
 * pack may or may not be there; append it again, since those who apply it count it once. `invalid`: the pack is empty,
 * too large, or cannot be written, and will never be taken.
 */
export type AppendFailure = 'unknown' | 'invalid' | 'closed';

/** Receives the result of an append, once. The pack itself may reach followers before or after that. */
export interface AppendAnswer {
  /** The pack is as durable as the log promises. @param seq - its number */
  appended(seq: number): void;
  failed(why: AppendFailure): void;
}

/**
 * Receives every pack of a log: the first is number 1, the numbers are consecutive, and none is left out without a
 * report. A sink does not throw. It may append; it then receives its own pack after this one.
 */
export interface LogSink {
  pack(seq: number, entries: Pack): void;
  /** The pack with this number cannot be read: all processes with the same version skip it. */
  unreadable(seq: number, why: Unreadable): void;
  /** The log no longer keeps these packs; the next one is `to + 1`. */
  missing(from: number, to: number): void;
  /**
   * The log ends at `top`, before packs that were applied: it has lost packs that it promised to keep. The next pack is
   * `top + 1`, and is not the one that had this number.
   *
   * @param again - the number of lost packs that are still known here: they are appended again, before anything else.
   *   None by default
   */
  regressed(applied: number, top: number, again?: number): void;
  /**
   * The log has lost these packs, which were applied, and is about to get them back: {@link restored} or
   * {@link regressed} follows.
   */
  lost?(from: number, to: number): void;
  /** The log has its lost packs again, with the numbers that they had. */
  restored?(from: number, to: number): void;
  /**
   * Everything that was in the log when it was followed has been reported. It is called once: in `follow` itself if the
   * log is in memory, otherwise at any time after that.
   */
  caughtUp(): void;
  /** The log cannot be reached: packs may be late until `back`. */
  away(): void;
  back(): void;
}

/** A log that is being followed. */
export interface Following {
  /** The number of the last pack that the sink has received; a later {@link SharedLog.follow} starts after it. */
  readonly applied: number;
  /** Ends it: the sink receives nothing more. */
  stop(): void;
}

/** The range of packs to read. */
export interface LogRange {
  /** Only packs after this number; 0 for all. */
  readonly after: number;
  /** The most packs, at least 1. */
  readonly maxPacks: number;
}

/** A pack from the store. */
export type StoredPack =
  { readonly seq: number; readonly kind: 'pack'; readonly entries: Pack } | (Unreadable & { readonly seq: number });

/** Part of a log. */
export interface Excerpt {
  /** In the order of their numbers, none left out between two. */
  readonly packs: readonly StoredPack[];
  /** The number of the first pack that the log keeps; one more than `top` when it keeps none. */
  readonly first: number;
  /** The number of the last pack that was ever appended. */
  readonly top: number;
}

/** Logs by name, shared by all who apply them. A log is empty until somebody appends to it. */
export interface SharedLog {
  /** Appends the entries of a turn as one pack, which gets the next number. */
  append(log: LogName, pack: Pack, answer: AppendAnswer): void;
  /**
   * Delivers every pack after a number once, in order, whatever happens to the connection meanwhile.
   *
   * @param after - the last pack that has been applied; 0 for none
   */
  follow(log: LogName, after: number, sink: LogSink): Following;
  /** Reads packs that are kept. @returns null if the log cannot be reached */
  read(log: LogName, range: LogRange): Promise<Excerpt | null>;
  /**
   * Confirms that a node lives, for as long as the lease lasts by the log's own clock.
   *
   * @param node - `node.incarnation`
   * @param ms - how long, in milliseconds, at least 1
   * @returns whether the log has received it
   */
  lease(node: string, ms: number): Promise<boolean>;
  /** Returns the nodes whose lease has run out; null if the log cannot be reached. */
  expired(): Promise<readonly string[] | null>;
  /** Returns the nodes whose lease has not run out; null if the log cannot be reached. */
  living(): Promise<readonly string[] | null>;
  /** Ends a node's lease, whether it has run out or not. @returns whether the log has received it */
  forget(node: string): Promise<boolean>;
  /** Stops all followers; unanswered calls fail. */
  close(): void;
}
