import { toWritableBytes } from './receive-buffer.js';

/** The same memory as a Buffer, to read structs of the kernel from. @throws ERR_INVALID_ARG_TYPE */
export function structBytes(bytes: unknown, name = 'bytes'): Buffer {
  const { buffer, byteOffset, byteLength } = toWritableBytes(bytes, name);
  return Buffer.from(buffer, byteOffset, byteLength);
}
