/** Opens the logs that a store has in Redis. */
import type { LogName } from '../../log/entry.js';
import type { StoreAccess, StoreLogs } from '../store-access.js';
import type { RedisDurability } from './durability.js';
import { RedisLogs, type RedisLogsOptions } from './redis-logs.js';
import { StoreWithRedis } from './store-with-redis.js';

/** The choices. */
export interface OpenRedisOptions extends RedisLogsOptions {
  /** Whether the server may be one that loses what it has acknowledged. */
  readonly allowLoss: boolean;
}

/** The opened parts. */
export interface OpenedRedis {
  readonly store: StoreAccess;
  readonly logs: StoreLogs;
  readonly durability: RedisDurability;
  /** The logs that had lost packs which are recorded elsewhere. */
  readonly behind: readonly LogName[];
}

/**
 * Opens the logs of a store. If that fails, the store is closed.
 *
 * @throws StoreError: ERR_STORE_CONNECTION, ERR_STORE_DURABILITY, ERR_STORE_VERSION, ERR_STORE_ENGINE, ERR_STORE_FAILED
 */
export async function openRedis(store: StoreAccess, options: OpenRedisOptions): Promise<OpenedRedis> {
  try {
    const logs = await RedisLogs.open({ ...options, shelves: store });
    const { durability, behind } = logs;
    return { store: new StoreWithRedis(store, logs), logs, durability, behind };
  } catch (error) {
    await store.close();
    throw error;
  }
}
