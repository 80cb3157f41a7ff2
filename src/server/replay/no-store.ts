/** The place of a store in a replay, which has none. */
import type { StoreAccess } from '../../store/store-access.js';
import { StoreError } from '../../store/store-error.js';
import type { StoreFacts, Write } from '../../store/tasks.js';
import type { WriteAnswer } from '../../store/write-batches.js';

/** Takes every write and keeps nothing. All that a store was asked has its answer in the recording. */
export class NoStore implements StoreAccess {
  readonly facts: StoreFacts;
  readonly isBusy = false;

  constructor(facts: StoreFacts) {
    this.facts = facts;
  }

  write(_: Write, answer?: WriteAnswer): void {
    answer?.written(0);
  }

  read(): Promise<never> {
    return Promise.reject(new StoreError('ERR_STORE_FAILED', 'a replay has no store'));
  }

  search(): Promise<never> {
    return this.read();
  }

  readings(): ReturnType<StoreAccess['readings']> {
    return { bytes: 0, queued: 0, batchesTotal: 0, lateBatchesTotal: 0, busyMsTotal: 0 };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
