/** Logs in Redis, for several servers. */
import type { LogName } from '../../log/entry.js';
import { RemoteLog, type RemoteLogOptions } from '../../log/remote-log.js';
import type { LogTop } from '../log-tops.js';
import { startLogs } from '../start-logs.js';
import type { RedisDurability } from './durability.js';
import { RedisBroker, type RedisBrokerOptions } from './redis-broker.js';
import { redisError } from './redis-error.js';

/** The choices of a {@link RedisLog}. */
export interface RedisLogOptions extends RedisBrokerOptions, RemoteLogOptions {
  /** How long its connections may take when it is opened, in milliseconds. @defaultValue 15000 */
  readonly startMs?: number;
}

/**
 * The logs of one database of a Redis server: an append is answered when it has the durability that the server reports.
 */
export class RedisLog extends RemoteLog {
  readonly #broker: RedisBroker;

  private constructor(broker: RedisBroker, options: RemoteLogOptions) {
    super(broker, options);
    this.#broker = broker;
  }

  /**
   * Opens the logs of a server.
   *
   * @throws StoreError: ERR_STORE_CONNECTION if it cannot be reached, ERR_STORE_DURABILITY if it would lose what it
   * acknowledges and `allowLoss` is not set, ERR_STORE_VERSION if a later version has written the logs,
   * ERR_STORE_ENGINE if it is too old or a cluster, ERR_STORE_FAILED for its other errors
   */
  static async open(options: RedisLogOptions): Promise<RedisLog> {
    const broker = new RedisBroker(options);
    await broker.examine();
    const log = new RedisLog(broker, options);
    await startLogs(log, () => broker.problem, options.startMs);
    return log;
  }

  /** Gives the next packs of logs higher numbers than these. @throws StoreError */
  async skip(ends: readonly LogTop<LogName>[]): Promise<void> {
    try {
      await this.#broker.skip(ends);
    } catch (error) {
      throw redisError(error);
    }
  }

  /** The durability that the server reported when the log connected last. */
  get durability(): RedisDurability {
    return this.#broker.durability;
  }
}
