import { checkInteger } from '../arguments.js';
import { toWritableBytes } from './receive-buffer.js';

/**
 * The same memory as a Buffer, to read structs of the kernel from.
 *
 * @param length how many bytes there have to be. Default: any number
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export function structBytes(bytes: unknown, name = 'bytes', length?: number): Buffer {
  const { buffer, byteOffset, byteLength } = toWritableBytes(bytes, name);
  if (length !== undefined) checkInteger(byteLength, `${name}.length`, length, length);
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The text of a field that a NUL ends, or the end of the field. */
export function textUpToNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
