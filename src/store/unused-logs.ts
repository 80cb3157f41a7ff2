/** Removes the rows of logs that nobody uses. */
import type { EmptyLogs } from './log-reads.js';
import type { StoreAccess } from './store-access.js';
import type { Write } from './tasks.js';

/** How many rows a write removes at most: others wait for it, for some milliseconds. */
const REMOVED_LOGS = 200;

type Rows = Pick<StoreAccess, 'read' | 'write'>;

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
  rows: Rows,
  { followed, isSteady }: LogUse,
  removed: (names: readonly string[]) => void = () => undefined,
): Promise<void> {
  if (followed.length > 0 && (await written(rows, { kind: 'use-logs', logs: followed })) === null) return;
  const inUse = new Set(followed);
  let after: number | null = isSteady ? 0 : null;
  while (after !== null) {
    const page: EmptyLogs = await rows
      .read('empty-logs', { after, most: REMOVED_LOGS })
      .catch(() => ({ names: [], upTo: null }));
    const logs = page.names.filter((name) => !inUse.has(name));
    const count: number | null = logs.length === 0 ? 0 : await written(rows, { kind: 'remove-logs', logs });
    // One that is used again at this moment stays.
    if (count === logs.length) removed(logs);
    after = count === null ? null : page.upTo;
  }
}

/** @returns the number that the write answers; null if it has failed */
function written(rows: Rows, write: Write): Promise<number | null> {
  return new Promise((resolve) => {
    const failed = (): void => {
      resolve(null);
    };
    rows.write(write, { written: resolve, failed });
  });
}
