/** Datagram sockets: opens one, and has it served. */
import { native } from '../binding/load.js';
import { outOfRange, present, systemError } from '../errors.js';
import {
  encodeAddress,
  type Inet6Address,
  type InetAddress,
  type UnixAbstractAddress,
  type UnixPathAddress,
} from '../socket/address.js';
import { bindTo } from '../socket/bind.js';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IP_RECVERR,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVERR,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
} from '../socket/constants.js';
import { errnoError } from '../socket/errno-error.js';
import { groupOption } from '../socket/multicast.js';
import { namingAddress } from '../socket/named-error.js';
import type { DatagramSocket } from './datagram.js';
import { type DatagramOptions, type DatagramSettings, toDatagramSettings } from './datagram-options.js';
import type { OwnedSocket } from './listening-socket.js';
import { type Endpoint, familyNumber } from './options.js';
import { resolveHost } from './resolve.js';
import { ServedDatagram } from './served-datagram.js';
import { claimPath, SocketFile } from './socket-file.js';

type BindAddress = InetAddress | Inet6Address | UnixPathAddress | UnixAbstractAddress;

/**
 * Opens a datagram socket and serves it: udp(7), unix(7). With `remote` it is also connected.
 *
 * @returns when the socket is bound
 * @throws EADDRINUSE, EADDRNOTAVAIL, EACCES and the other errors of socket(2), bind(2), connect(2) and setsockopt(2);
 *   EPROTOTYPE if `fd` is neither a datagram nor a raw socket; ENOTFOUND and the like from the resolver;
 *   ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
 */
export async function bindDatagram<T = unknown>(options: DatagramOptions<T>): Promise<DatagramSocket<T>> {
  const settings = toDatagramSettings(options);
  if (settings.fd !== undefined) {
    checkDatagram(settings.fd);
    applyOptions(settings.fd, settings);
    return new ServedDatagram(settings, settings.fd, null);
  }
  const remote = settings.remote === null ? null : await toAddress(settings.remote);
  const local = settings.local === null ? null : await toAddress(settings.local, remote?.family);
  const open = (): OwnedSocket => openDatagram(local, remote, settings);
  const path = pathOf(local);
  const owned = path === null ? open() : await claimPath(path, open);
  try {
    return new ServedDatagram(settings, owned.fd, owned);
  } catch (error) {
    discard(owned);
    throw error;
  }
}

function pathOf(address: BindAddress | null): string | Buffer | null {
  return address?.family === 'unix' && 'path' in address ? address.path : null;
}

function discard({ fd, file }: OwnedSocket): void {
  file?.remove();
  native.close(fd);
}

/** A raw socket keeps messages apart, too: packet(7), raw(7), CAN. */
function checkDatagram(fd: number): void {
  const type = native.getSockOpt(fd, SOL_SOCKET, SO_TYPE);
  if (type !== SOCK_DGRAM && type !== SOCK_RAW) throw systemError('EPROTOTYPE', 'bind', 'no datagram socket', fd);
}

/** @param family if the name has an address of this family, that one is taken */
async function toAddress(endpoint: Endpoint, family?: string): Promise<BindAddress> {
  if (endpoint.kind === 'unix') return endpoint.address;
  const addresses = await resolveHost(endpoint.host, endpoint.port);
  const address = addresses.find((each) => each.family === family) ?? addresses[0];
  if (address === undefined) throw outOfRange('options.host', 'a name that has an address', endpoint.host);
  return address;
}

/** socket(2), bind(2), connect(2). */
function openDatagram<T>(
  local: BindAddress | null,
  remote: BindAddress | null,
  settings: DatagramSettings<T>,
): OwnedSocket {
  const family = familyNumber(present(local ?? remote, 'the address of a datagram socket'));
  const fd = native.socket(family, SOCK_DGRAM, 0, true);
  let file: SocketFile | null = null;
  try {
    // Before bind(2), which is what two of them are about.
    applyAddressOptions(fd, settings);
    if (local !== null) bindTo(fd, local);
    // A server can answer no socket without a name. The kernel chooses one.
    else if (family === AF_UNIX) native.bind(fd, encodeAddress({ family: 'unix' }));
    const path = pathOf(local);
    if (path !== null) file = new SocketFile(path);
    applyOptions(fd, settings);
    if (remote !== null) connectTo(fd, remote);
  } catch (error) {
    discard({ fd, file });
    throw error;
  }
  return { fd, file };
}

function connectTo(fd: number, remote: BindAddress): void {
  const errno = native.connect(fd, encodeAddress(remote));
  if (errno !== 0) throw namingAddress(errnoError(errno, 'connect', fd), remote);
}

function applyAddressOptions<T>(fd: number, { reuseAddress, reusePort }: DatagramSettings<T>): void {
  if (reuseAddress) native.setSockOpt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (reusePort) native.setSockOpt(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

function applyOptions<T>(fd: number, settings: DatagramSettings<T>): void {
  const { broadcast, icmpErrors, receiveBufferBytes, sendBufferBytes, groups } = settings;
  const family = native.getSockOpt(fd, SOL_SOCKET, SO_DOMAIN);
  if (broadcast) native.setSockOpt(fd, SOL_SOCKET, SO_BROADCAST, 1);
  if (receiveBufferBytes !== undefined) native.setSockOpt(fd, SOL_SOCKET, SO_RCVBUF, receiveBufferBytes);
  if (sendBufferBytes !== undefined) native.setSockOpt(fd, SOL_SOCKET, SO_SNDBUF, sendBufferBytes);
  if (icmpErrors && family === AF_INET) native.setSockOpt(fd, IPPROTO_IP, IP_RECVERR, 1);
  if (icmpErrors && family === AF_INET6) native.setSockOpt(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
  for (const membership of groups) {
    const { level, name, value } = groupOption(membership, 'join', family === AF_INET6);
    native.setSockOpt(fd, level, name, value);
  }
}
