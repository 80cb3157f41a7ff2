/** The store of a control process, which serves it to its workers. */
import type { StoreReadings } from '../admin/readings.js';
import { LOG_FILE, ServiceSocket, STORE_FILE } from '../control/service-socket.js';
import { LogService, PackBytes } from '../log/log-service.js';
import { StoreService } from '../store/remote/store-service.js';
import type { SqliteStoreConfig } from './config/server-config.js';
import { storeVersionOf } from './hand-over/store-version.js';
import type { Log } from './log.js';
import { type OpenedSqlite, openSqlite } from './open-store.js';

/** How often rows of logs that nobody uses are removed, in milliseconds. */
const REMOVAL_MS = 3_600_000;

/** It is open, and so are its two sockets. */
export class ControlStore {
  readonly #opened: OpenedSqlite;
  readonly #sockets: ServiceSocket[] = [];
  readonly #removal: NodeJS.Timeout;
  #closing: Promise<void> | null = null;

  private constructor(opened: OpenedSqlite) {
    this.#opened = opened;
    this.#removal = setInterval(() => void opened.logs.removeUnused(), REMOVAL_MS).unref();
  }

  /** @throws StoreError; as `listen` does */
  static async open(config: SqliteStoreConfig, log: Log): Promise<ControlStore> {
    const opened = new ControlStore(await openSqlite(config, log, true));
    try {
      await opened.#serve(config, log);
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  async #serve(config: SqliteStoreConfig, log: Log): Promise<void> {
    const { store, logs } = this.#opened;
    const form = (await storeVersionOf(config)) ?? '';
    const bytes = new PackBytes();
    const observer = {
      stranger: (uid: number): void => {
        log.warn('a worker of another user refused', { uid });
      },
      failed: (error: Error): void => {
        log.error('accepting failed', { error: error.message });
      },
    };
    const folder = config.path;
    this.#sockets.push(
      await ServiceSocket.open(
        { folder, file: LOG_FILE, serve: (channel) => new LogService(logs, channel, bytes) },
        observer,
      ),
      await ServiceSocket.open(
        { folder, file: STORE_FILE, serve: (channel) => new StoreService({ store, form }, channel) },
        observer,
      ),
    );
  }

  /** The state of the data. */
  get readings(): StoreReadings {
    const { store, logs } = this.#opened;
    return { ...store.readings(), isTakingWrites: logs.isTakingWrites };
  }

  /** Ends the leases of a worker of which this process knows that it is gone: nobody has to wait for their end. */
  giveUp(worker: string): void {
    const { logs } = this.#opened;
    void logs.living().then(async (nodes) => {
      for (const node of nodes ?? []) if (node.startsWith(`${worker}.`)) await logs.lease(node, 1);
    });
  }

  /** Cuts off the workers, which dial again. Idempotent. @param isReplaced - whether another process has it next */
  close(isReplaced = false): Promise<void> {
    this.#closing ??= this.#close(isReplaced);
    return this.#closing;
  }

  async #close(isReplaced: boolean): Promise<void> {
    clearInterval(this.#removal);
    await Promise.all(this.#sockets.map((socket) => socket.close(isReplaced)));
    this.#opened.logs.close();
    await this.#opened.store.close();
  }
}
