/** What a process needs that shares all its logs with others. */
import type { LogName } from '../log/entry.js';

/** What the state of a log was after a pack. */
export interface Checkpoint {
  /** The number of the pack. */
  readonly seq: number;
  /** The state as text, which the chat has written; null if the pack has left nothing, as in a room that has closed. */
  readonly state: string | null;
}

/** Keeps checkpoints, of which each process may begin from the latest, whoever has made it. */
export interface Checkpoints {
  /** The logs of rooms that have a checkpoint, for rooms that the domain's log does not name. @defaultValue none */
  readonly rooms?: Iterable<LogName>;
  /**
   * Reads the latest checkpoint of a log. As long as it cannot be read there is no answer.
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
   * The others have given this node up. Nothing that its members do is taken until it comes back under another name:
   * see `Chat.comeBack`.
   */
  readonly onGivenUp: () => void;
}
