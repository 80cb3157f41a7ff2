/** The addresses of senders: most datagrams arrive from a sender that has sent before. */
import { type Address, type AddressInput, decodeAddress, encodeAddress, type RawAddress } from '../socket/address.js';
import { AF_INET } from '../socket/constants.js';

/** With more senders than these the cache starts again, so that strangers cannot fill the memory. */
const MAX_SENDERS = 4096;
const BYTES_PER_PORT = 65_536;
/** No sockaddr begins with these four bytes: family 0 has no port. */
const NO_PORT = 0;

/** Makes addresses out of sockaddrs and back, and remembers them. They are frozen, since several messages share one. */
export class SenderCache {
  /** By host and port as one number, or by the bytes of the sockaddr. */
  readonly #addresses = new Map<number | string, Address>();
  readonly #raws = new WeakMap<object, RawAddress>();
  /** Family with port, and host, of the latest sender if that is an IPv4 one; else no sender has them. */
  #latestPort = NO_PORT;
  #latestHost = 0;
  #latest: Address | null = null;
  #latestRaw: RawAddress | undefined;

  /**
   * The address whose sockaddr is the `length` bytes at `start`; null if there are none.
   *
   * @param words the same memory as `bytes`; `start` is a multiple of 4
   */
  at(bytes: Buffer, words: Int32Array, start: number, length: number): Address | null {
    if (length === 0) return null;
    // Most messages have the same sender as the one before: two comparisons find it.
    const port = words[start >> 2] ?? NO_PORT;
    const host = words[(start >> 2) + 1] ?? 0;
    if (port === this.#latestPort && host === this.#latestHost) return this.#latest;
    const key = keyOf(bytes, start, length);
    const address = this.#addresses.get(key) ?? this.#add(key, Uint8Array.from(bytes.subarray(start, start + length)));
    this.#latestPort = typeof key === 'number' ? port : NO_PORT;
    this.#latestHost = host;
    this.#latest = address;
    this.#latestRaw = this.#raws.get(address);
    return address;
  }

  /** @throws as encodeAddress */
  encode(address: AddressInput): RawAddress {
    // Most answers are for the sender of the latest message.
    if (address === this.#latest && this.#latestRaw !== undefined) return this.#latestRaw;
    return this.#raws.get(address) ?? encodeAddress(address);
  }

  #add(key: number | string, raw: Uint8Array): Address {
    const address = Object.freeze(decodeAddress(raw));
    if (this.#addresses.size >= MAX_SENDERS) this.#addresses.clear();
    this.#addresses.set(key, address);
    this.#raws.set(address, raw);
    return address;
  }
}

function keyOf(bytes: Buffer, start: number, length: number): number | string {
  const isInet = bytes[start] === AF_INET && bytes[start + 1] === 0;
  if (!isInet) return bytes.toString('latin1', start, start + length);
  return bytes.readUInt32BE(start + 4) * BYTES_PER_PORT + bytes.readUInt16BE(start + 2);
}
