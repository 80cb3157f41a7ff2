/** What a server needs of a protocol: everything that it would otherwise have to know each one for. */
import type { CharsetChoice } from './charset.js';
import type { ClassSettings } from './limits.js';
import type { Link, Session } from './session.js';

/** What holds for a protocol on every server. */
export interface ProtocolFacts {
  readonly name: string;
  readonly defaultPort: number;
  /** A server that was not asked for it does without it if the default port is taken. */
  readonly isOptional: boolean;
}

/** What a session is told of its listener and of its peer's class. */
export interface SessionOptions {
  readonly charset: CharsetChoice;
  /** The longest line, in bytes, from 1, for a protocol that has no limit of its own. */
  readonly maxLineBytes: number;
  /** Quiet milliseconds after which a message without a newline is a line, if the protocol allows it; 0 for never. */
  readonly quietMs: number;
  readonly limits: ClassSettings;
}

/** Why a peer is not let in. */
export interface EntryRefused {
  /** The peer's address. */
  readonly host: string;
  readonly reason: string;
  /** Its address is banned: it will not be let in later either. */
  readonly isBan: boolean;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** A protocol as one server speaks it. */
export interface Protocol extends ProtocolFacts {
  /** The user name that all its peers have; empty if each brings its own. */
  readonly userName: string;
  /** Begins the conversation with a peer. */
  createSession(link: Link, options: SessionOptions): Session;
  /** Returns what a peer is sent that gets no session. */
  refuse(refused: EntryRefused): Uint8Array;
}
