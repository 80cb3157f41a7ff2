/** Lists of addresses in the configuration: the proxies and gateways that may speak for others. */
import { contains, type Network, parseAddress, parseAddresses } from '../chat/address.js';

/** The host of a peer on a unix socket, which has no address: it is on this machine. */
export const UNIX_PEER_HOST = 'localhost';
/** The entry of a list that stands for all peers of unix sockets. */
const UNIX_ENTRY = 'unix';

/** A list of addresses and networks, and perhaps the peers of unix sockets. */
export class AddressList {
  readonly #networks: readonly Network[];
  readonly #hasUnix: boolean;

  /** @param entries - addresses, networks such as `192.0.2.0/24`, `unix`; others are skipped */
  constructor(entries: readonly string[]) {
    this.#networks = entries.map(parseAddresses).filter((network) => network !== null);
    this.#hasUnix = entries.includes(UNIX_ENTRY);
  }

  static isEntry(text: string): boolean {
    return text === UNIX_ENTRY || parseAddresses(text) !== null;
  }

  /** @param host - an address, or {@link UNIX_PEER_HOST} */
  has(host: string): boolean {
    if (host === UNIX_PEER_HOST) return this.#hasUnix;
    const address = parseAddress(host);
    return address !== null && this.#networks.some((network) => contains(network, address));
  }
}
