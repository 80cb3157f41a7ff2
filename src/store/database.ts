/** The store's file, opened and checked. */
import { existsSync } from 'node:fs';
import { textOf } from './columns.js';
import type { Connection, Engine } from './engine.js';
import { migrate, type MigrationProgress, MIGRATIONS, versionOf } from './migrations.js';
import { failureOf, StoreError } from './store-error.js';

/**
 * The crash that writes survive: `process` lets nothing that was acknowledged be lost if the process is killed; `power`
 * also if the machine loses power, at the cost of an fsync a turn.
 */
export type Durability = 'process' | 'power';

/** How a file is opened. */
export interface DatabaseOptions {
  readonly path: string;
  readonly durability: Durability;
  /** The most bytes of the file; 0 for no limit. */
  readonly maxBytes: number;
}

const PAGE_BYTES = 4096;
/** Only a backup or a check by another program can make a statement wait. */
const TIMEOUT_MS = 5_000;
/** The cache of the file, in kibibytes. */
const CACHE_KIB = 16_384;
/**
 * The writer takes a write-ahead log of this size into the file, if that has not been done before, and cuts it to this.
 */
const WAL_BYTES = 67_108_864;

/**
 * Opens the file for writing, and makes it if there is none. A damaged one is left as it is.
 *
 * @param progress - receives how far a long migration is
 * @throws StoreError
 */
export function openForWriting(
  engine: Engine,
  { path, durability, maxBytes }: DatabaseOptions,
  progress?: (progress: MigrationProgress) => void,
): Connection {
  return opening(path, () => {
    checkFile(engine, path);
    const connection = engine.open(path, { isReadOnly: false, timeoutMs: TIMEOUT_MS });
    try {
      // https://www.sqlite.org/pragma.html#pragma_synchronous: with a write-ahead log, NORMAL syncs at checkpoints only.
      const synchronous = durability === 'power' ? 'FULL' : 'NORMAL';
      connection.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA foreign_keys = ON;
        PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${CACHE_KIB}; PRAGMA secure_delete = FAST;
        PRAGMA journal_size_limit = ${WAL_BYTES}; PRAGMA wal_autocheckpoint = ${WAL_BYTES / PAGE_BYTES}`);
      if (maxBytes > 0) connection.exec(`PRAGMA max_page_count = ${Math.ceil(maxBytes / PAGE_BYTES)}`);
      migrate(connection, MIGRATIONS, progress);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  });
}

/** Opens the file for checkpoints, beside a writer. @throws StoreError */
export function openForCheckpoints(engine: Engine, path: string): Connection {
  return opening(path, () => engine.open(path, { isReadOnly: false, timeoutMs: 0 }));
}

/** Opens the file for reading, beside a writer. @throws StoreError */
export function openForReading(engine: Engine, path: string): Connection {
  return opening(path, () => {
    const connection = engine.open(path, { isReadOnly: true, timeoutMs: TIMEOUT_MS });
    connection.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    return connection;
  });
}

/**
 * Reads the whole file, if there is one, on a connection that cannot write: one that can would take the write-ahead log
 * into a damaged file when it closes.
 */
function checkFile(engine: Engine, path: string): void {
  if (!existsSync(path)) return;
  const connection = engine.open(path, { isReadOnly: true, timeoutMs: TIMEOUT_MS });
  try {
    quickCheck(connection);
    versionOf(connection);
  } finally {
    connection.close();
  }
}

/** @throws StoreError: ERR_STORE_CORRUPT with the first fault that SQLite finds */
function quickCheck(connection: Connection): void {
  const verdict = textOf(connection.prepare('PRAGMA quick_check(1)').get() ?? {}, 'quick_check');
  if (verdict !== 'ok') throw new StoreError('ERR_STORE_CORRUPT', verdict.split('\n').join(' '));
}

function opening(path: string, open: () => Connection): Connection {
  try {
    return open();
  } catch (error) {
    const { code, message } = failureOf(error);
    const advice = code === 'ERR_STORE_CORRUPT' ? '; it has been left as it is: restore a backup, or move it away' : '';
    throw new StoreError(code, `${path}: ${message}${advice}`, { cause: error });
  }
}
