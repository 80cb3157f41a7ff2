/** Multicast groups as setsockopt(2) takes them: ip(7), RFC 3678. */
import { checkOptions, checkString, type OptionNames } from '../arguments.js';
import { native } from '../binding/load.js';
import { outOfRange } from '../errors.js';
import { IPPROTO_IP, IPPROTO_IPV6 } from './constants.js';
import { toInterfaceIndex } from './interface.js';

/** A multicast group, perhaps of one source. */
export interface MulticastGroup {
  /** The group's address, a literal of the socket's family: '224.0.0.251'. */
  readonly group: string;
  /** The interface, by name or number. Default: the kernel chooses by its routes */
  readonly interface?: string | number | undefined;
  /** The one address to receive from: source-specific multicast. Default: every address */
  readonly source?: string | undefined;
}

const GROUP: OptionNames<MulticastGroup> = { group: true, interface: true, source: true };
/** The options of RFC 3678, which are the same at both levels. */
const JOIN = { group: 42, source: 46 };
const LEAVE = { group: 45, source: 47 };
/** Of a struct group_req: the interface, and the group as a sockaddr_storage. */
const GROUP_AT = 8;
const STORAGE_BYTES = 128;

/** An option with its value. */
interface GroupOption {
  readonly level: number;
  readonly name: number;
  readonly value: Uint8Array;
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION; ENODEV (no such interface) */
export function groupOption(membership: MulticastGroup, action: 'join' | 'leave', isInet6: boolean): GroupOption {
  checkOptions(membership, 'membership', GROUP);
  const { group, interface: through = 0, source } = membership;
  const addresses = source === undefined ? [group] : [group, source];
  const value = new Uint8Array(GROUP_AT + addresses.length * STORAGE_BYTES);
  new DataView(value.buffer).setUint32(0, toInterfaceIndex(through, 'membership.interface'), true);
  addresses.forEach((address, index) => {
    checkString(address, index === 0 ? 'membership.group' : 'membership.source');
    value.set(native.encodeInet(isInet6 ? 6 : 4, address, 0, 0, 0), GROUP_AT + index * STORAGE_BYTES);
  });
  const names = action === 'join' ? JOIN : LEAVE;
  const level = isInet6 ? IPPROTO_IPV6 : IPPROTO_IP;
  return { level, name: source === undefined ? names.group : names.source, value };
}

const OCTET = 0xff;
const MAX_PARTS = 4;

/**
 * The bytes of an IPv4 address in any of its old forms: inet_aton(3). '127.1' is 127.0.0.1; '0x7f.1' and '0177.1', too.
 *
 * @returns four bytes, in network order
 * @throws ERR_INVALID_ARG_TYPE; ERR_OUT_OF_RANGE if it is no address
 */
export function inetAton(text: string): Buffer {
  checkString(text, 'text');
  const parts = text.split('.').map(toInteger);
  const last = parts.pop() ?? NaN;
  const room = 2 ** (8 * (MAX_PARTS - parts.length));
  const isAddress = parts.length < MAX_PARTS && parts.every((part) => part <= OCTET) && last < room;
  if (!isAddress) throw outOfRange('text', 'an IPv4 address', text);
  const bytes = Buffer.alloc(MAX_PARTS);
  bytes.writeUInt32BE(last);
  parts.forEach((part, index) => (bytes[index] = part));
  return bytes;
}

/** NaN, which is below nothing, for a text that is no number. */
function toInteger(text: string): number {
  if (/^0x[0-9a-f]+$/i.test(text)) return parseInt(text, 16);
  if (/^0[0-7]*$/.test(text)) return parseInt(text, 8);
  return /^[1-9][0-9]*$/.test(text) ? parseInt(text, 10) : NaN;
}
