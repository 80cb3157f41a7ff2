/** Tests that share a PostgreSQL server, which is started for them. */
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { openPostgres, type OpenPostgresOptions } from '../../../src/store/postgres/open.js';
import { prepareDatabase } from '../../../src/store/postgres/postgres-log.js';
import { within } from '../../support/deadline.js';
import { postgresProblem, type PostgresServer, startPostgres } from '../../support/postgres.js';

/** What a test opens in it. */
export type OpenedStore = Awaited<ReturnType<typeof openPostgres>>;

/** The server of some tests. Its parts are there while they run. */
export class Database {
  #server: PostgresServer | undefined;
  #admin: Client | undefined;

  get server(): PostgresServer {
    if (this.#server === undefined) throw new Error('the server has not been started');
    return this.#server;
  }

  /** A connection of the tests' own. */
  get admin(): Client {
    if (this.#admin === undefined) throw new Error('nobody is connected');
    return this.#admin;
  }

  async start(): Promise<void> {
    this.#server = await startPostgres();
    await this.connect();
  }

  /** Connects, again if the server was away. */
  async connect(): Promise<void> {
    this.#admin = await this.server.connect();
  }

  async close(): Promise<void> {
    await this.admin.end();
    await this.server.close();
  }

  /** Opens the store with its logs, until the test is over. */
  async open(options: Partial<OpenPostgresOptions> = {}): Promise<OpenedStore> {
    const { store, logs } = await openPostgres({
      url: this.server.url,
      isOthers: () => false,
      pace: { late: () => undefined, caughtUp: () => undefined },
      refused: () => undefined,
      onTrouble: () => undefined,
      ...options,
    });
    onTestFinished(async () => {
      logs.close();
      await store.close();
    });
    return { store, logs };
  }

  /** Waits until so many statements wait for a lock; after some seconds, it goes on without them. */
  async whenLocked(count: number): Promise<void> {
    const look = `DO $$ BEGIN
      FOR look IN 1..1000 LOOP
        EXIT WHEN (SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock') >= ${count};
        PERFORM pg_sleep(0.005), pg_stat_clear_snapshot();
      END LOOP;
    END $$`;
    await within(this.admin.query(look), `${count} statements that wait for a lock`);
  }

  /** Removes what servers have stored. Nobody else may be connected: a server that was killed is, for a moment. */
  async clear(): Promise<void> {
    const text = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1';
    await this.admin.query(text, ['fdmux']);
    await this.admin.query('DROP SCHEMA IF EXISTS fdmux CASCADE');
  }

  /**
   * Leaves the empty tables of a database that nodes have known for long. In another one, the first node waits two
   * seconds, in case there is something to put back.
   */
  async clearSettled(): Promise<void> {
    await this.clear();
    await prepareDatabase(this.server.url);
    await this.admin.query(`INSERT INTO fdmux.fact(name, value)
      SELECT 'serving', extract(epoch FROM pg_postmaster_start_time())::text || ' 0'`);
  }
}

/** Runs tests with a server of their own. They are skipped where none can be started. */
export function describePostgres(tests: (database: Database) => void): void {
  describe.skipIf(postgresProblem !== null)(
    `with a server (${postgresProblem ?? 'PostgreSQL'})`,
    { tags: ['needs-postgres'] },
    () => {
      const database = new Database();
      beforeAll(() => database.start());
      afterAll(() => database.close());
      tests(database);
    },
  );
}
