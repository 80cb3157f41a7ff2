/** The public names, one by one, grouped by layer. */

// Errors
export { AbortError, ArgumentRangeError, ArgumentTypeError, FdmuxError, isSystemError } from './errors.js';
export type { FdLike, FdmuxErrorCode, SystemError } from './errors.js';
