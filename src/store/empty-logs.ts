/** Pages through the logs of which nothing is kept. */
import type { EmptyLogs } from './log-reads.js';
import type { StoreAccess } from './store-access.js';

/** How many rows of logs a write removes at most: others wait for it, for some milliseconds. */
const REMOVED_LOGS = 200;

const NO_LOGS: EmptyLogs = { names: [], upTo: null };

/** Yields their names, of so many at a time as a write may remove. It ends early if the store does not answer. */
export async function* emptyLogs(store: Pick<StoreAccess, 'read'>): AsyncGenerator<readonly string[]> {
  let after: number | null = 0;
  while (after !== null) {
    const page: EmptyLogs = await store.read('empty-logs', { after, most: REMOVED_LOGS }).catch(() => NO_LOGS);
    yield page.names;
    after = page.upTo;
  }
}
