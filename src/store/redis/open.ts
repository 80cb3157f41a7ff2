/** Opens the logs that a store has in Redis. */
import type { RemoteLogOptions } from '../../log/remote-log.js';
import type { StoreAccess, StoreLogs } from '../store-access.js';
import type { RedisDurability } from './durability.js';
import { RedisLogs } from './redis-logs.js';
import { StoreWithRedis } from './store-with-redis.js';

/** The choices. */
export interface OpenRedisOptions extends RemoteLogOptions {
  readonly url: string;
  /** Whether the server may be one that loses what it has acknowledged. */
  readonly allowLoss: boolean;
}

/** The opened parts. */
export interface OpenedRedis {
  readonly store: StoreAccess;
  readonly logs: StoreLogs;
  readonly durability: RedisDurability;
}

/**
 * Opens the logs of a store. If that fails, the store is closed.
 *
 * @throws StoreError: ERR_STORE_CONNECTION, ERR_STORE_DURABILITY, ERR_STORE_VERSION, ERR_STORE_ENGINE, ERR_STORE_FAILED
 */
export async function openRedis(store: StoreAccess, options: OpenRedisOptions): Promise<OpenedRedis> {
  try {
    const logs = await RedisLogs.open(options);
    return { store: new StoreWithRedis(store, logs), logs, durability: logs.durability };
  } catch (error) {
    await store.close();
    throw error;
  }
}
