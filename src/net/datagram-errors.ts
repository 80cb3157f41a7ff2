/** The errors of a datagram socket: which of them end it, and the kernel's queue of them (ip(7), IP_RECVERR). */
import { constants } from 'node:os';
import { native } from '../binding/load.js';
import { isSystemError } from '../errors.js';
import { decodeAddress } from '../socket/address.js';
import { MSG_DONTWAIT, MSG_ERRQUEUE } from '../socket/constants.js';
import { toControlMessage } from '../socket/control-message.js';
import { errnoError } from '../socket/errno-error.js';
import type { DatagramError } from './datagram.js';

const { EBADF, EFAULT, EINVAL, ENOTSOCK } = constants.errno;
/** How many are read in one turn. */
const BATCH_ERRORS = 16;
const CONTROL_BYTES = 256;

/** Whether a receive that fails like this will always fail. Any other error is about one message or one peer. */
export function isFatalErrno(errno: number): boolean {
  return errno === EBADF || errno === ENOTSOCK || errno === EINVAL || errno === EFAULT;
}

/** Whether the fd is no longer a socket. */
export function isFatalError(error: unknown): boolean {
  return isSystemError(error) && (error.errno === -EBADF || error.errno === -ENOTSOCK);
}

/**
 * Takes errors of earlier messages out of the kernel's queue. While one is in it, the fd counts as ready.
 *
 * @param report called with each; reports of transmissions that went well are dropped
 * @returns how many there were
 */
export function takeQueuedErrors(fd: number, report: (error: DatagramError) => void): number {
  for (let count = 0; ; count += 1) {
    const entry = count < BATCH_ERRORS ? native.recvMsg(fd, [], CONTROL_BYTES, MSG_ERRQUEUE | MSG_DONTWAIT) : null;
    if (entry === null) return count;
    const address = entry.address === null ? undefined : decodeAddress(entry.address);
    for (const decoded of entry.control) {
      const message = toControlMessage(decoded);
      if (message.kind !== 'extended-error' || message.errno === 0) continue;
      const offender = message.offender ?? undefined;
      report(Object.assign(errnoError(message.errno, 'send', fd), { address, offender }));
    }
  }
}
