/** What earlier versions have stored, as this one finds it. */
import { expect, test } from 'vitest';
import { encodePack } from '../../src/log/codec.js';
import { migrate, MIGRATIONS } from '../../src/store/migrations.js';
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
