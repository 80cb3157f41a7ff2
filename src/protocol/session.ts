/** How a session and the link under it deal with each other. A session does no I/O and has no timer. */
import type { Encoder, Outlet } from '../chat/member.js';
import type { ClassSettings } from './limits.js';
import type { SessionState } from './session-state.js';

/** The notice for a peer that is banned; the reason follows. */
export const BANNED_TEXT = 'You are banned from this server';

/** The transport of a connection; `'web'` is a WebSocket. */
export type Transport = 'tcp' | 'tls' | 'web' | 'unix';

/** A peer, as a gateway describes it. */
export interface RelayedPeer {
  /** An address in its one form. */
  readonly host: string;
  /** 0 if it is not known. */
  readonly port: number;
  /** Whether nobody between the peer and the gateway can read along. */
  readonly isSecure: boolean;
  /** The gateway's name, for the log. */
  readonly gateway: string;
}

/** Why a peer is not let in under its address, or under the one that a gateway has named. */
export interface EntryRefused {
  readonly reason: string;
  readonly isBan: boolean;
}

/** The connection, as a session sees it. Nothing here throws or calls back, whatever state the connection is in. */
export interface Link extends Outlet {
  /** The session on this link; it assigns itself. */
  session: Session | null;
  /** How the peer reads events; the session chooses it. */
  encoder: Encoder;
  /** Identifies the connection in the server's log. */
  readonly id: number;
  readonly remotePort: number;
  readonly transport: Transport;
  /** The limits of the peer's class. */
  readonly limits: ClassSettings;
  /**
   * Takes the peer of a gateway for the one at the other end: address, limits and security are its own from now on.
   *
   * @returns null if it is let in; otherwise nothing has changed
   */
  relocate(peer: RelayedPeer): EntryRefused | null;
  /** Sends bytes that are for this peer alone; `send` takes bytes that others get as well. */
  answer(bytes: Uint8Array): void;
  /**
   * Ends the connection: everything sent before still goes out, then it is closed. Nothing is received afterwards.
   * `disconnected` is called later, never from within.
   *
   * @param reason - for the log
   */
  close(reason: string): void;
  /** Whether enough bytes wait for the peer; `drained` is called when there is room again. */
  readonly isFull: boolean;
  /** Whether the peer has fallen behind, so that its silence means nothing; `caughtUp` is called when it has not. */
  readonly isBehind: boolean;
  /** Stops receiving, and starts again; meanwhile bytes wait in the kernel. */
  pause(): void;
  resume(): void;
  /**
   * Asks for one call of `wake`, which replaces the one asked for before.
   *
   * @param delayMs - milliseconds; 0 for as soon as the others have had their turn
   */
  wakeIn(delayMs: number): void;
}

/** One peer's conversation. */
export interface Session {
  /** @param bytes - valid until this returns */
  receive(bytes: Uint8Array): void;
  /** The peer will send no more. */
  endOfInput(): void;
  /** The link was full and now has room again. */
  drained(): void;
  /** The peer was behind, and has been sent everything since. */
  caughtUp(): void;
  /** Words what a peer that was behind will never get: messages of a room that are no longer kept. */
  lossNotice(roomName: string, count: number): Uint8Array;
  /** The time that `wakeIn` asked for has arrived. */
  wake(): void;
  /**
   * The connection is gone. Called once, after all other calls.
   *
   * @param reason - for the other members
   */
  disconnected(reason: string): void;
  /**
   * Completes a long answer, whose lines are sent through the link.
   *
   * @returns whether {@link describe} describes it now: not if it is over, or waits for a log or a check
   */
  settle(): boolean;
  /**
   * Describes the conversation, so that a session elsewhere can go on with it. It is settled first. This session must
   * not be given anything afterwards.
   *
   * @returns null if it cannot be settled: ask again later
   */
  describe(): SessionState | null;
  /** The server ends. The session notifies the peer and closes. */
  shutDown(reason: string): void;
  /**
   * The chat puts the peer out. The session notifies the peer and closes.
   *
   * @param ban - why it will not be let in again; not given when it may come back
   */
  expel(reason: string, ban?: string): void;
}

/** The encoder of a link without a session. */
export const DEAF: Encoder = { encode: () => null, isDroppable: () => true };
