/** The form in which a process keeps its data: one that knows another form might change it, and then fail. */
import type { StoreConfig } from '../config/server-config.js';
import { dataPlace } from '../config/store-place.js';

/** The data of a process, as another one that goes on for it needs to know them. */
export interface KeptData {
  /** See {@link storeVersionOf}. */
  readonly version: string;
  /** See {@link dataPlace}. */
  readonly place: string;
}

/** @returns null for a process that keeps nothing */
export async function keptDataOf(config: StoreConfig | null): Promise<KeptData | null> {
  const version = await storeVersionOf(config);
  if (config === null || version === null) return null;
  return { version, place: dataPlace(config) };
}

/** Returns the kind of a store with the version of its tables, such as `sqlite 5`; null without a store. */
export async function storeVersionOf(config: StoreConfig | null): Promise<string | null> {
  if (config === null) return null;
  if (config.kind !== 'postgres') {
    const { MIGRATIONS } = await import('../../store/migrations.js');
    // A control process keeps its data in SQLite.
    return `sqlite ${MIGRATIONS.length}`;
  }
  const { MIGRATIONS } = await import('../../store/postgres/migrations.js');
  const version = `${config.kind} ${MIGRATIONS.length}`;
  if (config.logs === null) return version;
  const { VERSION } = await import('../../store/redis/scripts.js');
  return `${version}, redis ${VERSION}`;
}
