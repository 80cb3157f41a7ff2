/** What earlier versions have stored, as this one finds it. */
import { expect, test } from 'vitest';
import { encodePack } from '../../src/log/codec.js';
import { migrate, type MigrationProgress, MIGRATIONS } from '../../src/store/migrations.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { Answers } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { openFile, openStore, settled, storeOfVersion } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';

const ROOM = 'r:#a';

/** The statement that stores a log with one pack, as version 1 did. */
function onePack(text: string): string {
  const encoded = encodePack([mark(text)]);
  if (encoded.kind !== 'bytes') throw new Error('the pack cannot be written');
  return `INSERT INTO log(id, name, first, top) VALUES(1, '${ROOM}', 1, 1);
    INSERT INTO pack(log, seq, entries, body) VALUES(1, 1, 1, x'${Buffer.from(encoded.bytes).toString('hex')}')`;
}

test.each(MIGRATIONS.slice(1).map((_, index) => index + 1))(
  'what version %i has said in a room is read, and goes on',
  async (version) => {
    const store = await openStore({ folder: await storeOfVersion(version, onePack('before')) });
    const log = await SqliteLog.open(store);
    const answers = new Answers();
    log.append(ROOM, [mark('after')], answers);
    await settled(store);
    expect(answers.got).toEqual([2]);
    expect(await log.read(ROOM, { after: 0, maxPacks: 9 })).toMatchObject({
      packs: [{ entries: [{ text: 'before' }] }, { entries: [{ text: 'after' }] }],
    });
    expect(log.states).toMatchObject([{ log: ROOM, seq: 0, state: null }]);
  },
);

test.each(MIGRATIONS.slice(1).map((_, index) => index + 1))(
  'a log of version %i that has no packs loses its row, and goes on behind its last number',
  async (version) => {
    const row = `INSERT INTO log(id, name, first, top) VALUES(1, '${ROOM}', 8, 7)`;
    const folder = await storeOfVersion(version, row);
    const before = await openStore({ folder });
    await (await SqliteLog.open(before)).removeEmpty();
    await before.close();
    const store = await openStore({ folder });
    const log = await SqliteLog.open(store);
    expect(log.names).toEqual([]);
    const answers = new Answers();
    log.append(ROOM, [mark('after')], answers);
    await settled(store);
    expect(answers.got).toEqual([8]);
  },
);

test('a file that is empty becomes a store', async () => {
  const store = await openStore({ folder: await storeOfVersion(0) });
  expect(store.facts.run).toBe(1);
});

test('a migration that fails leaves the file at the version before', async () => {
  const connection = await openFile(temporaryFolder());
  migrate(connection);
  expect(() => {
    migrate(connection, [...MIGRATIONS, 'CREATE TABLE half(a INTEGER); CREATE TABLE log(a INTEGER);']);
  }).toThrow('already exists');
  expect(connection.prepare('PRAGMA user_version').get()).toEqual({ user_version: MIGRATIONS.length });
  expect(connection.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").get()).toBeUndefined();
});

test('lines of version 3 are found by what they say', async () => {
  const columns = 'id, log, seq, part, at_ms, kind, msgid, source, target, ranks, text, bits';
  const rows = [
    [1, "'the first'"],
    [0, "''"],
    [2, "'the last'"],
    [4, "'the parting'"],
  ].map(([kind, text], index) => `(${index + 1}, 1, 1, 0, 1, ${kind}, 'x-${index}', 'ann!a@h', '#a', 0, ${text}, 0)`);
  const folder = await storeOfVersion(
    3,
    `INSERT INTO log(id, name, first, top) VALUES(1, '${ROOM}', 1, 1);
     INSERT INTO line(${columns}) VALUES ${rows.join(', ')}`,
  );
  const history = new StoredHistory(await openStore({ folder }));
  const sight = { hasEvents: true, ranks: 0, source: '', sinceMs: 0 };
  const query = { from: null, after: null, before: null, end: 'newest', limit: 9 } as const;
  const found = await history.search({ ...query, places: [{ shelf: ROOM, peer: null, sight }], terms: ['the'] });
  expect(found).toMatchObject({ hits: [{ line: { text: 'the first' } }, { line: { text: 'the last' } }] });
});

test('an index that was cut short is gone on with where it was, and nobody sees the version before it is whole', async () => {
  const columns = 'id, log, seq, part, at_ms, kind, msgid, source, target, ranks, text, bits';
  const folder = await storeOfVersion(
    3,
    `INSERT INTO log(id, name, first, top) VALUES(1, '${ROOM}', 1, 0);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 11000)
     INSERT INTO line(${columns}) SELECT i, 1, i, 0, i, CASE i % 4 WHEN 3 THEN 4 ELSE 1 END, 'x-' || i, 'ann!a@h', '#a', 0,
       'line ' || i, 0 FROM n`,
  );
  const file = await openFile(folder);
  const versionIn = (): unknown => file.prepare('PRAGMA user_version').get();
  const indexed = (): unknown => file.prepare('SELECT count(*) AS lines FROM line_text_docsize').get();
  const cut = new Error('killed');
  expect(() => {
    migrate(file, MIGRATIONS, () => {
      throw cut;
    });
  }).toThrow(cut);
  expect(versionIn()).toEqual({ user_version: 3 });
  expect(indexed()).toEqual({ lines: 5_000 });
  const steps: MigrationProgress[] = [];
  migrate(file, MIGRATIONS, (progress) => steps.push(progress));
  expect(steps).toEqual([{ version: 4, done: 11_000, total: 11_000 }]);
  expect(indexed()).toEqual({ lines: 8_250 });
  expect(versionIn()).toEqual({ user_version: MIGRATIONS.length });
});

test('a store hears how far the file of an earlier version is', async () => {
  const columns = 'log, seq, part, at_ms, kind, msgid, source, target, ranks, text, bits';
  const folder = await storeOfVersion(
    3,
    `INSERT INTO log(id, name, first, top) VALUES(1, '${ROOM}', 1, 0);
     INSERT INTO line(${columns}) VALUES(1, 1, 0, 1, 1, 'x-1', 'ann!a@h', '#a', 0, 'one', 0)`,
  );
  const steps: MigrationProgress[] = [];
  await openStore({ folder, migrating: (progress) => steps.push(progress) });
  expect(steps).toEqual([{ version: 4, done: 1, total: 1 }]);
});
