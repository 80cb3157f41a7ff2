/** The checks of arguments, each of which throws an error that describes the fault. */
import { types } from 'node:util';
import { invalidArgType, outOfRange, unknownOption } from './errors.js';

/** The largest int of C. */
export const MAX_INT32 = 0x7fff_ffff;
/** The largest unsigned numbers of 8 and of 16 bits. */
export const MAX_UINT8 = 0xff;
export const MAX_UINT16 = 0xffff;
/** The largest unsigned int of C. */
export const MAX_UINT32 = 0xffff_ffff;
/** The largest port number. */
export const MAX_PORT = 65_535;

/** A value that names a file descriptor: the number itself, or an object that carries it as `fd`. */
export type FdLike = number | { readonly fd: number };

/**
 * Reads an fd. The object's `fd` is read once.
 *
 * @throws ERR_INVALID_ARG_TYPE if there is no number, ERR_OUT_OF_RANGE if it is not an integer from 0 to 2^31-1
 */
export function toFd(value: unknown, name = 'fd'): number {
  const fd = typeof value === 'object' && value !== null && 'fd' in value ? value.fd : value;
  if (typeof fd !== 'number') throw invalidArgType(name, 'a number or an object with a numeric fd', value);
  if (!Number.isInteger(fd) || fd < 0 || fd > MAX_INT32) {
    throw outOfRange(name, 'an integer from 0 to 2147483647', fd);
  }
  return fd;
}

/**
 * Reads a timeout in milliseconds into the form that the binding takes.
 *
 * @returns -1 for `undefined`, `null`, Infinity and anything beyond 285,000 years; fractions are kept
 * @throws ERR_INVALID_ARG_TYPE, or ERR_OUT_OF_RANGE if it is negative or NaN
 */
export function toTimeoutMs(value: unknown, name = 'timeoutMs'): number {
  if (value === undefined || value === null) return -1;
  if (typeof value !== 'number') throw invalidArgType(name, 'a number of milliseconds, null or undefined', value);
  if (!(value >= 0)) throw outOfRange(name, 'at least 0', value);
  return value > Number.MAX_SAFE_INTEGER ? -1 : value;
}

/**
 * @throws ERR_INVALID_ARG_TYPE if it is not a number, ERR_OUT_OF_RANGE if it is not an integer from `min` to
 * `max`
 */
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
  // A list of the keys would be garbage, for example for each wait in a loop.
  for (const key in value) {
    if (!Object.hasOwn(known, key) && Object.hasOwn(value, key)) throw unknownOption(name, key, known);
  }
}

/** @throws ERR_INVALID_ARG_TYPE */
export function checkArray(value: unknown, name: string): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw invalidArgType(name, 'an array', value);
}

/** @throws ERR_INVALID_ARG_TYPE */
export function checkAbortSignal(value: unknown, name = 'options.signal'): asserts value is AbortSignal {
  if (!(value instanceof AbortSignal)) throw invalidArgType(name, 'an AbortSignal', value);
}

/** @throws ERR_INVALID_ARG_TYPE if it is not a string, ERR_OUT_OF_RANGE if it is none of `allowed` */
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
 * Reads bytes. A string is encoded as UTF-8; a view is not copied. Bytes of another realm, as `node:vm` makes them, are
 * bytes.
 *
 * @throws ERR_INVALID_ARG_TYPE if it is neither a string, a view nor an ArrayBuffer, or if its memory was transferred
 *   away, or has shrunk below it
 */
export function toBytes(value: unknown, name = 'bytes'): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value);
  // A value that only inherits from Uint8Array, or stands for one as a Proxy, has no bytes.
  if (ArrayBuffer.isView(value)) {
    if (value instanceof Uint8Array) {
      // Only an empty view can have lost its memory, so the others cost nothing.
      if (value.byteLength === 0) checkAttached(value, name);
      return value;
    }
    checkAttached(value, name);
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  if (types.isAnyArrayBuffer(value)) {
    checkAttached(value, name);
    return new Uint8Array(value);
  }
  throw invalidArgType(name, 'a string, a Buffer, a typed array, a DataView or an ArrayBuffer', value);
}

/**
 * Refuses a view or a buffer whose memory is detached, and a view that lies outside of memory that has shrunk; anything
 * else passes.
 *
 * @throws ERR_INVALID_ARG_TYPE: reading no bytes out of such memory would pass for an end of file
 */
export function checkAttached(value: unknown, name: string): void {
  if (!ArrayBuffer.isView(value) && !types.isAnyArrayBuffer(value)) return;
  try {
    // The engine itself refuses such memory; `ArrayBuffer.prototype.detached` is newer than the runtimes.
    if (value.byteLength > 0) return;
    if (!ArrayBuffer.isView(value)) new Uint8Array(value);
    else if (!types.isDataView(value)) Uint8Array.prototype.keys.call(value);
  } catch {
    throw invalidArgType(name, 'bytes whose memory is still there', value);
  }
}
