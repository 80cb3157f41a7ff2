/** Shortages of the kernel's memory while bytes are moved: send(2), ENOBUFS and ENOMEM. */
import { constants } from 'node:os';
import { isSystemError } from '../errors.js';

const { ENOBUFS, ENOMEM } = constants.errno;

/**
 * The delay before a call that found no memory is made again, in milliseconds. The fd counts as ready meanwhile, so
 * waiting for that would spin, and the kernel does not report when there is memory again.
 */
export const MEMORY_RETRY_MS = 20;

/** @param errno positive, as in C */
export function isMemoryShortage(errno: number): boolean {
  return errno === ENOBUFS || errno === ENOMEM;
}

/** Whether it was thrown by a call that found no memory. */
export function isMemoryShortageError(error: unknown): boolean {
  return isSystemError(error) && isMemoryShortage(-error.errno);
}
