/** The broker of a run, with what can be broken about it. */
import type { NumberedPack } from './room-log.js';

/** A broker on a machine of its own, with a small disk. */
export interface Broker {
  /** What the configuration of a server says about its store. */
  readonly store: object;
  /** Ends it as a crash does. */
  crash(): Promise<void>;
  /** Starts it, unless it runs. */
  start(): Promise<void>;
  /** Takes the last bytes from what it has written, as a disk does that is told of them too late. It must not run. */
  loseEnd(bytes: number): void;
  /** Stops all of its processes where they are. */
  freeze(): void;
  thaw(): void;
  /** Takes the rest of its disk. */
  fill(): void;
  /** Gives that back. */
  free(): void;
  /** Reads the log of a room, all of it. */
  packs(room: string): Promise<NumberedPack[]>;
  /** Reads the texts of the history of a room, in its order. */
  history(room: string): Promise<string[]>;
  close(): Promise<void>;
}
