/** The tables of the store, version by version. */
import { integerOf } from './columns.js';
import type { Connection } from './engine.js';
import { INDEX_SCHEMA, type Indexed, indexMoreLines } from './line-index.js';
import { StoreError } from './store-error.js';
import { Tables } from './tables.js';

/** Marks the files of the store among other SQLite files: `fdmx`. */
const APPLICATION_ID = 0x66646d78;

/** A migration of many rows: each step is a transaction of its own, so that one that is cut short goes on later. */
interface LongMigration {
  /** SQL that runs first. It does nothing the second time. */
  readonly begin: string;
  /** Does the next part, and returns how far it is. */
  readonly step: (connection: Connection) => Indexed;
}

/** SQL, or SQL with more steps. */
type Migration = string | LongMigration;

/** How far a long migration is. */
export interface MigrationProgress {
  /** The version that it leads to. */
  readonly version: number;
  readonly done: number;
  readonly total: number;
}

/** How many lines are put into the index at once. */
const STEP_LINES = 5_000;

/**
 * The additions of each version to the one before. A version that has been published never changes: a change is a new
 * one.
 *
 * Version 1 has logs with their packs, and leases. `first` is the number of the first pack that is kept, `top` that of
 * the last one that there has been. A row in `trial` shows that there is room again, and is removed at once.
 *
 * Version 2 has the times of packs; the state of a log after the pack `kept_seq` (`kept`, as JSON; null for nothing);
 * bans of the server; and facts about the store: `run` is how often it has been opened, the ids of its messages depend
 * on `prefix`.
 *
 * Version 3 has lines, as people have read them, on shelves that are rows of `log`: see `Line`. `kind` is the place of
 * the kind in `LINE_KINDS`, counted from 1; 0 for one that was taken back, which keeps its place. `marker` has up to
 * when an account has read a conversation.
 *
 * Version 4 has the index of the texts of lines.
 *
 * Version 5 has accounts, with their credentials and the codes by which they are confirmed.
 *
 * Version 6 has the members that stay when the server stops (`state`, as JSON), by the sessions that they had.
 */
export const MIGRATIONS: readonly Migration[] = [
  `CREATE TABLE log(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first INTEGER NOT NULL, top INTEGER NOT NULL);
   CREATE TABLE pack(log INTEGER NOT NULL REFERENCES log, seq INTEGER NOT NULL, entries INTEGER NOT NULL,
     body BLOB NOT NULL, PRIMARY KEY(log, seq)) WITHOUT ROWID;
   CREATE TABLE lease(node TEXT PRIMARY KEY, end_ms INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE trial(body BLOB NOT NULL);`,
  `ALTER TABLE pack ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE log ADD COLUMN kept_seq INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE log ADD COLUMN kept TEXT;
   CREATE TABLE fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE ban(kind TEXT NOT NULL, mask TEXT NOT NULL, reason TEXT NOT NULL, setter TEXT NOT NULL,
     at_ms INTEGER NOT NULL, until_ms INTEGER, PRIMARY KEY(kind, mask)) WITHOUT ROWID;`,
  `CREATE TABLE line(id INTEGER PRIMARY KEY, log INTEGER NOT NULL REFERENCES log, seq INTEGER NOT NULL,
     part INTEGER NOT NULL, at_ms INTEGER NOT NULL, kind INTEGER NOT NULL, msgid TEXT NOT NULL, peer TEXT,
     source TEXT NOT NULL, account TEXT, target TEXT NOT NULL, ranks INTEGER NOT NULL, text TEXT NOT NULL, tags TEXT,
     object TEXT, bits INTEGER NOT NULL);
   CREATE UNIQUE INDEX line_msgid ON line(log, msgid);
   CREATE INDEX line_time ON line(log, at_ms);
   CREATE INDEX line_peer ON line(log, peer, at_ms) WHERE peer IS NOT NULL;
   CREATE TABLE marker(owner TEXT NOT NULL, target TEXT NOT NULL, at_ms INTEGER NOT NULL,
     PRIMARY KEY(owner, target)) WITHOUT ROWID;`,
  { begin: INDEX_SCHEMA, step: (connection) => indexMoreLines(new Tables(connection), STEP_LINES) },
  `CREATE TABLE account(id INTEGER PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE,
     created_ms INTEGER NOT NULL, email TEXT, verified INTEGER NOT NULL, settings TEXT NOT NULL, suspended_ms INTEGER);
   CREATE TABLE credential(account_id INTEGER NOT NULL REFERENCES account ON DELETE CASCADE, kind TEXT NOT NULL,
     data TEXT NOT NULL, created_ms INTEGER NOT NULL, UNIQUE(account_id, kind, data));
   CREATE UNIQUE INDEX credential_certificate ON credential(data) WHERE kind = 'certfp';
   CREATE TABLE token(id TEXT PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
     kind TEXT NOT NULL, hash BLOB NOT NULL, expires_ms INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX token_account ON token(account_id);`,
  'CREATE TABLE member(session TEXT NOT NULL UNIQUE, account TEXT NOT NULL, state TEXT NOT NULL);',
];

/**
 * Finds out whether a file is a store that this version can use, without writing to it.
 *
 * @returns its version; 0 for an empty file
 * @throws StoreError: ERR_STORE_CORRUPT if it is of another program, ERR_STORE_VERSION if a later version has made it
 */
export function versionOf(connection: Connection, lastVersion = MIGRATIONS.length): number {
  const version = pragma(connection, 'user_version');
  const row = connection.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() ?? {};
  const isEmpty = version === 0 && integerOf(row, 'tables') === 0;
  if (!isEmpty && pragma(connection, 'application_id') !== APPLICATION_ID) {
    throw new StoreError('ERR_STORE_CORRUPT', 'it is a database of another program');
  }
  if (version > lastVersion) {
    const known = `this one knows versions up to ${lastVersion}`;
    throw new StoreError('ERR_STORE_VERSION', `a later fdmux has made it: it has version ${version}, ${known}`);
  }
  return version;
}

function pragma(connection: Connection, name: string): number {
  return integerOf(connection.prepare(`PRAGMA ${name}`).get() ?? {}, name);
}

/**
 * Brings a file to the last version, each step in a transaction of its own.
 *
 * @param progress - receives each step of a long one
 * @throws as {@link versionOf}; errors of SQLite
 */
export function migrate(
  connection: Connection,
  migrations: readonly Migration[] = MIGRATIONS,
  progress: (progress: MigrationProgress) => void = () => undefined,
): void {
  for (let next = versionOf(connection, migrations.length); next < migrations.length; next += 1) {
    const migration = migrations[next] ?? '';
    const version = next + 1;
    const end = `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`;
    if (typeof migration === 'string') inTransaction(connection, () => connection.exec(`${migration};${end}`));
    else migrateSlowly(connection, migration, end, (done, total) => progress({ version, done, total }));
  }
}

function migrateSlowly(
  connection: Connection,
  { begin, step }: LongMigration,
  end: string,
  progress: (done: number, total: number) => void,
): void {
  inTransaction(connection, () => connection.exec(begin));
  let isOver = false;
  while (!isOver) {
    const { upTo, last } = inTransaction(connection, () => {
      const done = step(connection);
      if (done.upTo >= done.last) connection.exec(end);
      return done;
    });
    isOver = upTo >= last;
    if (last > 0) progress(upTo, last);
  }
}

function inTransaction<T>(connection: Connection, work: () => T): T {
  connection.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    connection.exec('COMMIT');
    return result;
  } catch (error) {
    connection.exec('ROLLBACK');
    throw error;
  }
}
