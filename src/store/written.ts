/** Waits for the end of a single write. */
import type { StoreAccess } from './store-access.js';
import { StoreError } from './store-error.js';
import type { Write } from './tasks.js';

/** Writes something with everything else of this turn. @returns the number that the write answers @throws StoreError */
export function written(store: Pick<StoreAccess, 'write'>, write: Write): Promise<number> {
  return new Promise((resolve, reject) => {
    store.write(write, {
      written: resolve,
      failed: ({ code, message }) => {
        reject(new StoreError(code, message));
      },
    });
  });
}
