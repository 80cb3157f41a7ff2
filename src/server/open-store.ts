/** Opens the store that a configuration names, whichever database that is in. */
import { performance } from 'node:perf_hooks';
import type { StoredBan } from '../store/ban-writes.js';
import type { LastLine } from '../store/line-reads.js';
import type { StoredMember } from '../store/member-reads.js';
import type { MigrationProgress } from '../store/migrations.js';
import { SqliteLog } from '../store/sqlite-log.js';
import { Store } from '../store/store.js';
import type { StoreAccess, StoreLogs } from '../store/store-access.js';
import { type Failure, StoreError } from '../store/store-error.js';
import type { Write } from '../store/tasks.js';
import type {
  ControlStoreConfig,
  PostgresStoreConfig,
  SqliteStoreConfig,
  StoreConfig,
} from './config/server-config.js';
import { controlReports } from './control-reports.js';
import { storeVersionOf } from './hand-over/store-version.js';
import type { Log } from './log.js';
import { recordedEnds } from './recorded-ends.js';

/** A store with its logs. */
export interface OpenedStore {
  readonly store: StoreAccess;
  readonly logs: StoreLogs;
}

/** A store that is open, with everything that is read from it before anybody arrives. */
export interface StoreOpening extends OpenedStore {
  readonly bans: readonly StoredBan[];
  readonly members: readonly StoredMember[];
  /** The accounts that have been erased while no server ran. */
  readonly erased: readonly string[];
  /** The last line of each log. */
  readonly lastLines: readonly LastLine[];
}

/**
 * Opens a store.
 *
 * @param isOthers - whether another node is to write the lines of a shelf; null if no nodes share it
 * @throws StoreError
 */
export function openStore(
  config: StoreConfig,
  log: Log,
  isOthers: ((shelf: string) => boolean) | null,
): Promise<OpenedStore> {
  switch (config.kind) {
    case 'sqlite':
      return openSqlite(config, log);
    case 'postgres':
      return openPostgres(config, log, isOthers);
    case 'control':
      return openRemote(config, log, isOthers);
  }
}

/** A store in a file, which this process has for itself, or for those that it serves it to. */
export interface OpenedSqlite extends OpenedStore {
  readonly store: Store;
  readonly logs: SqliteLog;
}

/**
 * Opens a store in a file.
 *
 * @param isServed - whether other processes use it through this one
 * @throws StoreError
 */
export async function openSqlite(config: SqliteStoreConfig, log: Log, isServed = false): Promise<OpenedSqlite> {
  const options = { ...config, folder: config.path, ...observers(log), migrating: migrations(log) };
  const store = await Store.open(options, ({ code, message }) => {
    log.error('the store is lost: rooms take nothing until a restart', { code, message });
  });
  try {
    return { store, logs: await SqliteLog.open(store, { isServed, onTrouble: (failure) => report(failure, log) }) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** How long nodes put back what a database may have lost before they append, in milliseconds after its start. */
const SETTLE_MS = 2_000;

/** The most logs that one record of the server's log names. */
const MAX_NAMED = 20;

async function openPostgres(
  { url, logs }: PostgresStoreConfig,
  log: Log,
  isOthers: ((shelf: string) => boolean) | null,
): Promise<OpenedStore> {
  // A server that keeps nothing in PostgreSQL loads nothing of it.
  const { openPostgres: open, openPostgresStore } = await import('../store/postgres/open.js');
  const onTrouble = (why: Error | null): void => {
    report(why === null ? null : { code: codeOf(why), message: why.message }, log);
  };
  const isShared = isOthers !== null;
  const options = { url, isShared, ...(isShared && { isOthers }), ...observers(log) };
  const ofLogs = { onTrouble, settleMs: isShared ? SETTLE_MS : 0 };
  if (logs === null) return open({ ...options, ...ofLogs });
  const { openRedis } = await import('../store/redis/open.js');
  const store = await openPostgresStore(options);
  const recorded = await recordedEnds(store).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const { durability, behind, ...opened } = await openRedis(store, { ...logs, ...ofLogs, isShared, recorded });
  if (behind.length > 0) {
    const details = { count: behind.length, logs: behind.slice(0, MAX_NAMED) };
    log.error('the logs in Redis have lost what the history has', details);
  }
  if (durability === 'always') log.info('the logs are in Redis', { durability });
  else log.warn('the logs are in Redis, which can lose what it has acknowledged', { durability });
  return opened;
}

async function openRemote(
  config: ControlStoreConfig,
  log: Log,
  isOthers: ((shelf: string) => boolean) | null,
): Promise<OpenedStore> {
  const [{ RemoteStore }, { RemoteLogs }, { dialService }, { LOG_FILE, STORE_FILE }] = await Promise.all([
    import('../store/remote/remote-store.js'),
    import('../store/remote/remote-logs.js'),
    import('../control/dial.js'),
    import('../control/service-socket.js'),
  ]);
  const dial = dialService(config.path, STORE_FILE);
  const form = (await storeVersionOf(config)) ?? '';
  const store = await RemoteStore.open({ dial, form, ...(isOthers && { isOthers }), ...observers(log) });
  const onReach = controlReports(log);
  try {
    return { store, logs: await RemoteLogs.open(store, { dial: dialService(config.path, LOG_FILE), onReach }) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function codeOf(why: Error): Failure['code'] {
  return why instanceof StoreError ? why.code : 'ERR_STORE_CONNECTION';
}

/** The observers of a store that is late, and of the writes that it refuses. */
function observers(log: Log): {
  readonly pace: { late(ms: number): void; caughtUp(ms: number): void };
  readonly refused: (kind: Write['kind'], failure: Failure) => void;
} {
  return {
    pace: {
      late: (ms) => {
        log.warn('the store is late: rooms wait', { ms: Math.round(ms) });
      },
      caughtUp: (ms) => {
        log.warn('the store has answered', { ms: Math.round(ms) });
      },
    },
    refused: refusals(log),
  };
}

function report(failure: Failure | null, log: Log): void {
  if (failure === null) log.warn('the store takes writes again', {});
  else log.error('the store takes no writes: rooms wait', { code: failure.code, message: failure.message });
}

/** How often a migration that takes long is reported, in milliseconds. */
const MIGRATION_REPORT_MS = 5_000;

/** Reports how far the store of an earlier version is. */
function migrations(log: Log): (progress: MigrationProgress) => void {
  let nextMs = 0;
  return ({ version, done, total }) => {
    const now = performance.now();
    if (now < nextMs && done < total) return;
    nextMs = now + MIGRATION_REPORT_MS;
    log.warn('the store is being brought to a later version', { version, done, total });
  };
}

/** The most reasons that are told apart. */
const MAX_REASONS = 100;

/** Reports that a write is given up, once for each kind of writes and each reason. */
function refusals(log: Log): (kind: string, failure: Failure) => void {
  const known = new Set<string>();
  return (kind, { code, message }) => {
    const reason = `${kind} ${message}`;
    if (known.has(reason) || known.size >= MAX_REASONS) return;
    known.add(reason);
    log.error('the store does not take a write: it is given up', { write: kind, code, message });
  };
}
