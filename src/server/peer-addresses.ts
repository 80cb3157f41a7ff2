/** The addresses of peers, in the form that classes, bans and logs compare. */
import { canonicalAddress } from '../chat/address.js';
import { UNIX_PEER_HOST } from '../protocol/address-list.js';
import type { Address } from '../socket/address.js';

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** The addresses of the peers of one server. */
export class PeerAddresses {
  #unixPeers = 0;

  of(address: Address): PeerAddress {
    if (address.family === 'inet') return { host: address.host, port: address.port };
    if (address.family === 'inet6') {
      // A dual-stack listener reports IPv4 peers in a mapped form. They are the same people as on an IPv4 listener.
      return { host: canonicalAddress(address.host), port: address.port };
    }
    // A unix peer has no address; a number distinguishes it from the others.
    this.#unixPeers += 1;
    return { host: UNIX_PEER_HOST, port: this.#unixPeers };
  }
}
