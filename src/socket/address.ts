/**
 * Socket addresses: the kernel's sockaddr as an object, whose `family` says which one it is.
 *
 * Calls return an {@link Address}, and take an {@link AddressInput}. Hosts are literals here: names are resolved by
 * `resolveHost` in resolve.ts, never inside a system call.
 */
import { checkAttached, checkInteger, checkObject, checkString, MAX_PORT, MAX_UINT32, toBytes } from '../arguments.js';
import { type RawAddress } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { hasCode, invalidArgType, outOfRange } from '../errors.js';
import { ifNameToIndex } from './interface.js';
import { isIPv4, isIPv6 } from './ip-literal.js';
import { type PathInput, textOrBytes, toPathBytes } from './path.js';
import { escapeName, unescapeName } from './unix-name.js';

export type { RawAddress } from '../binding/contract.js';

/** IPv4: ip(7). */
export interface InetAddress {
  readonly family: 'inet';
  /** Dotted decimal: '127.0.0.1'. */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** IPv6: ipv6(7). */
export interface Inet6Address {
  readonly family: 'inet6';
  /** The literal without brackets and zone: '::1'. */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
  /** sin6_flowinfo, in host byte order. */
  readonly flowInfo: number;
  /** The index of the interface that a link-local address belongs to; 0 for none. */
  readonly scopeId: number;
}

/** A unix socket bound to a file: unix(7). */
export interface UnixPathAddress {
  readonly family: 'unix';
  /** A string if the name is UTF-8, else its bytes. */
  readonly path: string | Buffer;
}

/**
 * A unix socket with a name of the abstract namespace, which no file stands for. The leading zero byte is not part of
 * it.
 */
export interface UnixAbstractAddress {
  readonly family: 'unix';
  /** A string if the name is UTF-8, else its bytes. */
  readonly abstract: string | Buffer;
}

/** A unix socket without a name, as the clients of most servers are. */
export interface UnixUnnamedAddress {
  readonly family: 'unix';
}

/** Any other family; `bytes` is the whole sockaddr. */
export interface UnknownAddress {
  readonly family: 'unknown';
  readonly familyNumber: number;
  readonly bytes: RawAddress;
}

/** An address as the kernel returns it. */
export type Address =
  InetAddress | Inet6Address | UnixPathAddress | UnixAbstractAddress | UnixUnnamedAddress | UnknownAddress;

/**
 * An address as a call takes it; an {@link Address} is one, too, and raw bytes serve every other
 * family.
 */
export type AddressInput =
  | InetAddress
  | (Omit<Inet6Address, 'flowInfo' | 'scopeId'> & { readonly flowInfo?: number; readonly scopeId?: number })
  | (Omit<UnixPathAddress, 'path'> & { readonly path: PathInput })
  | (Omit<UnixAbstractAddress, 'abstract'> & { readonly abstract: string | Uint8Array })
  | UnixUnnamedAddress
  | UnknownAddress
  | RawAddress;

/**
 * The family alone, little-endian as every system of ours is: binding to it lets the kernel choose an abstract name.
 */
const UNNAMED: RawAddress = Uint8Array.of(1, 0);
const FAMILIES = "one of 'inet', 'inet6', 'unix', 'unknown'";
/** The errors of a name that no interface has, that has a zero byte, and that is too long. */
const NO_INTERFACE = ['ENODEV', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE'] as const;

/**
 * Makes the sockaddr of an address.
 *
 * `host` is a literal of its family; an IPv6 literal may carry a zone ('fe80::1%eth0', 'fe80::1%2').
 *
 * @throws ERR_INVALID_ARG_TYPE if a part is missing or of the wrong type, ERR_OUT_OF_RANGE if the host is no
 *   literal of its family, the port is not an integer from 0 to 65535, or a unix name is longer than sun_path (108
 *   bytes)
 */
export function encodeAddress(address: AddressInput, name = 'address'): RawAddress {
  if (isRawAddress(address)) return toBytes(address, name);
  checkObject(address, name);
  switch (address.family) {
    case 'inet':
      checkHost(address.host, `${name}.host`, isIPv4, 'an IPv4 literal');
      checkInteger(address.port, `${name}.port`, 0, MAX_PORT);
      return native.encodeInet(4, address.host, address.port, 0, 0);
    case 'inet6': {
      checkHost(address.host, `${name}.host`, isIPv6, 'an IPv6 literal');
      checkInteger(address.port, `${name}.port`, 0, MAX_PORT);
      const { host, scopeId: zone } = splitZone(address.host);
      const flowInfo = address.flowInfo ?? 0;
      const scopeId = address.scopeId ?? zone;
      checkInteger(flowInfo, `${name}.flowInfo`, 0, MAX_UINT32);
      checkInteger(scopeId, `${name}.scopeId`, 0, MAX_UINT32);
      return native.encodeInet(6, host, address.port, flowInfo, scopeId);
    }
    case 'unix':
      return encodeUnix(address, name);
    case 'unknown':
      if (!ArrayBuffer.isView(address.bytes)) throw invalidArgType(`${name}.bytes`, 'a Uint8Array', address.bytes);
      return toBytes(address.bytes, `${name}.bytes`);
    default:
      throw outOfRange(`${name}.family`, FAMILIES, familyOf(address));
  }
}

/** Whether an address is given as the bytes of its sockaddr. */
export function isRawAddress(address: AddressInput): address is RawAddress {
  return ArrayBuffer.isView(address);
}

function encodeUnix(address: AddressInput & { readonly family: 'unix' }, name: string): RawAddress {
  if ('path' in address) {
    const path = toPathBytes(address.path, `${name}.path`);
    if (path.length === 0 || path.includes(0)) {
      throw outOfRange(`${name}.path`, 'a path without zero bytes', address.path);
    }
    return native.encodeUnix(path, false);
  }
  return 'abstract' in address ? native.encodeUnix(toBytes(address.abstract, `${name}.abstract`), true) : UNNAMED;
}

function checkHost(host: unknown, name: string, isLiteral: (host: string) => boolean, expected: string): void {
  checkString(host, name);
  if (!isLiteral(host)) throw outOfRange(name, expected, host);
}

/** Takes the zone off an IPv6 literal. A zone is an interface's name or its index (RFC 4007, section 11). */
function splitZone(literal: string): { host: string; scopeId: number } {
  const percent = literal.indexOf('%');
  if (percent < 0) return { host: literal, scopeId: 0 };
  const host = literal.slice(0, percent);
  const zone = literal.slice(percent + 1);
  if (/^\d{1,10}$/.test(zone) && Number(zone) <= MAX_UINT32) return { host, scopeId: Number(zone) };
  try {
    return { host, scopeId: ifNameToIndex(zone) };
  } catch (error) {
    if (!NO_INTERFACE.some((code) => hasCode(error, code))) throw error;
    throw outOfRange('address.host', 'a literal whose zone is an interface of this machine', literal);
  }
}

/** Reads a sockaddr. */
export function decodeAddress(raw: RawAddress): Address {
  checkAttached(raw, 'raw');
  const decoded = native.decodeAddress(raw);
  if (decoded.family === 'unknown') return { ...decoded, bytes: Uint8Array.from(raw) };
  if (decoded.family !== 'unix') return decoded;
  if ('path' in decoded) return { family: 'unix', path: textOrBytes(decoded.path) };
  return 'abstract' in decoded ? { family: 'unix', abstract: textOrBytes(decoded.abstract) } : { family: 'unix' };
}

/**
 * Writes an address as people do: '127.0.0.1:80', '[::1]:80', '[fe80::1%2]:80', 'unix:/run/chat', 'unix:@chat',
 * 'unix:'. In the name of a unix socket, backslashes, control characters and bytes that are not UTF-8 are escaped:
 * `\\\\`, `\\x00`, `\\xff`. {@link parseAddress} reads it back (an unknown family excepted, which is written 'family
 * 17').
 *
 * @throws ERR_INVALID_ARG_TYPE
 */
export function formatAddress(address: Address): string {
  checkObject(address, 'address');
  switch (address.family) {
    case 'inet':
      return `${address.host}:${address.port}`;
    case 'inet6': {
      const zone = address.scopeId === 0 ? '' : `%${address.scopeId}`;
      return `[${address.host}${zone}]:${address.port}`;
    }
    case 'unix':
      if ('path' in address) return `unix:${escapeName(address.path).replace(/^@/, '\\x40')}`;
      return 'abstract' in address ? `unix:@${escapeName(address.abstract)}` : 'unix:';
    case 'unknown':
      return `family ${address.familyNumber}`;
  }
}

/**
 * Reads the text that {@link formatAddress} writes. The host must be a literal.
 *
 * @throws ERR_INVALID_ARG_TYPE, or ERR_OUT_OF_RANGE if the text is no address
 */
export function parseAddress(text: string): Address {
  checkString(text, 'text');
  if (text.startsWith('unix:')) {
    const name = text.slice('unix:'.length);
    if (name === '') return { family: 'unix' };
    return name.startsWith('@')
      ? { family: 'unix', abstract: unescapeName(name.slice(1)) }
      : { family: 'unix', path: unescapeName(name) };
  }
  const { host, port } = splitHostPort(text) ?? { host: '', port: 0 };
  if (port > MAX_PORT) throw outOfRange('text', 'an address whose port is at most 65535', text);
  if (isIPv4(host)) return { family: 'inet', host, port };
  if (isIPv6(host)) return { family: 'inet6', flowInfo: 0, port, ...splitZone(host) };
  throw outOfRange('text', 'an address such as 127.0.0.1:80, [::1]:80 or unix:/path', text);
}

/** Splits 'host:port' and '[host]:port' without judging either: the host may be a name. Null for any other text. */
export function splitHostPort(text: string): { host: string; port: number } | null {
  const [, bracketed, bare, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? bare;
  return host === undefined ? null : { host, port: Number(digits) };
}

/** For the end of an exhaustive switch over families that untyped callers may get wrong, or leave out. */
function familyOf(address: never): unknown {
  return Reflect.get(address, 'family');
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE: a port is an integer from 0 to 65535 */
export function checkPort(port: unknown, name: string): asserts port is number {
  if (port === undefined) throw invalidArgType(name, 'a number', port);
  checkInteger(port, name, 0, MAX_PORT);
}
