/** The part of the server that a protocol may ask for: its log, and what operators do to the server itself. */

import type { ClassSettings } from './limits.js';

/** The result of reading the configuration again. */
export interface Reload {
  /** Why the old configuration stays; null if the new one is in use. */
  readonly problem: string | null;
  /** Keys that have changed and take effect when the server is started again. */
  readonly waitingKeys: readonly string[];
}

/** One connection, in figures. */
export interface ConnectionFigures {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  /** Bytes that wait for the peer. */
  readonly pendingBytes: number;
}

/** One class of addresses: its limits, and how many connections it has. */
export interface ClassFigures {
  readonly limits: ClassSettings;
  readonly connectionCount: number;
}

/** The server, as protocols see it. */
export interface ServerControl {
  /** The configuration's file; `-` without one. */
  readonly configurationName: string;
  /** Reads the configuration again. */
  reload(): Promise<Reload>;
  /** All connections that are in. */
  connections(): Iterable<ConnectionFigures>;
  /** All classes, in the order in which they are asked. */
  classes(): Iterable<ClassFigures>;
  /** Ends the server. */
  stop(reason: string): void;
  /** Records something in the ordinary run of things. */
  note(event: string, details: Readonly<Record<string, unknown>>): void;
  /** Records something that an operator of the server should be able to read up. */
  log(event: string, details: Readonly<Record<string, unknown>>): void;
}
