/** Hosts that stand for addresses, so that people do not see where others are. */
import { createHmac } from 'node:crypto';
import { type AddressBytes, formatNetwork, networkOf, parseAddress } from '../chat/address.js';

/** How addresses are hidden. */
export interface CloakSettings {
  /** A person who knows the key can find the address behind a host. Another key gives other hosts. */
  readonly key: string;
  /** The end of each host. */
  readonly suffix: string;
}

/** The networks of an address that its host names, by the length of their prefix: the address itself, then wider. */
const IPV4_PREFIXES = [32, 24, 16];
const IPV6_PREFIXES = [128, 64, 48, 32];
/** 40 bits: two networks of one server will hardly ever look alike. */
const DIGITS = 10;

/** Returns the host of an address; anything else, such as a unix socket, is its own host. */
export function cloakedHost(address: string, { key, suffix }: CloakSettings): string {
  const bytes = parseAddress(address);
  if (bytes === null) return address;
  const prefixes = bytes.length === 4 ? IPV4_PREFIXES : IPV6_PREFIXES;
  return [...prefixes.map((bits) => digitsOf(bytes, bits, key)), suffix].join('.');
}

function digitsOf(bytes: AddressBytes, bits: number, key: string): string {
  return createHmac('sha256', key)
    .update(formatNetwork(networkOf(bytes, bits)))
    .digest('hex')
    .slice(0, DIGITS);
}

/** The cloak of one server, which a reload may change. */
export class Cloak {
  readonly #keyOf: (configured: string) => string;
  #settings: CloakSettings | null;

  /** @param settings - null to show addresses. @param keyOf - returns the key to use instead of the configured one */
  constructor(settings: CloakSettings | null, keyOf: (configured: string) => string) {
    this.#settings = settings;
    this.#keyOf = keyOf;
  }

  /** Applies changed settings to those who arrive from now on. */
  configure(settings: CloakSettings | null): void {
    this.#settings = settings;
  }

  /** Returns the host that others see of somebody from this address. */
  readonly hostOf = (address: string): string => {
    if (this.#settings === null) return address;
    const { key, suffix } = this.#settings;
    return cloakedHost(address, { key: this.#keyOf(key), suffix });
  };
}
