/** What a session and the connection under it ask of each other. A session does no I/O and owns no timer. */
import type { Encoder, Outlet } from '../chat/member.js';

/** What a peer is told that the server keeps out; the reason follows. */
export const BANNED_TEXT = 'You are banned from this server';

/** The connection, as a session sees it. Nothing here throws or calls back, whatever state the connection is in. */
export interface Link extends Outlet {
  /** The session on this link, which puts itself here. */
  session: Session | null;
  /** How the peer reads what the members of a room hear alike; the session chooses it. */
  encoder: Encoder;
  /** Tells the connection from all others of this server, in the log. */
  readonly id: number;
  /** The peer's address, `host` without brackets or scope. */
  readonly remoteHost: string;
  readonly remotePort: number;
  /** Sends bytes that are for this peer alone; `send` takes what others get as well. */
  answer(bytes: Uint8Array): void;
  /**
   * Ends the connection: what was sent before still goes out, then it is closed. Nothing is received afterwards, and
   * `disconnected` is called later, never from within.
   *
   * @param reason - for the log
   */
  close(reason: string): void;
  /** Enough waits for the peer to take it; `drained` is called when there is room again. */
  readonly isFull: boolean;
  /** Stops receiving, and begins again: what has arrived meanwhile waits in the kernel. */
  pause(): void;
  resume(): void;
  /**
   * Asks for one call of `wake` in place of the one asked for before.
   *
   * @param delayMs - a time in milliseconds; 0 for as soon as the others have had their turn
   */
  wakeIn(delayMs: number): void;
}

/** One peer's conversation. */
export interface Session {
  /** @param bytes - valid until this returns */
  receive(bytes: Uint8Array): void;
  /** The peer will send no more. */
  endOfInput(): void;
  /** The link was full and has room again. */
  drained(): void;
  /** The time asked for by `wakeIn` has come. */
  wake(): void;
  /**
   * The connection is gone; called once, and the last call of all.
   *
   * @param reason - what others are told
   */
  disconnected(reason: string): void;
  /** The server ends: tells the peer why, and closes. */
  shutDown(reason: string): void;
  /**
   * The chat puts the peer out: tells it why, and closes.
   *
   * @param ban - why it will not be let in again; not given when it may come back
   */
  expel(reason: string, ban?: string): void;
}

/** The encoder of a link without a session. */
export const DEAF: Encoder = { encode: () => null, isDroppable: () => true };
