/** A protocol as the server sees it, so that the server need not know any of them. */
import type { CharsetChoice } from './charset.js';
import type { Link, Session } from './session.js';
import type { SessionState } from './session-state.js';

/** Facts about a protocol that hold on every server. */
export interface ProtocolFacts {
  readonly name: string;
  readonly defaultPort: number;
  /** If nobody named a port and its default one is taken, the server starts without it. */
  readonly isOptional: boolean;
}

/** The settings of a session, which are its listener's. */
export interface SessionOptions {
  readonly charset: CharsetChoice;
  /** The longest line, in bytes, at least 1, for a protocol that sets no limit itself. */
  readonly maxLineBytes: number;
  /** Milliseconds of silence after which an unfinished line counts as one, if the protocol allows it; 0 for never. */
  readonly quietMs: number;
}

/** Why a peer is not let in. */
export interface EntryRefused {
  /** The peer's address. */
  readonly host: string;
  readonly reason: string;
  /** Whether its address is banned, so that trying again is useless. */
  readonly isBan: boolean;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** Hides what is secret in the bytes of one peer. */
export interface Mask {
  /**
   * @param bytes - the next ones of the peer
   * @returns as many bytes that make the server act in the same way, whatever the outcome of a check of a secret
   */
  hide(bytes: Uint8Array): Uint8Array;
  /** The same for bytes that the peer is sent. */
  hideSent(bytes: Uint8Array): Uint8Array;
}

/** A protocol as one server speaks it. */
export interface Protocol {
  /** The user name of all its peers; empty if each brings its own. */
  readonly userName: string;
  /** Begins the conversation with a peer. */
  createSession(link: Link, options: SessionOptions): Session;
  /**
   * Goes on with a conversation that another session of this protocol has described. If that is impossible, the peer
   * is notified, and the link closed.
   */
  restoreSession(link: Link, options: SessionOptions, state: SessionState): Session;
  /** Returns the mask of a peer that has just arrived. */
  createMask(): Mask;
  /** Returns the bytes for a peer that gets no session. */
  refuse(refused: EntryRefused): Uint8Array;
}
