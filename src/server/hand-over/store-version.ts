/** The form in which a process keeps its data: one that knows another form might change it, and then fail. */
import type { StoreConfig } from '../config/server-config.js';

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
