/** A store in PostgreSQL: accounts, lines, and everything else that outlives the process. */
import { randomBytes } from 'node:crypto';
import type { Found, SearchQuery } from '../../history/search-query.js';
import { integerOf, textOf } from '../columns.js';
import { Pace, type PaceObserver } from '../pace.js';
import { SharedWrites } from '../shared-writes.js';
import type { StoreReadings } from '../store.js';
import type { StoreAccess } from '../store-access.js';
import { StoreError } from '../store-error.js';
import type { Reads, StoreFacts, Write, Written } from '../tasks.js';
import type { RefusalObserver, WriteAnswer } from '../write-batches.js';
import { databaseError, failureOfDatabase, isDeadlock, isRefusal } from './database-error.js';
import { linesThere } from './line-parts.js';
import { searchLines } from './line-search.js';
import { PostgresLink, type Run } from './link.js';
import { SCHEMA } from './migrations.js';
import { OWNER_LOCK } from './owner-lock.js';
import { answerTo } from './readers.js';
import { writeAll } from './writers.js';

/** The choices of a {@link PostgresStore}. */
export interface PostgresStoreOptions {
  readonly url: string;
  /** Whether others that share the database may use it at the same time. @defaultValue false */
  readonly isShared?: boolean;
  /** Whether one of those writes the lines of a shelf, so that this store need not do so at once. @defaultValue no */
  readonly isOthers?: (shelf: string) => boolean;
  /** The observer of a store that is late. */
  readonly pace: PaceObserver;
  readonly refused: RefusalObserver;
}

/** How long a statement may take, in milliseconds. */
const TIMEOUT_MS = 30_000;
/**
 * The database itself gives a statement up before that: otherwise it would go on after its caller has stopped waiting.
 */
const STATEMENT_MS = 25_000;
/** A node that stops in the middle of a transaction must not keep the others waiting, in milliseconds. */
const IDLE_MS = 2_000;

/**
 * One turn's writes are one transaction; writes that arrive meanwhile are together in the next. The database has one
 * server at a time, or those that share it: any other one is refused as long as they are connected.
 */
export class PostgresStore implements StoreAccess {
  readonly #writer: PostgresLink;
  readonly #reader: PostgresLink;
  readonly #searcher: PostgresLink;
  readonly #writes: SharedWrites;
  readonly #isShared: boolean;
  #facts: StoreFacts = { run: 0, prefix: '' };
  #bytes = 0;
  #closing: Promise<void> | null = null;

  private constructor({ url, isShared = false, isOthers = () => false, pace, refused }: PostgresStoreOptions) {
    const prepare = async (run: Run): Promise<void> => {
      await run({ text: `SET search_path TO ${SCHEMA}; SET statement_timeout = ${STATEMENT_MS}` });
    };
    this.#isShared = isShared;
    this.#writes = new SharedWrites({
      pace: new Pace(pace),
      refused,
      isOthers,
      areThere: async (lines) => {
        const there = await this.#reader.use((run) => linesThere(run, lines));
        return lines.map((line) => there.has(line));
      },
      send: (batch) => this.#writeBatch(batch).catch(failureOfDatabase),
    });
    const common = { url, timeoutMs: TIMEOUT_MS };
    this.#writer = new PostgresLink({
      ...common,
      prepare: async (run) => {
        await prepare(run);
        if (isShared) await run({ text: `SET idle_in_transaction_session_timeout = ${IDLE_MS}` });
        await takeOver(run, isShared);
      },
    });
    this.#reader = new PostgresLink({ ...common, prepare });
    this.#searcher = new PostgresLink({ ...common, prepare });
  }

  /** Opens the store of a database whose tables are there. @throws StoreError */
  static async open(options: PostgresStoreOptions): Promise<PostgresStore> {
    const store = new PostgresStore(options);
    try {
      await store.#writer.connect();
      await store.#reader.connect();
      await store.#searcher.connect();
      store.#facts = await store.#writer.use(begin);
      await store.#measure();
      return store;
    } catch (error) {
      store.#closeLinks();
      throw databaseError(error);
    }
  }

  get facts(): StoreFacts {
    return this.#facts;
  }

  write(write: Write, answer?: WriteAnswer): void {
    this.#writes.write(write, answer);
  }

  hurry(): void {
    this.#writes.hurry();
  }

  read<K extends keyof Reads>(job: K, ask: Reads[K]['ask']): Promise<Reads[K]['answer']> {
    return asStore(this.#reader.use((run) => answerTo(run, job, ask)));
  }

  search(query: SearchQuery): Promise<Found> {
    return asStore(this.#searcher.use((run) => searchLines(run, query)));
  }

  /** Whether something has been asked for that is not answered yet. */
  get isBusy(): boolean {
    return this.#writes.isBusy || this.#reader.isBusy || this.#searcher.isBusy;
  }

  readings(): StoreReadings {
    void this.#measure().catch(() => undefined);
    return { bytes: this.#bytes, ...this.#writes.readings() };
  }

  /** The database knows its size; the next readings contain its answer. */
  async #measure(): Promise<void> {
    const [row = {}] = await this.#reader.query({ text: 'SELECT pg_database_size(current_database()) AS bytes' });
    this.#bytes = integerOf(row, 'bytes');
  }

  /** Writes all of a batch, without writes that the database never takes. */
  async #writeBatch(writes: readonly Write[]): Promise<readonly Written[]> {
    try {
      return await this.#writer.use((run) => writeAll(run, writes, this.#isShared));
    } catch (error) {
      // Another node writes the same, in another order; one of the two goes on.
      if (isDeadlock(error)) return this.#writeBatch(writes);
      if (!isRefusal(error)) throw error;
      if (writes.length === 1) return [{ code: 'ERR_STORE_REFUSED', message: failureOfDatabase(error).message }];
    }
    const written: Written[] = [];
    for (const write of writes) written.push(...(await this.#writeBatch([write])));
    return written;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#writes.finish();
    this.#closeLinks();
  }

  #closeLinks(): void {
    for (const link of [this.#writer, this.#reader, this.#searcher]) link.close();
  }
}

/** Claims the database for this server, or for all that share it. A lost connection gives it back. */
async function takeOver(run: Run, isShared: boolean): Promise<void> {
  // The loss of a server's machine is noticed after seconds, not hours.
  await run({ text: 'SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3' });
  const take = isShared ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock';
  const [row = {}] = await run({ text: `SELECT ${take}($1) AS is_ours`, values: [OWNER_LOCK] });
  if (Reflect.get(row, 'is_ours') === true) return;
  const others = isShared ? 'a server that is no node uses this database' : 'another server uses this database';
  throw new StoreError('ERR_STORE_IN_USE', others);
}

/** Counts an opening of the store; the first one draws the value that distinguishes it from other stores. */
async function begin(run: Run): Promise<StoreFacts> {
  const prefix = randomBytes(9).toString('hex');
  const text = "INSERT INTO fact(name, value) VALUES('prefix', $1), ('run', '0') ON CONFLICT DO NOTHING";
  await run({ text, values: [prefix] });
  await run({ text: "UPDATE fact SET value = (value::bigint + 1)::text WHERE name = 'run'" });
  const rows = await run({ text: "SELECT name, value FROM fact WHERE name IN ('prefix', 'run')" });
  const facts = new Map(rows.map((row) => [textOf(row, 'name'), textOf(row, 'value')]));
  return { run: Number(facts.get('run')), prefix: facts.get('prefix') ?? prefix };
}

async function asStore<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw databaseError(error);
  }
}
