/** The SQLite of this runtime: that of Node.js, or else the package better-sqlite3. */
import { toError } from '../errors.js';
import { StoreError } from './store-error.js';

/** The values that a column of a row can hold here. */
export type Value = string | number | Uint8Array | null;

/** A statement that has been compiled. */
export interface Statement {
  run(...values: readonly Value[]): unknown;
  get(...values: readonly Value[]): object | undefined;
  all(...values: readonly Value[]): object[];
  /** The rows one by one, of which only one need be in memory. */
  iterate(...values: readonly Value[]): IterableIterator<object>;
}

/** An open database. */
export interface Connection {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** How a database is opened. */
export interface OpenOptions {
  readonly isReadOnly: boolean;
  /** How long a statement waits for another connection, in milliseconds. */
  readonly timeoutMs: number;
}

/** An SQLite. */
export interface Engine {
  readonly name: 'node:sqlite' | 'better-sqlite3';
  open(path: string, options: OpenOptions): Connection;
}

const ADVICE = 'Node.js 22.16, 24 and later have one; for others: npm install better-sqlite3';

/**
 * Finds an SQLite by trying: some versions of Node.js have none, and some have one without full-text search.
 *
 * @param candidates - the engines to try; the first that works is taken
 * @throws StoreError: ERR_STORE_ENGINE, with the fault of each of them
 */
export async function findEngine(
  candidates: readonly (() => Promise<Engine>)[] = [ofNode, ofPackage],
): Promise<Engine> {
  const problems: string[] = [];
  for (const candidate of candidates) {
    try {
      const engine = await candidate();
      tryOut(engine);
      return engine;
    } catch (error) {
      const [line = ''] = toError(error).message.split('\n');
      problems.push(line);
    }
  }
  throw new StoreError('ERR_STORE_ENGINE', `there is no SQLite for the store (${ADVICE}): ${problems.join('; ')}`);
}

async function ofNode(): Promise<Engine> {
  const { DatabaseSync } = await import('node:sqlite');
  return {
    name: 'node:sqlite',
    open: (path, { isReadOnly, timeoutMs }) => {
      const database = new DatabaseSync(path, { readOnly: isReadOnly, timeout: timeoutMs });
      return {
        exec: (sql) => {
          database.exec(sql);
        },
        prepare: (sql) => withoutRowid(database.prepare(sql)),
        close: () => {
          database.close();
        },
      };
    },
  };
}

/**
 * `run` of Node.js returns the rowid of the latest insert, and throws if that is beyond 2^53. An index for full-text
 * search has such rowids in its own tables, so any write may follow one.
 */
function withoutRowid(statement: Statement): Statement {
  return {
    run: (...values) => statement.all(...values),
    get: (...values) => statement.get(...values),
    all: (...values) => statement.all(...values),
    iterate: (...values) => statement.iterate(...values),
  };
}

async function ofPackage(): Promise<Engine> {
  // Bundlers take a package for one that may be missing only if they see that somebody handles that.
  const { default: Database } = await import('better-sqlite3').catch((error: unknown) => {
    throw toError(error);
  });
  return {
    name: 'better-sqlite3',
    open: (path, { isReadOnly, timeoutMs }) => new Database(path, { readonly: isReadOnly, timeout: timeoutMs }),
  };
}

/** Does once everything that the store needs and some builds leave out. */
function tryOut(engine: Engine): void {
  const connection = engine.open(':memory:', { isReadOnly: false, timeoutMs: 0 });
  try {
    connection.exec("CREATE VIRTUAL TABLE t USING fts5(x, content='', contentless_delete=1)");
  } catch (error) {
    throw new Error(`${engine.name} has no full-text search`, { cause: error });
  } finally {
    connection.close();
  }
}
