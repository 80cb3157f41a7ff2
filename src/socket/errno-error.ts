/** The error for an errno that a native call returned as a value. */
import { native } from '../binding/load.js';
import { ErrnoError, type SystemError } from '../errors.js';

/**
 * The error that the call would have thrown: connect(2), accept4(2), SO_ERROR.
 *
 * @param errno positive, as in C
 */
export function errnoError(errno: number, syscall: string, fd?: number): SystemError {
  const [code, reason] = native.describeErrno(errno);
  return new ErrnoError(code, -errno, syscall, reason, fd);
}
