/**
 * IP addresses and networks as values: read from text, compared, and written in one form.
 *
 * An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) is the IPv4 address: a listener for both
 * families reports IPv4 peers so, and a ban must hold for them as well.
 */

/** The 4 or 16 bytes of an address, in network order. */
export type AddressBytes = readonly number[];

/** All addresses that share their first bits. */
export interface Network {
  readonly bytes: AddressBytes;
  /** The number of leading bits that count: 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly bits: number;
}

const IPV6_GROUPS = 8;
const DOT = 0x2e;
const ZERO = 0x30;
/** The bits of `::ffff:0:0/96`, which stand before a mapped IPv4 address. */
const MAPPED_BITS = 96;

/**
 * Reads an address.
 *
 * @param text - a literal without brackets or zone
 * @returns its bytes, four for a mapped IPv4 address; null if the text is not an address
 */
export function parseAddress(text: string): AddressBytes | null {
  const bytes = parseLiteral(text);
  return bytes !== null && isMapped(bytes) ? bytes.slice(MAPPED_BITS / 8) : bytes;
}

/**
 * Reads a network such as `192.0.2.0/24` or `2001:db8::/32`; bits beyond the prefix are cleared.
 *
 * @returns null if the text has no prefix length, or one that its family does not have
 */
export function parseNetwork(text: string): Network | null {
  const [literal = '', digits = '', ...more] = text.split('/');
  if (more.length > 0 || !/^\d{1,3}$/.test(digits)) return null;
  const bytes = parseLiteral(literal);
  const bits = Number(digits);
  if (bytes === null || bits > bytes.length * 8) return null;
  const isIpv4 = isMapped(bytes) && bits >= MAPPED_BITS;
  const network = isIpv4 ? { bytes: bytes.slice(MAPPED_BITS / 8), bits: bits - MAPPED_BITS } : { bytes, bits };
  return networkOf(network.bytes, network.bits);
}

/** Returns the network of an address; the bits beyond the prefix are cleared. */
export function networkOf(bytes: AddressBytes, bits: number): Network {
  return { bytes: bytes.map((byte, index) => byte & maskOfByte(bits, index)), bits };
}

/** Reads a network, or an address as the network of itself alone; null if the text is neither. */
export function parseAddresses(text: string): Network | null {
  const address = parseAddress(text);
  return address === null ? parseNetwork(text) : { bytes: address, bits: address.length * 8 };
}

/** Whether an address belongs to a network. */
export function contains(network: Network, address: AddressBytes): boolean {
  if (network.bytes.length !== address.length) return false;
  return address.every((byte, index) => (byte & maskOfByte(network.bits, index)) === network.bytes[index]);
}

/** Writes an address in its canonical form: dotted decimal, or as RFC 5952 section 4 recommends for IPv6. */
export function formatAddress(bytes: AddressBytes): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: IPV6_GROUPS }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  const zeros = longestRunOfZeros(groups);
  // A single group of zeros is not shortened (RFC 5952 section 4.2.2).
  if (zeros.length < 2) return groups.join(':');
  return `${groups.slice(0, zeros.start).join(':')}::${groups.slice(zeros.start + zeros.length).join(':')}`;
}

/** Writes a network: its address, a slash, and the length of the prefix. */
export function formatNetwork({ bytes, bits }: Network): string {
  return `${formatAddress(bytes)}/${bits}`;
}

/** Puts an address into its canonical form; any other text stays as it is. */
export function canonicalAddress(text: string): string {
  const bytes = parseAddress(text);
  const spelled = bytes === null ? text : formatAddress(bytes);
  // Nearly all are already spelled like this: the connection and the member then hold one string instead of two.
  return spelled === text ? text : spelled;
}

/** Puts a zero before a leading `:`, since such a word could not be a parameter of an IRC line; `0::1` is `::1`. */
export function withoutLeadingColon(host: string): string {
  return host.startsWith(':') ? `0${host}` : host;
}

function maskOfByte(bits: number, index: number): number {
  const left = Math.min(8, Math.max(0, bits - 8 * index));
  return (0xff << (8 - left)) & 0xff;
}

function isMapped(bytes: AddressBytes): boolean {
  return bytes.length === 16 && bytes.slice(0, 12).every((byte, index) => byte === (index < 10 ? 0 : 0xff));
}

function parseLiteral(text: string): AddressBytes | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): AddressBytes | null {
  const bytes: number[] = [];
  let byte = -1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (byte < 0) return null;
      bytes.push(byte);
      byte = -1;
      continue;
    }
    const digit = code - ZERO;
    // A leading zero means octal to some programs, so it is not accepted.
    if (digit < 0 || digit > 9 || byte === 0) return null;
    byte = byte < 0 ? digit : byte * 10 + digit;
    if (byte > 0xff) return null;
  }
  if (byte < 0 || bytes.length !== 3) return null;
  bytes.push(byte);
  return bytes;
}

function parseIpv6(text: string): AddressBytes | null {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return null;
  const before = parseGroups(head, tail === undefined);
  if (tail === undefined) return before?.length === 2 * IPV6_GROUPS ? before : null;
  const after = parseGroups(tail, true);
  if (before === null || after === null) return null;
  const missing = 2 * IPV6_GROUPS - before.length - after.length;
  // `::` stands for at least one group.
  return missing < 2 ? null : [...before, ...Array.from({ length: missing }, () => 0), ...after];
}

/** Reads groups with `:` between them; the last may be an IPv4 literal if the address ends with it. */
function parseGroups(text: string, isEnd: boolean): AddressBytes | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    const isLast = index === groups.length - 1;
    const ipv4 = isEnd && isLast && group.includes('.') ? parseIpv4(group) : null;
    if (ipv4 !== null) {
      bytes.push(...ipv4);
    } else if (/^[\da-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      return null;
    }
  }
  return bytes;
}

function longestRunOfZeros(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    let end = start;
    while (groups[end] === '0') end += 1;
    // The first of several equal runs is shortened (RFC 5952 section 4.2.3).
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}
