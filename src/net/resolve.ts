/** From a host, which may be a name, to the addresses that a system call takes. */
import { checkString } from '../arguments.js';
import { outOfRange } from '../errors.js';
import { type Inet6Address, type InetAddress, parseAddress } from '../socket/address.js';
import { isIPv4, isIPv6 } from '../socket/ip-literal.js';

/**
 * Resolves a host by node:dns (getaddrinfo(3), in libuv's pool), so that no system call of ours ever waits for a name
 * server. A literal is answered at once.
 *
 * @param host a name or an IPv4 or IPv6 literal; IPv6 may carry a zone and stand in brackets
 * @returns at least one address, in the order in which they are to be tried (RFC 6724, as the resolver sorts them)
 * @throws the errors of node:dns: ENOTFOUND, EAI_AGAIN ...; ERR_OUT_OF_RANGE for an empty host and for one with a zero
 * byte
 */
export async function resolveHost(host: string, port: number): Promise<readonly (InetAddress | Inet6Address)[]> {
  checkString(host, 'host');
  // The resolver would read a name up to its first zero byte alone.
  if (host === '' || host.includes('\0')) throw outOfRange('host', 'a name or an address', host);
  const literal = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (isIPv4(literal) || isIPv6(literal)) return [fromLiteral(literal, port)];
  // Most programs never resolve a name, and loading this takes longer than most of our own modules.
  const { lookup } = await import('node:dns/promises');
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map((entry) => fromLiteral(entry.address, port));
}

function fromLiteral(literal: string, port: number): InetAddress | Inet6Address {
  const address = parseAddress(isIPv6(literal) ? `[${literal}]:${port}` : `${literal}:${port}`);
  if (address.family !== 'inet' && address.family !== 'inet6') {
    throw outOfRange('host', 'a name, an IPv4 or an IPv6 literal', literal);
  }
  return address;
}
