/** Removes the rows of logs that nobody uses. */
import { emptyLogs } from './empty-logs.js';
import type { StoreAccess } from './store-access.js';
import { written } from './written.js';

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
    if (!isSteady) return;
    const inUse = new Set(followed);
    for await (const names of emptyLogs(store)) {
      const logs = names.filter((name) => !inUse.has(name));
      const count = logs.length === 0 ? 0 : await written(store, { kind: 'remove-logs', logs });
      // One that is used again at this moment stays.
      if (count === logs.length) removed(logs);
    }
  } catch {
    // The store does not answer.
  }
}
