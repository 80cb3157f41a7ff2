/** Logs in PostgreSQL, for one server or for several. */
import { RemoteLog, type RemoteLogOptions } from '../../log/remote-log.js';
import { failureOf, StoreError } from '../store-error.js';
import { PostgresLink } from './link.js';
import { migrate } from './migrations.js';
import { PostgresBroker, type PostgresBrokerOptions } from './postgres-broker.js';

const MIGRATION_TIMEOUT_MS = 600_000;

/** The choices of a {@link PostgresLog}. */
export interface PostgresLogOptions extends PostgresBrokerOptions, RemoteLogOptions {}

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
    const log = new PostgresLog(new PostgresBroker(options), options);
    await log.whenUp();
    return log;
  }
}

/** Connects once, and brings the tables to the last version. @throws StoreError */
export async function prepareDatabase(url: string): Promise<void> {
  const link = new PostgresLink({ url, timeoutMs: MIGRATION_TIMEOUT_MS, prepare: migrate });
  try {
    await link.connect();
  } catch (error) {
    throw startError(error);
  } finally {
    link.close();
  }
}

/** SQLSTATE classes: https://www.postgresql.org/docs/15/errcodes-appendix.html */
const REFUSES_CONNECTION = /^(?:08|28|3D|53300|57P)/;

function startError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { message } = failureOf(error);
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  // An error of the database has an SQLSTATE of five characters, one of the network has a name such as ECONNREFUSED.
  const isOfDatabase = typeof code === 'string' && /^[\dA-Z]{5}$/.test(code) && !REFUSES_CONNECTION.test(code);
  const kind = isOfDatabase ? 'ERR_STORE_FAILED' : 'ERR_STORE_CONNECTION';
  return new StoreError(kind, `PostgreSQL: ${message}`, { cause: error });
}
