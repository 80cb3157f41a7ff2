/** Stores of one test. */
import { onTestFinished } from 'vitest';
import { Store, type StoreOptions } from '../../src/store/store.js';
import type { Failure } from '../../src/store/store-error.js';
import { temporaryFolder } from './temporary.js';

/** Opens a store that is closed when the test is over. @param options - by default it has a folder of its own */
export async function openStore(
  options: Partial<StoreOptions> = {},
  lost: (failure: Failure) => void = () => undefined,
): Promise<Store> {
  const store = await Store.open({ folder: options.folder ?? temporaryFolder(), ...options }, lost);
  onTestFinished(() => store.close());
  return store;
}

/** Waits until nothing is under way in a store, and nothing follows from what has been. */
export async function settled(store: Store): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (store.isBusy);
}
