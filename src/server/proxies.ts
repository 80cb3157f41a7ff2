/** The proxies that may speak for others. */
import { contains, type Network, parseAddress, parseAddresses } from '../chat/address.js';
import { UNIX_PEER_HOST } from './classes.js';

/** Stands in a list of addresses for whoever may connect to a unix socket. */
export const UNIX_PROXY = 'unix';

/** A list of addresses and networks, and perhaps the peers of unix sockets. */
export class ProxyList {
  readonly #networks: readonly Network[];
  readonly #hasUnix: boolean;

  /** @param entries - addresses, networks, {@link UNIX_PROXY} */
  constructor(entries: readonly string[]) {
    this.#networks = entries.map(parseAddresses).filter((network) => network !== null);
    this.#hasUnix = entries.includes(UNIX_PROXY);
  }

  /** @param host - an address, or {@link UNIX_PEER_HOST} */
  has(host: string): boolean {
    if (host === UNIX_PEER_HOST) return this.#hasUnix;
    const address = parseAddress(host);
    return address !== null && this.#networks.some((network) => contains(network, address));
  }
}
