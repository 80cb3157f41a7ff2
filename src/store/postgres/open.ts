/** Opens everything that a server keeps in PostgreSQL. */
import type { RemoteLogOptions } from '../../log/remote-log.js';
import type { StoreAccess, StoreLogs } from '../store-access.js';
import { prepareDatabase } from './postgres-log.js';
import { PostgresLogs } from './postgres-logs.js';
import { PostgresStore, type PostgresStoreOptions } from './postgres-store.js';

/** The choices. */
export interface OpenPostgresOptions extends PostgresStoreOptions, RemoteLogOptions {}

/**
 * Opens the store of a database with its logs, and makes their tables if they are not there.
 *
 * @throws StoreError: ERR_STORE_CONNECTION, ERR_STORE_IN_USE, ERR_STORE_VERSION, ERR_STORE_ENGINE, ERR_STORE_FAILED
 */
export async function openPostgres(
  options: OpenPostgresOptions,
): Promise<{ readonly store: StoreAccess; readonly logs: StoreLogs }> {
  const store = await openPostgresStore(options);
  try {
    return { store, logs: await PostgresLogs.open(options.url, store, options) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Opens the store of a database whose logs are elsewhere. @throws StoreError: as {@link openPostgres} */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<StoreAccess> {
  await prepareDatabase(options.url);
  return PostgresStore.open(options);
}
