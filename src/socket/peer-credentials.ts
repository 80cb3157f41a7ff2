/** The process that made the other end of a unix socket's connection: SO_PEERCRED, unix(7). */
import { native } from '../binding/load.js';
import { SO_PEERCRED, SOL_SOCKET } from './constants.js';
import type { PeerCredentials } from './socket-types.js';

/** sizeof(struct ucred). */
const UCRED_BYTES = 12;

/**
 * Reads the credentials that the kernel recorded at connect, listen or socketpair.
 *
 * @throws ENOPROTOOPT ...
 */
export function peerCredentialsOf(fd: number): PeerCredentials {
  const { buffer, byteOffset, byteLength } = native.getSockOptBytes(fd, SOL_SOCKET, SO_PEERCRED, UCRED_BYTES);
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  return { pid: bytes.readInt32LE(0), uid: bytes.readUInt32LE(4), gid: bytes.readUInt32LE(8) };
}
