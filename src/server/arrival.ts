/** How a peer arrives on a wire. */
import type { Wire } from '../front/wire.js';
import type { Transport } from '../protocol/session.js';
import type { Address } from '../socket/address.js';
import type { ListenerConfig } from './config/server-config.js';

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
