/** A store that is asked nothing. */
import type { StoreAccess } from '../../src/store/store-access.js';

const unasked = (): Promise<never> => Promise.reject(new Error('nobody asks'));

/** Takes every write, and never answers. */
export const NO_STORE: StoreAccess = {
  facts: { run: 1, prefix: '' },
  write: () => undefined,
  read: unasked,
  search: unasked,
  isBusy: false,
  readings: () => ({ bytes: 0, queued: 0, batchesTotal: 0, lateBatchesTotal: 0, busyMsTotal: 0 }),
  close: () => Promise.resolve(),
};
