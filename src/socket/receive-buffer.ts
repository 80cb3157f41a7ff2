/** Memory to receive into. */
import { toBytes } from '../arguments.js';
import { invalidArgType } from '../errors.js';

/** Longest receive that goes through the shared slab, in bytes; a longer one gets a buffer of its own. */
const SLAB_BYTES = 64 * 1024;

/** The memory for receives before they are copied to a buffer of their exact size. */
let slab: Buffer | undefined;

/** Memory for one receive of up to `maxBytes`, perhaps longer and shared: nothing may keep it. */
export function receiveBuffer(maxBytes: number): Buffer {
  if (maxBytes > SLAB_BYTES) return Buffer.allocUnsafeSlow(maxBytes);
  return (slab ??= Buffer.allocUnsafeSlow(SLAB_BYTES));
}

/** The first `count` bytes in memory that nothing else writes to and that is no larger than they are. */
export function takeReceived(buffer: Buffer, count: number): Buffer {
  return buffer !== slab && buffer.byteLength === count ? buffer : Buffer.from(buffer.subarray(0, count));
}

/** As `toBytes`, but the target of a receive cannot be a string. @throws ERR_INVALID_ARG_TYPE */
export function toWritableBytes(buffer: unknown, name = 'buffer'): Uint8Array {
  if (typeof buffer === 'string') throw invalidArgType(name, 'a Buffer, a typed array or an ArrayBuffer', buffer);
  return toBytes(buffer, name);
}
