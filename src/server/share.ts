/** Bytes that are sent to many: each array is one {@link SharedBytes}, for however many it is written to. */
import { SharedBytes } from '../net/shared-bytes.js';

/**
 * A message is as many arrays as its room has kinds of readers, who sit there in any order; few rooms have more kinds.
 */
const REMEMBERED = 16;

interface Shared {
  readonly source: Uint8Array;
  readonly shared: SharedBytes;
}

/** The arrays that were asked for last, and the one of the last call. */
const recent: Shared[] = [];
let oldest = 0;
let last: Shared | null = null;

/**
 * The shared form of an array that is never changed.
 *
 * @returns the same for the same array, as long as few others are asked for in between
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
