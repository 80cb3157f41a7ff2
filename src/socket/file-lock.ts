/** Advisory locks on files, which other programs respect only if they ask: flock(2), fcntl(2). */
import { checkInteger, checkOneOf, checkOptions, type FdLike, type OptionNames, toFd } from '../arguments.js';
import { native } from '../binding/load.js';

/** Shared locks exclude only exclusive ones. */
export type LockMode = 'shared' | 'exclusive' | 'unlock';

/** A part of a file. */
export interface LockRange {
  /** Its first byte, from 0 to 2^53-1. Default: 0 */
  readonly start?: number | undefined;
  /** How many bytes, from 0 to 2^53-1; 0, the default, is everything after `start`, however far the file grows. */
  readonly length?: number | undefined;
}

const RANGE: OptionNames<LockRange> = { start: true, length: true };
const LOCK_MODES = ['shared', 'exclusive', 'unlock'] as const;
const LOCK_NB = 4;
const FLOCK_OPERATIONS: Readonly<Record<LockMode, number>> = { shared: 1, exclusive: 2, unlock: 8 };
/** F_RDLCK, F_WRLCK, F_UNLCK. */
const RANGE_TYPES: Readonly<Record<LockMode, number>> = { shared: 0, exclusive: 1, unlock: 2 };

/**
 * Locks a whole file, or gives the lock back, without waiting: flock(2). The lock belongs to the open file description,
 * so duplicates of the fd share it, and the last close gives it back.
 *
 * @returns false if another holder has a lock that excludes this one; a shared lock that was to become exclusive may be
 *   lost then
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EBADF, ENOLCK
 */
export function flock(fd: FdLike, mode: LockMode): boolean {
  const number = toFd(fd);
  checkOneOf(mode, 'mode', LOCK_MODES);
  return native.flock(number, FLOCK_OPERATIONS[mode] | LOCK_NB);
}

/**
 * Locks a part of a file, or gives it back, without waiting: fcntl(2), F_OFD_SETLK. The lock belongs to the open file
 * description, so it is not lost when other code of this process closes the same file.
 *
 * @returns false if another holder has a lock that excludes this one
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION; EBADF (also: an exclusive lock on an fd that is
 *   only read, a shared one on an fd that is only written), ENOLCK
 */
export function lockRange(fd: FdLike, mode: LockMode, range: LockRange = {}): boolean {
  const { number, type, start, length } = readLock(fd, mode, range);
  return native.lockRange(number, type, start, length);
}

/**
 * Reports whether {@link lockRange} would return true: fcntl(2), F_OFD_GETLK.
 *
 * @throws as {@link lockRange}
 */
export function canLockRange(fd: FdLike, mode: Exclude<LockMode, 'unlock'>, range: LockRange = {}): boolean {
  checkOneOf(mode, 'mode', ['shared', 'exclusive']);
  const { number, type, start, length } = readLock(fd, mode, range);
  return native.testRange(number, type, start, length);
}

function readLock(fd: FdLike, mode: LockMode, range: LockRange) {
  const number = toFd(fd);
  checkOneOf(mode, 'mode', LOCK_MODES);
  checkOptions(range, 'range', RANGE);
  const { start = 0, length = 0 } = range;
  checkInteger(start, 'range.start', 0, Number.MAX_SAFE_INTEGER);
  checkInteger(length, 'range.length', 0, Number.MAX_SAFE_INTEGER - start);
  return { number, type: RANGE_TYPES[mode], start, length };
}
