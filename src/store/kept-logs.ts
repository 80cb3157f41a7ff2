/** The parts that a store has of logs whose packs are elsewhere. */
import { isLogName } from '../log/log-name.js';
import type { LogEnds } from './log-reads.js';
import type { StoreAccess, StoreLogs } from './store-access.js';

/** The logs of a store when it is opened. */
export interface KeptLogs {
  /** Null if others append to the logs, too: an end would be known only for a moment. */
  readonly ends: readonly LogEnds[] | null;
  readonly states: StoreLogs['states'];
}

/** Reads the ends of a store's logs, unless others append to them, and their kept states. @throws StoreError */
export async function readKeptLogs(store: StoreAccess, isShared: boolean): Promise<KeptLogs> {
  const ends = isShared ? null : await store.read('ends', null);
  const states = await store.read('states', null);
  return { ends, states: states.flatMap(({ log, ...state }) => (isLogName(log) ? [{ log, ...state }] : [])) };
}
