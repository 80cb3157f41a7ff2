/** Logs in PostgreSQL, for one server or for several. */
import { RemoteLog, type RemoteLogOptions } from '../../log/remote-log.js';
import { startLogs } from '../start-logs.js';
import { databaseError } from './database-error.js';
import { PostgresLink } from './link.js';
import { migrate } from './migrations.js';
import { PostgresBroker, type PostgresBrokerOptions } from './postgres-broker.js';

const MIGRATION_TIMEOUT_MS = 600_000;

/** The choices of a {@link PostgresLog}. */
export interface PostgresLogOptions extends PostgresBrokerOptions, RemoteLogOptions {
  /** How long its connections may take when it is opened, in milliseconds. @defaultValue 15000 */
  readonly startMs?: number;
}

/** The logs of one database: an append is answered when the database has committed it. */
export class PostgresLog extends RemoteLog {
  /**
   * Opens the logs of a database, and makes their tables if they are not there.
   *
   * @throws StoreError: ERR_STORE_CONNECTION if it cannot be reached, ERR_STORE_VERSION if a later version has made the
   * tables, ERR_STORE_ENGINE if its encoding is not UTF8, ERR_STORE_FAILED for other errors of the database
   */
  static async open(options: PostgresLogOptions): Promise<PostgresLog> {
    await prepareDatabase(options.url);
    const broker = new PostgresBroker(options);
    const log = new PostgresLog(broker, options);
    await startLogs(log, () => broker.problem, options.startMs);
    return log;
  }
}

/** Connects once, and brings the tables to the last version. @throws StoreError */
export async function prepareDatabase(url: string): Promise<void> {
  const link = new PostgresLink({ url, timeoutMs: MIGRATION_TIMEOUT_MS, prepare: migrate });
  try {
    await link.connect();
  } catch (error) {
    throw databaseError(error);
  } finally {
    link.close();
  }
}
