/** The limits of each address. */
import { contains, type Network, parseAddress, parseAddresses } from '../chat/address.js';
import { UNIX_PEER_HOST } from '../protocol/address-list.js';
import { type ClassSettings, DEFAULT_CLASS, LOOPBACK_CLASS } from '../protocol/limits.js';

/** Limits and the addresses that they apply to. */
export interface AddressClass {
  readonly settings: ClassSettings;
  /** Addresses and networks (`192.0.2.0/24`, `::1`); empty for all addresses that no earlier class takes. */
  readonly addresses: readonly string[];
}

/** The classes without a configuration: this machine is trusted, strangers are throttled. */
export const DEFAULT_CLASSES: readonly AddressClass[] = [
  { settings: LOOPBACK_CLASS, addresses: ['127.0.0.0/8', '::1'] },
  { settings: DEFAULT_CLASS, addresses: [] },
];

/** So many addresses are remembered with their classes. */
const MAX_REMEMBERED = 1024;

/** Finds the class of an address: the first that takes it. */
export class ClassFinder {
  readonly #classes: readonly { readonly settings: ClassSettings; readonly networks: readonly Network[] }[];
  /** The last answers: many connections have the address of a proxy, or of one that came before. */
  readonly #known = new Map<string, ClassSettings>();

  constructor(classes: readonly AddressClass[]) {
    this.#classes = classes.map(({ settings, addresses }) => ({
      settings,
      networks: addresses.map(parseAddresses).filter((network) => network !== null),
    }));
  }

  get settings(): readonly ClassSettings[] {
    return this.#classes.map(({ settings }) => settings);
  }

  find(host: string): ClassSettings {
    const known = this.#known.get(host);
    if (known !== undefined) return known;
    const found = this.#look(host);
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(host, found);
    return found;
  }

  #look(host: string): ClassSettings {
    const address = parseAddress(host === UNIX_PEER_HOST ? '127.0.0.1' : host);
    const found = this.#classes.find(
      ({ networks }) =>
        networks.length === 0 || (address !== null && networks.some((network) => contains(network, address))),
    );
    return found?.settings ?? DEFAULT_CLASS;
  }
}
