/** How far the history of a store reaches in each log. */
import type { LogName } from '../log/entry.js';
import { isLogName, SHARED_PRIVATE_LOG } from '../log/log-name.js';
import { placeOf } from '../log/place.js';
import type { LogTop } from '../store/log-tops.js';
import type { StoreAccess } from '../store/store-access.js';
import { logIdOf } from './log-id.js';

/**
 * Returns the number of the last pack that the history has a line of, for each log of this store.
 *
 * @throws StoreError
 */
export async function recordedEnds(store: StoreAccess): Promise<readonly LogTop<LogName>[]> {
  const ends = new Map<LogName, number>();
  const prefixes = new Map<LogName, string>();
  for (const { log: shelf, msgid } of await store.read('last-lines', null)) {
    const log = shelf.startsWith('r:') && isLogName(shelf) ? shelf : SHARED_PRIVATE_LOG;
    const prefix = prefixes.get(log) ?? `${logIdOf(store.facts, log)}-`;
    prefixes.set(log, prefix);
    // Rooms of other domains, and what was said before there were nodes, have ids of other logs.
    if (msgid.startsWith(prefix)) ends.set(log, Math.max(placeOf(msgid).seq, ends.get(log) ?? 0));
  }
  return [...ends].map(([log, top]) => ({ log, top }));
}
