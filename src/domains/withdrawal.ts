/** The entry that takes the place of one that does not count. */
import type { Entry, Stamp } from '../log/entry.js';

/** Returns an entry that does nothing, in the place of another one: the next one of the session counts all the same. */
export function withdrawalOf({ session, via, n, atMs, seen, base }: Stamp): Entry & { readonly kind: 'withdrawn' } {
  return { kind: 'withdrawn', session, ...(via !== undefined && { via }), n, atMs, seen, base };
}
