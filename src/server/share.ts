/** Bytes that are sent to many: one {@link SharedBytes} per array, however many connections it is written to. */
import { Memo } from '../front/memo.js';
import { SharedBytes } from '../net/shared-bytes.js';

const shared = new Memo((source: Uint8Array) => new SharedBytes(source, true));

/**
 * Returns the shared form of an array that never changes.
 *
 * @returns the same for the same array, as long as few others are asked for in between
 */
export function share(source: Uint8Array): SharedBytes {
  return shared.of(source);
}
