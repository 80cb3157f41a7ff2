/** The meaning of a read of no bytes: the end of a stream, or an empty message (RFC 768, unix(7)). */
import { native } from '../binding/load.js';
import { hasCode, present } from '../errors.js';
import { POLLHUP, POLLRDHUP } from '../readiness/constants.js';

/** Constants of socket(7) and ioctl(2). The socket layer exports them by name, but it builds on this one. */
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const FIONREAD = 0x541b;

/**
 * Whether an fd whose read has just returned no bytes has reached its end. A socket that keeps message boundaries has
 * returned an empty message instead, unless it is shut down and has no byte left. (An empty message that is the last
 * one before the end looks like the end.)
 */
export function isEndOfFile(fd: number): boolean {
  const type = socketType(fd);
  if (type === undefined || type === SOCK_STREAM) return true;
  const entry = Int32Array.of(fd, POLLRDHUP, 0);
  const isShutDown =
    native.poll(entry, 1, 0, true, null) > 0 &&
    ((present(entry[1], 'the answer of poll') >>> 16) & (POLLRDHUP | POLLHUP)) !== 0;
  return isShutDown && !hasUnreadBytes(fd);
}

function socketType(fd: number): number | undefined {
  try {
    return native.getSockOpt(fd, SOL_SOCKET, SO_TYPE);
  } catch (error) {
    // An fd that is not a socket has no messages. The next read reports any other error of it.
    if (hasCode(error, 'ENOTSOCK') || hasCode(error, 'EBADF')) return undefined;
    throw error;
  }
}

function hasUnreadBytes(fd: number): boolean {
  const count = new Int32Array(1);
  try {
    native.ioctl(fd, FIONREAD, new Uint8Array(count.buffer));
  } catch (error) {
    if (hasCode(error, 'ENOTTY') || hasCode(error, 'EOPNOTSUPP') || hasCode(error, 'EINVAL')) return false;
    throw error;
  }
  return present(count[0], 'the count') > 0;
}
