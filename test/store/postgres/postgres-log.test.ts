import { inspect } from 'node:util';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { encodePack } from '../../../src/log/codec.js';
import { MIGRATIONS } from '../../../src/store/postgres/migrations.js';
import { PostgresLog, prepareDatabase } from '../../../src/store/postgres/postgres-log.js';
import { Answers, describeRemoteLog, describeSharedLog, Ear, type RemoteLogsUnderTest } from '../../log/contract.js';
import { mark } from '../../log/entries.js';
import { RemoteLogs } from '../../support/remote-logs.js';
import { checkLogOfServer } from '../server-log.js';
import { describePostgres } from './with-postgres.js';

const ROOM = 'r:#a';

test('a server that cannot be reached is reported', async () => {
  const open = PostgresLog.open({ url: 'postgres://ann:secret-word@127.0.0.1:1/chat' });
  const error: unknown = await open.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ERR_STORE_CONNECTION' });
  expect(inspect(error, { depth: 9 })).not.toContain('secret-word');
});

describePostgres((database) => {
  async function open(maxEntries: number): Promise<RemoteLogsUnderTest & { readonly log: PostgresLog }> {
    await database.admin.query('DROP SCHEMA IF EXISTS fdmux CASCADE');
    const logs = new RemoteLogs();
    const another = async () => {
      return logs.add(await PostgresLog.open({ url: database.server.url, maxEntries, onTrouble: logs.onTrouble }));
    };
    return {
      log: await another(),
      another,
      settle: () => logs.settle(),
      pass: async (ms) => {
        await database.admin.query("UPDATE fdmux.lease SET until = until - $1 * interval '1 millisecond'", [ms]);
      },
      loseEnd: async (name, top) => {
        await database.admin.query('DELETE FROM fdmux.pack USING fdmux.log WHERE log = id AND name = $1 AND seq > $2', [
          name,
          top,
        ]);
        await database.admin.query(
          `UPDATE fdmux.log SET top = $2, mark = coalesce(
            (SELECT mark FROM fdmux.pack WHERE log = id AND seq = $2), '') WHERE name = $1`,
          [name, top],
        );
      },
      cut: () =>
        logs.cut(async () => {
          await database.admin.query(
            'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL',
          );
        }),
    };
  }

  describeSharedLog('PostgresLog', open, 1);
  describeRemoteLog('PostgresLog', open, true);
  checkLogOfServer(open, {
    crash: async () => {
      await database.admin.end();
      await database.server.crash();
    },
    restart: async () => {
      await database.server.start();
      await database.connect();
    },
    fill: async () => {
      for (const table of ['trial', 'pack']) {
        await database.admin.query(`ALTER TABLE fdmux.${table} ADD CONSTRAINT full_disk CHECK (false) NOT VALID`);
      }
    },
    relieve: async () => {
      for (const table of ['pack', 'trial']) {
        await database.admin.query(`ALTER TABLE fdmux.${table} DROP CONSTRAINT full_disk`);
      }
    },
  });

  test('an append that the database undoes in favour of another statement is repeated', async () => {
    const logs = await open(100_000);
    const { log } = logs;
    const [ear, answers] = [new Ear(), new Answers()];
    log.follow(ROOM, 0, ear);
    await logs.settle();
    await database.admin.query(`CREATE SEQUENCE fdmux.inserted;
      CREATE FUNCTION fdmux.refuse_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('fdmux.inserted') = 1 THEN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER refuse_once BEFORE INSERT ON fdmux.pack FOR EACH ROW EXECUTE FUNCTION fdmux.refuse_once()`);
    log.append(ROOM, [mark('a')], answers);
    await logs.settle();
    expect(answers.got).toEqual([1]);
    expect(ear.heard).toEqual(['caught up', '1 a']);
  });

  test('other users of the database hear nothing, and what they announce is not believed', async () => {
    const logs = await open(100_000);
    const other = await logs.another();
    const ear = new Ear();
    logs.log.follow(ROOM, 0, ear);
    await logs.settle();
    await database.admin.query('CREATE ROLE stranger LOGIN');
    const stranger = new Client({ connectionString: database.server.url.replace('fdmux@', 'stranger@') });
    await stranger.connect();
    onTestFinished(() => stranger.end());
    const heard: unknown[] = [];
    stranger.on('notification', ({ payload }) => heard.push(payload));
    await stranger.query('LISTEN fdmux');
    other.append(ROOM, [mark('a')], new Answers());
    await logs.settle();
    await stranger.query('SELECT 1');
    expect(heard).toEqual([]);
    await expect(stranger.query('SELECT * FROM fdmux.fact')).rejects.toMatchObject({ code: '42501' });
    const { rows } = await database.admin.query<{ last: string }>("SELECT encode(mark, 'hex') AS last FROM fdmux.log");
    const forged = encodePack([mark('forged')]);
    const body = forged.kind === 'bytes' ? new TextDecoder().decode(forged.bytes) : '';
    const announcement = `2 ${ROOM}\n${rows[0]?.last ?? ''} ${'0'.repeat(32)}\n${body}`;
    await stranger.query("SELECT pg_notify('fdmux', $1)", [announcement]);
    other.append(ROOM, [mark('b')], new Answers());
    await logs.settle();
    expect(ear.packs).toEqual(['1 a', '2 b']);
  });

  test('tables of a later version are left alone', async () => {
    const { log } = await open(1);
    log.close();
    await database.admin.query('UPDATE fdmux.version SET number = 1000');
    await expect(PostgresLog.open({ url: database.server.url })).rejects.toMatchObject({ code: 'ERR_STORE_VERSION' });
    const { rows } = await database.admin.query('SELECT number FROM fdmux.version');
    expect(rows).toEqual([{ number: 1000 }]);
  });

  test('of several servers that start with an empty database, one makes the tables', async () => {
    const { log } = await open(1);
    log.close();
    await database.admin.query('DROP SCHEMA fdmux CASCADE');
    await Promise.all([1, 2, 3].map(() => prepareDatabase(database.server.url)));
    const { rows } = await database.admin.query('SELECT number FROM fdmux.version');
    expect(rows).toEqual([{ number: MIGRATIONS.length }]);
  });

  test('a database whose texts are not Unicode is refused', async () => {
    await database.admin.query("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    const url = database.server.url.replace(/postgres$/, 'latin');
    await expect(PostgresLog.open({ url })).rejects.toMatchObject({ code: 'ERR_STORE_ENGINE' });
  });

  test('a database without room for all connections is reported', async () => {
    const { log } = await open(1);
    log.close();
    await database.admin.query(`CREATE ROLE narrow LOGIN CONNECTION LIMIT 1; GRANT USAGE ON SCHEMA fdmux TO narrow;
      GRANT ALL ON ALL TABLES IN SCHEMA fdmux TO narrow`);
    const url = database.server.url.replace('fdmux@', 'narrow@');
    const opened = PostgresLog.open({ url, startMs: 500 });
    await expect(opened).rejects.toMatchObject({ code: 'ERR_STORE_CONNECTION', message: /too many connections/ });
  });

  test('a user that is not let in is reported without its password', async () => {
    const url = database.server.url.replace('fdmux@', 'nobody:secret-word@');
    const error: unknown = await PostgresLog.open({ url }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_STORE_CONNECTION', message: expect.stringContaining('nobody') });
    expect(inspect(error, { depth: 9 })).not.toContain('secret-word');
  });
});
