/**
 * Every error that fdmux throws.
 *
 * Three families; `code` says which:
 * - the error of a system call: {@link SystemError}, with the errno's name as `code` ('EBADF');
 * - a refusal by fdmux itself: {@link FdmuxError}, with a code of {@link FdmuxErrorCode};
 * - a wrong argument: a TypeError with `ERR_INVALID_ARG_TYPE` or `ERR_UNKNOWN_OPTION`, or a RangeError with
 *   `ERR_OUT_OF_RANGE`.
 *
 * An aborted wait ends with an {@link AbortError}, as in Node.js.
 */
import { constants } from 'node:os';

/** An error that a system call returned, shaped as Node.js shapes its own. */
export interface SystemError extends Error {
  /** The errno's name: 'EBADF'. */
  readonly code: string;
  /** The errno, negative, as in Node.js. */
  readonly errno: number;
  /** The call that failed: 'epoll_ctl'. */
  readonly syscall: string;
  /** The fd that it failed on, if there is one. */
  readonly fd?: number;
  /** The path that the call was given, if it takes one; bytes if it is not UTF-8. */
  readonly path?: string | Buffer;
}

/** The codes of refusals by fdmux itself; each has a heading in docs/errors.md. */
export type FdmuxErrorCode =
  | 'ERR_CLOSED'
  | 'ERR_BUSY'
  | 'ERR_NOT_REGISTERED'
  | 'ERR_UNSUPPORTED_TRIGGER'
  | 'ERR_UNSUPPORTED_PLATFORM'
  | 'ERR_WRITE_AFTER_END'
  | 'ERR_WRITE_QUEUE_FULL'
  | 'ERR_IDLE_TIMEOUT'
  | 'ERR_TLS_CONTEXT'
  | 'ERR_TLS_HANDSHAKE'
  | 'ERR_TLS_HANDSHAKE_TIMEOUT'
  | 'ERR_TLS_UNAUTHORIZED'
  | 'ERR_TLS_RECORD'
  | 'ERR_INTERNAL';

/** An operation that fdmux refuses for a reason of its own; `code` says which. */
export class FdmuxError extends Error {
  readonly code: FdmuxErrorCode;

  constructor(code: FdmuxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An argument of the wrong type. */
export class ArgumentTypeError extends TypeError {
  readonly code = 'ERR_INVALID_ARG_TYPE';
}

/** An options object with a key that no option has. */
export class UnknownOptionError extends TypeError {
  readonly code = 'ERR_UNKNOWN_OPTION';
}

/** An argument of the right type whose value is not allowed. */
export class ArgumentRangeError extends RangeError {
  readonly code = 'ERR_OUT_OF_RANGE';
}

/** An operation that its AbortSignal ended; `cause` is the signal's reason. */
export class AbortError extends Error {
  readonly code = 'ABORT_ERR';
  override readonly name = 'AbortError';

  constructor(signal: AbortSignal) {
    super('The operation was aborted', { cause: signal.reason });
  }
}

/** `what` has been closed: 'the multiplexer'. */
export function closedError(what: string): FdmuxError {
  return new FdmuxError('ERR_CLOSED', `${what} is closed`);
}

/**
 * A value that the code around it has ensured. One that is missing all the same is a fault of fdmux, which must not go
 * on as a value: a 0 that stands for a missing fd is standard input.
 *
 * @param what the value, for the message: 'the entry of a token'
 * @throws ERR_INTERNAL
 */
export function present<Value>(value: Value | null | undefined, what: string): Value {
  if (value === undefined || value === null) throw new FdmuxError('ERR_INTERNAL', `${what} is missing`);
  return value;
}

/** Something else is under way that excludes this. */
export function busyError(message: string): FdmuxError {
  return new FdmuxError('ERR_BUSY', message);
}

/** No registration for that fd. */
export function notRegisteredError(fd: number): FdmuxError {
  return new FdmuxError('ERR_NOT_REGISTERED', `fd ${fd} is not registered`);
}

/** The backend has no such trigger. */
export function unsupportedTriggerError(trigger: string, backend: string): FdmuxError {
  return new FdmuxError('ERR_UNSUPPORTED_TRIGGER', `the ${backend} backend has no trigger '${trigger}'`);
}

/** The system, the runtime or the kernel lacks something that is needed. */
export function unsupportedPlatformError(message: string, options?: ErrorOptions): FdmuxError {
  return new FdmuxError('ERR_UNSUPPORTED_PLATFORM', message, options);
}

/** The one class of {@link SystemError}s that are made here; `errno` is negative. */
export class ErrnoError extends Error implements SystemError {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  declare readonly fd?: number;

  constructor(code: string, errno: number, syscall: string, reason: string, fd: number | undefined) {
    super(`${code}: ${reason}, ${syscall}`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    if (fd !== undefined) this.fd = fd;
  }
}

/**
 * The error that the kernel would have given, if fdmux finds it out first.
 *
 * @param reason the meaning of the errno, in the words of strerror(3)
 */
export function systemError(
  code: keyof typeof constants.errno,
  syscall: string,
  reason: string,
  fd?: number,
): SystemError {
  return new ErrnoError(code, -constants.errno[code], syscall, reason, fd);
}

/** Whether `error` carries this `code`. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

/** Whether `error` is from a system call. */
export function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'errno' in error &&
    typeof error.errno === 'number' &&
    'syscall' in error &&
    typeof error.syscall === 'string'
  );
}

/** The native calls throw nothing but errors; this says so to the compiler. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/**
 * Adds what a system call was given to the end of its error's message, where the name of the call stands.
 *
 * @param what `127.0.0.1:80`
 */
export function naming(thrown: unknown, what: string): Error {
  const error = toError(thrown);
  if (!isSystemError(error)) return error;
  const { message, stack } = error;
  error.message = `${message} ${what}`;
  // The stack begins with the message as it was when the error was made, and is all that an uncaught error shows.
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
  return error;
}

/** `expected` reads on from "must be": 'a number', 'an object with an fd'. */
export function invalidArgType(name: string, expected: string, actual: unknown): ArgumentTypeError {
  return new ArgumentTypeError(`"${name}" must be ${expected}; received ${describe(actual)}`);
}

/** `range` reads on from "must be": 'an integer from 0 to 255'. */
export function outOfRange(name: string, range: string, actual: unknown): ArgumentRangeError {
  return new ArgumentRangeError(`"${name}" must be ${range}; received ${describe(actual)}`);
}

/** `options` has the key `key`, which no option has; `known` has the names of those that exist. */
export function unknownOption(name: string, key: string, known: Readonly<Record<string, true>>): UnknownOptionError {
  const names = Object.keys(known).map((each) => `'${each}'`);
  return new UnknownOptionError(
    `"${name}" has no option ${describe(key)}; the options are ${names.join(', ') || 'none'}`,
  );
}

/** Describes a value, briefly and without calling any code of its own. */
function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length > 40 ? `'${value.slice(0, 40)}...'` : `'${value}'`;
    case 'number':
    case 'boolean':
    case 'bigint':
    case 'undefined':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? 'an array' : 'an object';
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
  }
}
