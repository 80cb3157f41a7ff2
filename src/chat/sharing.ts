/** The needs of a process that shares all its logs with others. */
import type { LogName } from '../log/entry.js';

/** The state of a log after a pack. */
export interface Checkpoint {
  /** The number of the pack. */
  readonly seq: number;
  /** The state as text, as the chat has written it; null if the pack has left nothing, as in a room that has closed. */
  readonly state: string | null;
}

/** Keeps checkpoints. Each process may begin from the latest one, whichever process has made it. */
export interface Checkpoints {
  /** The logs of rooms that have a checkpoint, for rooms that the domain's log does not name. @defaultValue none */
  readonly rooms?: Iterable<LogName>;
  /**
   * Reads the latest checkpoint of a log. There is no answer until it can be read.
   *
   * @param take - called once, in this call or later; null if none is kept
   */
  read(log: LogName, take: (found: Checkpoint | null) => void): void;
  /** Keeps a checkpoint, unless a later one is kept. */
  keep(log: LogName, seq: number, state: string): void;
}

/** The surroundings of a node. */
export interface Sharing {
  readonly checkpoints: Checkpoints;
  /**
   * The others have given this node up. Nothing that its members do is taken until it returns under another name: see
   * `Chat.comeBack`.
   */
  readonly onGivenUp: () => void;
}
