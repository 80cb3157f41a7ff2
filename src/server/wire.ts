/** The transport under a link, and how a peer arrives on one. */
import type { SharedBytes } from '../net/shared-bytes.js';
import type { Transport } from '../protocol/session.js';
import type { Address } from '../socket/address.js';
import type { ListenerConfig } from './config/server-config.js';

/** Carries one peer's bytes. A `Connection` is a wire as it is. */
export interface Wire {
  /** Bytes that were written and not yet taken by the kernel. */
  readonly pendingBytes: number;
  readonly isDestroyed: boolean;
  /** @returns false if so much is pending that the writer should wait */
  write(bytes: Uint8Array | SharedBytes): boolean;
  /** Sends the pending bytes, then ends this side. */
  end(): void;
  /** Closes and drops the pending bytes; calls nothing back from within. */
  destroy(): void;
  /** Stops receiving, and starts again. */
  pause(): void;
  resume(): void;
}

/** A peer that has arrived: it has completed every handshake below its protocol. */
export interface Arrival {
  readonly wire: Wire;
  /** The peer's own address. */
  readonly address: Address;
  readonly transport: Transport;
  /** Whether nobody between the peer and the server can read along. */
  readonly isSecure: boolean;
  /** The SHA-256 fingerprint of the peer's certificate, as lower-case hexadecimal digits; null without one. */
  readonly certificate: string | null;
  /** The listener through which it arrived. */
  readonly config: ListenerConfig;
}
