/** The key under which connections and failures are counted: an address, or the network that counts as one. */
import { formatNetwork, networkOf, parseAddress } from '../chat/address.js';

const IPV6_BYTES = 16;
const BITS_PER_BYTE = 8;

/**
 * Names the source of a connection: for IPv6 its network, since the owner of a network has all of its addresses (RFC
 * 6177).
 *
 * @param bits - from 1 to 128
 */
export function sourceKey(host: string, bits: number): string {
  // Each client that moves to another process is counted there.
  if (!host.includes(':')) return host;
  const bytes = parseAddress(host);
  if (bytes?.length !== IPV6_BYTES || bits === IPV6_BYTES * BITS_PER_BYTE) return host;
  return formatNetwork(networkOf(bytes, bits));
}
