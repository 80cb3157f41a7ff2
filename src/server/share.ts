/** Bytes that are sent to many: one {@link SharedBytes} per array, however many connections it is written to. */
import { SharedBytes } from '../net/shared-bytes.js';

/** A message is one array per kind of reader in its room, in any order; few rooms have more kinds than this. */
const REMEMBERED = 16;

interface Shared {
  readonly source: Uint8Array;
  readonly shared: SharedBytes;
}

/** The latest arrays, and the one of the last call. */
const recent: Shared[] = [];
let oldest = 0;
let last: Shared | null = null;

/**
 * Returns the shared form of an array that never changes.
 *
 * @returns the same for the same array, as long as few others come in between
 */
export function share(source: Uint8Array): SharedBytes {
  if (last?.source !== source) last = recent.find((one) => one.source === source) ?? remember(source);
  return last.shared;
}

function remember(source: Uint8Array): Shared {
  const made = { source, shared: new SharedBytes(source) };
  recent[oldest] = made;
  oldest = (oldest + 1) % REMEMBERED;
  return made;
}
