/** The entry that takes the place of one that does not count. */
import { type Entry, speakerOf, type Stamp } from '../log/entry.js';

/** Returns an entry that does nothing, in the place of another one: the next one of the session counts all the same. */
export function withdrawalOf(stamp: Stamp): Entry & { readonly kind: 'withdrawn' } {
  const { n, atMs, seen, base } = stamp;
  return { kind: 'withdrawn', ...speakerOf(stamp), n, atMs, seen, base };
}
