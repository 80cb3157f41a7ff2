/** How a peer arrives: on a connection, and then on a wire. */
import type { Wire } from '../front/wire.js';
import type { Connection } from '../net/connection.js';
import type { Transport } from '../protocol/session.js';
import type { Address } from '../socket/address.js';
import type { ClientState } from './client-state.js';
import type { ListenerConfig } from './config/server-config.js';

/** A connection whose peer is known. */
export interface PeerConnection<T> {
  readonly connection: Connection<T>;
  /** The address of the peer, or of a proxy that has not said yet for whom it speaks. */
  readonly address: Address;
  readonly isSecure: boolean;
  /** The bytes that the peer has sent already; valid until the call that takes them returns. */
  readonly firstBytes?: Uint8Array;
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
  /** Its state in another process, whose client it has been so far; not given for one that has just arrived. */
  readonly resumed?: ClientState;
}
