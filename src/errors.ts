/**
 * Every error that fdmux throws, and the argument checks that throw most of them.
 *
 * Three families, told apart by `code`:
 * - what a system call returned: {@link SystemError}, with the errno's name as `code` ('EBADF');
 * - what fdmux itself refuses: {@link FdmuxError}, with a code of {@link FdmuxErrorCode};
 * - a wrong argument: a TypeError with `ERR_INVALID_ARG_TYPE` or `ERR_UNKNOWN_OPTION`, or a RangeError with
 *   `ERR_OUT_OF_RANGE`.
 *
 * An aborted wait ends with an {@link AbortError}, as in Node.js.
 */
import { constants } from 'node:os';
import { types } from 'node:util';

/** Whatever names a file descriptor: the number itself, or an object that carries it as `fd`. */
export type FdLike = number | { readonly fd: number };

/** An error that a system call returned, shaped as Node.js shapes its own. */
export interface SystemError extends Error {
  /** The errno's name: 'EBADF'. */
  readonly code: string;
  /** The errno, negative, as in Node.js. */
  readonly errno: number;
  /** The call that failed: 'epoll_ctl'. */
  readonly syscall: string;
  /** The fd it failed on, where there is one. */
  readonly fd?: number;
}

/** The codes of what fdmux itself refuses; each has a heading in docs/errors.md. */
export type FdmuxErrorCode =
  | 'ERR_CLOSED'
  | 'ERR_BUSY'
  | 'ERR_NOT_REGISTERED'
  | 'ERR_UNSUPPORTED_TRIGGER'
  | 'ERR_UNSUPPORTED_PLATFORM'
  | 'ERR_WRITE_AFTER_END'
  | 'ERR_WRITE_QUEUE_FULL'
  | 'ERR_IDLE_TIMEOUT'
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
 * A value that the code around it has made sure of. One that is missing all the same is a fault of fdmux, which must not go on as
 * a value: a 0 that stands for a missing fd is standard input.
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
 * The error that the kernel would have given, where fdmux finds it out first.
 *
 * @param reason what the errno means, in the words of strerror(3)
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

/** Whether `error` came from a system call. */
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

/** `expected` reads on from "must be": 'a number', 'an object with an fd'. */
export function invalidArgType(name: string, expected: string, actual: unknown): ArgumentTypeError {
  return new ArgumentTypeError(`"${name}" must be ${expected}; received ${describe(actual)}`);
}

/** `range` reads on from "must be": 'an integer from 0 to 255'. */
export function outOfRange(name: string, range: string, actual: unknown): ArgumentRangeError {
  return new ArgumentRangeError(`"${name}" must be ${range}; received ${describe(actual)}`);
}

/** Says what a value is, briefly and without calling any code of its own. */
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

/** The largest fd number that an int can hold. */
export const MAX_FD = 0x7fff_ffff;

/**
 * Reads an fd. The object's `fd` is read once.
 *
 * @throws ERR_INVALID_ARG_TYPE where there is no number, ERR_OUT_OF_RANGE where it is not an integer from 0 to 2^31-1
 */
export function toFd(value: unknown, name = 'fd'): number {
  const fd = typeof value === 'object' && value !== null && 'fd' in value ? value.fd : value;
  if (typeof fd !== 'number') throw invalidArgType(name, 'a number or an object with a numeric fd', value);
  if (!Number.isInteger(fd) || fd < 0 || fd > MAX_FD) {
    throw outOfRange(name, 'an integer from 0 to 2147483647', fd);
  }
  return fd;
}

/**
 * Reads a timeout in milliseconds into the form that the binding takes.
 *
 * @returns -1 for `undefined`, `null`, Infinity and anything beyond 285,000 years; fractions are kept
 * @throws ERR_INVALID_ARG_TYPE, or ERR_OUT_OF_RANGE where it is negative or NaN
 */
export function toTimeoutMs(value: unknown, name = 'timeoutMs'): number {
  if (value === undefined || value === null) return -1;
  if (typeof value !== 'number') throw invalidArgType(name, 'a number of milliseconds, null or undefined', value);
  if (!(value >= 0)) throw outOfRange(name, 'at least 0', value);
  return value > Number.MAX_SAFE_INTEGER ? -1 : value;
}

/** @throws ERR_INVALID_ARG_TYPE where it is not a number, ERR_OUT_OF_RANGE where it is not an integer from `min` to `max` */
export function checkInteger(value: unknown, name: string, min: number, max: number): asserts value is number {
  if (typeof value !== 'number') throw invalidArgType(name, 'a number', value);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw outOfRange(name, `an integer from ${min} to ${max}`, value);
  }
}

/** @throws ERR_INVALID_ARG_TYPE */
export function checkBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw invalidArgType(name, 'a boolean', value);
}

/** @throws ERR_INVALID_ARG_TYPE */
export function checkString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw invalidArgType(name, 'a string', value);
}

/** @throws ERR_INVALID_ARG_TYPE */
export function checkFunction(value: unknown, name: string): asserts value is (...args: never) => unknown {
  if (typeof value !== 'function') throw invalidArgType(name, 'a function', value);
}

/** @throws ERR_INVALID_ARG_TYPE; null and arrays are no objects here */
export function checkObject(value: unknown, name: string): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgType(name, 'an object', value);
  }
}

/** The names of the options that `Options` declares: the compiler reports one that is missing here, or one too many. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Refuses keys that are no options: an option whose name is misspelt would be ignored, and its default take effect.
 *
 * @throws ERR_INVALID_ARG_TYPE if it is not an object, ERR_UNKNOWN_OPTION
 */
export function checkOptions(
  value: unknown,
  name: string,
  known: Readonly<Record<string, true>>,
): asserts value is object {
  checkObject(value, name);
  for (const key of Object.keys(value)) if (!Object.hasOwn(known, key)) throw unknownOption(name, key, known);
}

function unknownOption(name: string, key: string, known: Readonly<Record<string, true>>): UnknownOptionError {
  const names = Object.keys(known).map((each) => `'${each}'`);
  return new UnknownOptionError(
    `"${name}" has no option ${describe(key)}; the options are ${names.join(', ') || 'none'}`,
  );
}

/** @throws ERR_INVALID_ARG_TYPE */
export function checkArray(value: unknown, name: string): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw invalidArgType(name, 'an array', value);
}

/** @throws ERR_INVALID_ARG_TYPE */
export function checkAbortSignal(value: unknown, name = 'options.signal'): asserts value is AbortSignal {
  if (!(value instanceof AbortSignal)) throw invalidArgType(name, 'an AbortSignal', value);
}

/** @throws ERR_INVALID_ARG_TYPE where it is not a string, ERR_OUT_OF_RANGE where it is none of `allowed` */
export function checkOneOf<const Allowed extends string>(
  value: unknown,
  name: string,
  allowed: readonly Allowed[],
): asserts value is Allowed {
  checkString(value, name);
  const known: readonly string[] = allowed;
  if (!known.includes(value)) {
    throw outOfRange(name, `one of ${allowed.map((word) => `'${word}'`).join(', ')}`, value);
  }
}

/**
 * Reads bytes. A string is encoded as UTF-8; a view is not copied. Bytes of another realm, as `node:vm` makes them, are bytes.
 *
 * @throws ERR_INVALID_ARG_TYPE if it is neither a string, a view nor an ArrayBuffer, or if its memory was transferred away
 */
export function toBytes(value: unknown, name = 'bytes'): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value);
  // What only inherits from Uint8Array, or stands for one as a Proxy, has no bytes.
  if (ArrayBuffer.isView(value)) {
    if (value instanceof Uint8Array) {
      // Only an empty one can be one whose memory is gone, so that the others cost nothing.
      if (value.byteLength === 0) checkAttached(value.buffer, name);
      return value;
    }
    checkAttached(value.buffer, name);
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  if (types.isAnyArrayBuffer(value)) {
    checkAttached(value, name);
    return new Uint8Array(value);
  }
  throw invalidArgType(name, 'a string, a Buffer, a typed array, a DataView or an ArrayBuffer', value);
}

/**
 * Refuses a view or a buffer whose memory is gone; anything else passes.
 *
 * @throws ERR_INVALID_ARG_TYPE: reading no bytes out of such memory would pass for an end of file
 */
export function checkAttached(value: unknown, name: string): void {
  const buffer: unknown = ArrayBuffer.isView(value) ? value.buffer : value;
  if (!types.isAnyArrayBuffer(buffer) || buffer.byteLength > 0) return;
  try {
    // The engine itself refuses memory that is gone; `ArrayBuffer.prototype.detached` is younger than the runtimes.
    new Uint8Array(buffer);
  } catch {
    throw invalidArgType(name, 'bytes whose memory has not been transferred away', buffer);
  }
}
