/** Waits for logs when a server starts. */
import type { RemoteLog } from '../log/remote-log.js';
import type { StoreError } from './store-error.js';

/** How long the connections of logs may take at a start, in milliseconds. */
const START_MS = 15_000;

/**
 * Waits until logs can be reached; otherwise closes them. A database that has no room for all connections would keep a
 * start waiting for ever.
 *
 * @param problem - returns why they cannot be reached
 * @throws StoreError: ERR_STORE_CONNECTION, or the error of the last attempt
 */
export async function startLogs(log: RemoteLog, problem: () => StoreError, deadlineMs = START_MS): Promise<void> {
  const timer = setTimeout(() => {
    log.close();
  }, deadlineMs);
  await log.whenUp();
  clearTimeout(timer);
  if (!log.isUp) throw problem();
}
