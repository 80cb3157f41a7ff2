/** Removes the rows of logs that nobody uses. */
import type { EmptyLogs } from './log-reads.js';
import type { StoreAccess } from './store-access.js';
import { written } from './written.js';

/** How many rows a write removes at most: others wait for it, for some milliseconds. */
const REMOVED_LOGS = 200;

/** The use of logs here, and by others. */
export interface LogUse {
  /** Logs that are in use. */
  readonly followed: readonly string[];
  /** Whether others have had the time to note theirs. Otherwise nothing is removed. */
  readonly isSteady: boolean;
}

/**
 * Removes all rows that nobody has used for hours, of logs of which nothing is kept. It does not reject: the next time
 * finds what is left.
 *
 * @param removed - receives the names of logs that have no rows any more
 */
export async function removeUnused(
  store: Pick<StoreAccess, 'read' | 'write'>,
  { followed, isSteady }: LogUse,
  removed: (names: readonly string[]) => void = () => undefined,
): Promise<void> {
  try {
    if (followed.length > 0) await written(store, { kind: 'use-logs', logs: followed });
    const inUse = new Set(followed);
    let after: number | null = isSteady ? 0 : null;
    while (after !== null) {
      const page: EmptyLogs = await store.read('empty-logs', { after, most: REMOVED_LOGS });
      const logs = page.names.filter((name) => !inUse.has(name));
      const count: number = logs.length === 0 ? 0 : await written(store, { kind: 'remove-logs', logs });
      // One that is used again at this moment stays.
      if (count === logs.length) removed(logs);
      after = page.upTo;
    }
  } catch {
    // The store does not answer.
  }
}
