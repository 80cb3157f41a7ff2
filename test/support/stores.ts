/** Stores of one test. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Connection, findEngine } from '../../src/store/engine.js';
import { STORE_FILE } from '../../src/store/folder.js';
import { migrate, MIGRATIONS } from '../../src/store/migrations.js';
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

/** Waits until nothing is under way in a store, and nothing follows from earlier work. */
export async function settled(store: { readonly isBusy: boolean }): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (store.isBusy);
}

/** Opens the file of a store beside the store itself, or instead of it. It is closed when the test is over. */
export async function openFile(folder: string): Promise<Connection> {
  const connection = (await findEngine()).open(join(folder, STORE_FILE), { isReadOnly: false, timeoutMs: 5000 });
  onTestFinished(() => {
    connection.close();
  });
  return connection;
}

/**
 * Makes a store as an earlier version has made it.
 *
 * @param fill - statements that put something into its tables
 * @returns its folder
 */
export async function storeOfVersion(version: number, fill = ''): Promise<string> {
  const folder = temporaryFolder();
  const connection = await openFile(folder);
  migrate(connection, MIGRATIONS.slice(0, version));
  connection.exec(fill);
  return folder;
}
