/** Logs in PostgreSQL that nobody uses. */
import { expect, onTestFinished, test } from 'vitest';
import { MIGRATIONS } from '../../../src/store/postgres/migrations.js';
import { prepareDatabase } from '../../../src/store/postgres/postgres-log.js';
import { saidAt } from '../../support/history-lines.js';
import { AheadClock, append, describeRemovedLogs, type RemovableLogs, UNUSED_MS } from '../removed-logs.js';
import { describePostgres, type OpenedStore } from './with-postgres.js';

describePostgres((database) => {
  async function ageRows(): Promise<void> {
    const text = "UPDATE fdmux.log SET used = used - $1 * interval '1 millisecond'";
    await database.admin.query(text, [UNUSED_MS]);
  }

  /** Waits until somebody waits for a row that a transaction has changed or locked. */
  async function somebodyWaits(): Promise<void> {
    const text = "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'";
    while ((await database.admin.query(text)).rowCount === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  const openNode = (clock = new AheadClock()): Promise<OpenedStore> => database.open({ isShared: true, clock });

  async function open(): Promise<RemovableLogs> {
    await database.clear();
    const clock = new AheadClock();
    return {
      open: async () => (await openNode(clock)).logs,
      dropPacks: async () => {
        await database.admin.query('DELETE FROM fdmux.pack');
        await database.admin.query('UPDATE fdmux.log SET first = top + 1, entries = 0');
      },
      age: async () => {
        await ageRows();
        clock.pass(UNUSED_MS);
      },
      sweep: async (by) => by.removeEmpty?.(),
      rows: async () => {
        const { rows } = await database.admin.query<{ count: number }>(
          'SELECT count(*)::integer AS count FROM fdmux.log',
        );
        return rows[0]?.count ?? expect.fail();
      },
      seesFollowers: false,
    };
  }

  describeRemovedLogs(open);

  test('after an outage, none is removed before everybody has said which are used', async () => {
    const store = await open();
    const logs = await store.open();
    expect(await logs.stateOf('r:#a')).toEqual({ seq: 0, state: null });
    await ageRows();
    await store.sweep(logs);
    expect(await store.rows()).toBe(1);
  });

  test.each<[whom: string, (node: OpenedStore) => unknown]>([
    ['somebody who asks for its state', ({ logs }) => logs.stateOf('r:#a')],
    ['somebody who follows it', ({ store }) => store.write({ kind: 'use-logs', logs: ['r:#a'] })],
    ['its lines', ({ store }) => store.write({ kind: 'line', shelf: 'r:#a', line: saidAt(71) })],
  ])('a row that is made while its log is removed begins behind the new floor: for %s', async (_whom, use) => {
    await database.clear();
    const node = await openNode();
    const { admin } = database;
    await node.logs.stateOf('r:#a');
    await ageRows();
    await admin.query("BEGIN; DELETE FROM fdmux.log; INSERT INTO fdmux.fact VALUES('floor', '70')");
    use(node);
    await somebodyWaits();
    await admin.query('COMMIT');
    const tops = async (): Promise<object[]> =>
      (await admin.query<object>('SELECT first, top, kept_seq FROM fdmux.log')).rows;
    let found = await tops();
    while (found.length === 0) found = await tops();
    expect(found).toEqual([{ first: '71', top: '70', kept_seq: '70' }]);
  });

  test('who notes the use of logs locks them in the order in which appends do', async () => {
    await database.clear();
    const { logs, store } = await openNode();
    for (const log of ['r:#a', 'r:#z'] as const) await logs.stateOf(log);
    await ageRows();
    const { admin } = database;
    // It is the first to look for a deadlock.
    await admin.query("SET deadlock_timeout = '10ms'; BEGIN");
    const lock = (log: string): Promise<unknown> =>
      admin.query('SELECT FROM fdmux.log WHERE name = $1 FOR UPDATE', [log]);
    await lock('r:#a');
    store.write({ kind: 'keep', log: 'r:#z', seq: 0, state: '{}' });
    store.write({ kind: 'use-logs', logs: ['r:#a'] });
    await somebodyWaits();
    await lock('r:#z');
    await admin.query('COMMIT; RESET deadlock_timeout');
  });

  test('the state of a log whose use was noted lately is read, and nothing is written', async () => {
    await database.clear();
    const { logs } = await openNode();
    await logs.stateOf('r:#a');
    const version = async (): Promise<unknown> => (await database.admin.query('SELECT xmin FROM fdmux.log')).rows;
    const made = await version();
    expect(await logs.stateOf('r:#a')).toEqual({ seq: 0, state: null });
    expect(await version()).toEqual(made);
    await ageRows();
    await logs.stateOf('r:#a');
    expect(await version()).not.toEqual(made);
  });

  test('none is removed while a node of an earlier version may use it', async () => {
    const store = await open();
    const logs = await store.open();
    await append(logs, 'r:#a', 'a');
    await store.dropPacks();
    await store.age();
    const endOfLease = "now() - interval '2 hours'";
    await database.admin.query(`INSERT INTO fdmux.lease(node, until) VALUES('old.1', ${endOfLease})`);
    await store.sweep(logs);
    expect(await store.rows()).toBe(1);
    await logs.lease('old.1', 1_000);
    await store.sweep(logs);
    expect(await store.rows()).toBe(0);
  });

  test('a node of an earlier version goes on while the tables are brought to this one', async () => {
    await database.clear();
    const { admin } = database;
    await admin.query(`CREATE SCHEMA fdmux; SET search_path TO fdmux; CREATE TABLE version(number integer NOT NULL);
      INSERT INTO version VALUES(3)`);
    for (const sql of MIGRATIONS.slice(0, 3)) await admin.query(sql);
    await admin.query("INSERT INTO fact VALUES('channel', 'hints')");
    const old = await database.server.connect();
    onTestFinished(() => old.end());
    await old.query('SET search_path TO fdmux');
    const append = async (log: string): Promise<number> => {
      const values = [[log], [1], [2], Buffer.from('[]'), [1], [1], 1_000];
      const text = 'SELECT seq FROM append($1, $2, $3, $4, $5, $6, $7)';
      const { rows } = await old.query<{ seq: string }>({ name: 'append', text, values });
      return Number(rows[0]?.seq);
    };
    // The database keeps the plan of a statement that has run more than five times.
    const before = [];
    for (let n = 1; n <= 8; n += 1) before.push(await append('r:#a'));
    await prepareDatabase(database.server.url);
    expect([...before, await append('r:#a'), await append('r:#b')]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 1]);
    await admin.query("INSERT INTO fact VALUES('floor', '70')");
    expect(await append('r:#c')).toBe(71);
    await admin.query('RESET search_path');
  });
});
