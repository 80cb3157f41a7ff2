import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { StoredBans } from '../../src/server/stored-bans.js';
import { type Engine, findEngine } from '../../src/store/engine.js';
import { STORE_FILE } from '../../src/store/folder.js';
import { LastingWrites } from '../../src/store/lasting-writes.js';
import { migrate, MIGRATIONS } from '../../src/store/migrations.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import type { Failure } from '../../src/store/store-error.js';
import { Tables } from '../../src/store/tables.js';
import { writeBatch } from '../../src/store/writer.js';
import { written } from '../../src/store/written.js';
import { Answers, Ear } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { openFile, openStore, settled } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';

const ROOM = 'r:#a';
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'opened',
    (error: unknown): unknown => Reflect.get(Object(error), 'code'),
  );

/** Something that happens once. */
function eventOf<T>(): { readonly happen: (value: T) => void; readonly happened: Promise<T> } {
  let happen: (value: T) => void = () => undefined;
  const happened = new Promise<T>((resolve) => {
    happen = resolve;
  });
  return { happen, happened };
}

/** Fills a folder with a store that has some packs. */
async function fill(folder: string, packs: number): Promise<void> {
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store);
  for (let n = 1; n <= packs; n += 1) log.append(ROOM, [mark(`${n} ${'x'.repeat(200)}`)], new Answers());
  await store.close();
}

describe('finding an SQLite', () => {
  test('Node.js has its own from 22.16 on, and better-sqlite3 is the one of earlier versions', async () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const hasOwn = major > 22 || (major === 22 && minor >= 16);
    expect((await findEngine()).name).toBe(hasOwn ? 'node:sqlite' : 'better-sqlite3');
  });

  test('the first that can do everything is taken', async () => {
    const engine = await findEngine();
    const poor: Engine = {
      name: 'node:sqlite',
      open: (path, options) => {
        const connection = engine.open(path, options);
        return {
          prepare: (sql) => connection.prepare(sql),
          close: () => {
            connection.close();
          },
          exec: () => {
            throw new Error('no such module: fts5');
          },
        };
      },
    };
    expect(await findEngine([() => Promise.resolve(poor), () => Promise.resolve(engine)])).toBe(engine);
  });

  test('without one, the error says what was wrong with each and what to install', async () => {
    const missing = () => Promise.reject(new Error("Cannot find package 'better-sqlite3'\nRequire stack:"));
    await expect(findEngine([missing])).rejects.toMatchObject({
      code: 'ERR_STORE_ENGINE',
      message: expect.stringMatching(/npm install better-sqlite3\): Cannot find package 'better-sqlite3'$/),
    });
  });
});

describe('opening a store', () => {
  test('what was appended is there again, and the numbers go on', async () => {
    const folder = temporaryFolder();
    await fill(folder, 3);
    const store = await openStore({ folder });
    const log = await SqliteLog.open(store);
    const ear = new Ear();
    const answers = new Answers();
    log.follow(ROOM, 1, ear);
    log.append(ROOM, [mark('4')], answers);
    await settled(store);
    expect(ear.packs.map((words) => words.slice(0, 3).trim())).toEqual(['2 2', '3 3', '4 4']);
    expect(answers.got).toEqual([4]);
  });

  test('a second one on the same folder is refused until the first is closed', async () => {
    const folder = temporaryFolder();
    const first = await openStore({ folder });
    await expect(openStore({ folder })).rejects.toMatchObject({
      code: 'ERR_STORE_IN_USE',
      message: `${folder}: another process uses this store`,
    });
    await first.close();
    await openStore({ folder });
  });

  test('a folder that cannot be made is named', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(openStore({ folder: join(file, 'data') })).rejects.toMatchObject({
      code: 'ERR_STORE_FOLDER',
      message: expect.stringContaining(`${file}/data cannot be used for the store: ENOTDIR`),
    });
  });

  test('folders are made with those that they are in, and where nobody can make one, that is said at once', async () => {
    const folder = join(temporaryFolder(), 'a', 'b', 'c');
    await openStore({ folder });
    expect(statSync(join(folder, '..')).mode & 0o777).toBe(0o700);
    await expect(openStore({ folder: '/proc/nowhere/data' })).rejects.toMatchObject({ code: 'ERR_STORE_FOLDER' });
  });

  test('a folder that is named by a way through others, or by a link, is made or found', async () => {
    const folder = temporaryFolder();
    await openStore({ folder: `${folder}/a/../b/c` });
    expect(statSync(join(folder, 'b', 'c', STORE_FILE)).isFile()).toBe(true);
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    await openStore({ folder: join(folder, 'link') });
    symlinkSync('nowhere', join(folder, 'broken'));
    for (const path of ['broken', join('broken', 'data')]) {
      await expect(openStore({ folder: join(folder, path) })).rejects.toMatchObject({
        code: 'ERR_STORE_FOLDER',
        message: expect.stringMatching(/EEXIST.*broken/),
      });
    }
  });

  test.each([
    ['cut off', (path: string) => truncateSync(path, 6000)],
    [
      'not a database',
      (path: string) => writeFileSync(path, 'a letter to my aunt, which must not be lost. '.repeat(100)),
    ],
    [
      'damaged in the middle',
      (path: string) => {
        const bytes = readFileSync(path);
        bytes.fill(0x5a, 4096 * 3, 4096 * 5);
        writeFileSync(path, bytes);
      },
    ],
  ])('a file that is %s is refused, and left as it is', async (_, damage) => {
    const folder = temporaryFolder();
    await fill(folder, 100);
    const path = join(folder, STORE_FILE);
    damage(path);
    const before = readFileSync(path);
    await expect(openStore({ folder })).rejects.toMatchObject({
      code: 'ERR_STORE_CORRUPT',
      message: expect.stringMatching(
        /^\/.*\/fdmux\.db: .*; it has been left as it is: restore a backup, or move it away$/,
      ),
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('a database of another program is refused, and left as it is', async () => {
    const folder = temporaryFolder();
    const path = join(folder, STORE_FILE);
    const other = (await findEngine()).open(path, { isReadOnly: false, timeoutMs: 0 });
    other.exec('CREATE TABLE recipe(name TEXT)');
    other.close();
    const before = readFileSync(path);
    expect(await codeOf(openStore({ folder }))).toBe('ERR_STORE_CORRUPT');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('a file of a later version is refused', async () => {
    const folder = temporaryFolder();
    await fill(folder, 1);
    const connection = (await findEngine()).open(join(folder, STORE_FILE), { isReadOnly: false, timeoutMs: 0 });
    connection.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    connection.close();
    expect(await codeOf(openStore({ folder }))).toBe('ERR_STORE_VERSION');
  });

  test('nobody else may read what is stored', async () => {
    const folder = join(temporaryFolder(), 'data');
    await fill(folder, 1);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test('a file that was put back from a backup is closed to others', async () => {
    const folder = temporaryFolder();
    await fill(folder, 1);
    const path = join(folder, STORE_FILE);
    chmodSync(path, 0o644);
    const store = await openStore({ folder });
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(statSync(`${path}-wal`).mode & 0o007).toBe(0);
    await store.close();
  });
});

describe('a store that is full', () => {
  const maxBytes = 400_000;

  test('takes nothing, says so once, is read from, and goes on when there is room', async () => {
    const folder = temporaryFolder();
    const store = await openStore({ folder, maxBytes });
    const trouble: (Failure | null)[] = [];
    const log = await SqliteLog.open(store, { onTrouble: (failure) => trouble.push(failure) });
    const ear = new Ear();
    const answers = new Answers();
    log.follow(ROOM, 0, ear);
    while (trouble.length === 0) {
      log.append(ROOM, [mark('x'.repeat(20_000))], answers);
      await settled(store);
    }
    expect(trouble).toEqual([{ code: 'ERR_STORE_FULL', message: expect.stringContaining('full') }]);
    const { length } = answers.got;
    expect(answers.got).toEqual([...Array.from({ length: length - 1 }, (_, index) => index + 1), 'unknown']);
    log.append(ROOM, [mark('one more')], answers);
    expect(answers.got.at(-1)).toBe('unknown');
    const excerpt = await log.read(ROOM, { after: 0, maxPacks: 1000 });
    expect(excerpt).toMatchObject({ first: 1, top: length - 1 });
    expect(ear.heard.at(-1)).toBe('away');

    const back = new Promise<void>((resolve) => {
      ear.back = () => {
        resolve();
      };
    });
    await shrink(store);
    await back;
    log.append(ROOM, [mark('after')], answers);
    await settled(store);
    expect(answers.got.at(-1)).toBe(length);
    expect(ear.heard.at(-1)).toBe(`${length} after`);
    expect(trouble.at(-1)).toBeNull();
  });

  /** Lets the room keep its last pack only. */
  async function shrink(store: Awaited<ReturnType<typeof openStore>>): Promise<void> {
    store.write({ kind: 'trim', log: ROOM, before: 10 });
    await settled(store);
  }
});

test('a store that is late says so, and when it has answered', async () => {
  const folder = temporaryFolder();
  const late = eventOf<number>();
  const caughtUp = eventOf<number>();
  const store = await openStore({ folder, pace: { late: late.happen, caughtUp: caughtUp.happen } });
  const answers = new Answers();
  const log = await SqliteLog.open(store);
  log.append(ROOM, [mark('in time')], answers);
  await settled(store);
  expect(store.readings()).toMatchObject({ queued: 0, batchesTotal: 1 });
  // Another program has the file, as a disk that stands still would.
  const file = await openFile(folder);
  file.exec('BEGIN IMMEDIATE');
  log.append(ROOM, [mark('late')], answers);
  expect(await late.happened).toBeGreaterThan(0);
  expect(store.readings().queued).toBe(1);
  file.exec('COMMIT');
  expect(await caughtUp.happened).toBeGreaterThan(0);
  await settled(store);
  expect(answers.got).toEqual([1, 2]);
  expect(store.readings()).toMatchObject({ queued: 0, lateBatchesTotal: 1, bytes: expect.any(Number) });
});

test('closing writes what is still to be written', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store);
  const answers = new Answers();
  for (let n = 1; n <= 50; n += 1) log.append(ROOM, [mark(String(n))], answers);
  await store.close();
  expect(answers.got).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  expect(readdirSync(folder).sort()).toEqual([STORE_FILE, 'lock']);
  expect(existsSync(join(folder, `${STORE_FILE}-wal`))).toBe(false);
});

test('what is too old goes, but not what the state of a log is made of', async () => {
  const store = await openStore();
  const log = await SqliteLog.open(store);
  const answers = new Answers();
  for (let n = 1; n <= 6; n += 1) log.append(ROOM, [{ ...mark(String(n)), atMs: n * 1000 }], answers);
  await settled(store);
  const first = async (): Promise<number | undefined> => (await log.read(ROOM, { after: 0, maxPacks: 1 }))?.first;
  const retain = (fromMs: number): Promise<number> => written(store, { kind: 'retain', log: ROOM, fromMs });
  await retain(4000);
  expect(await first()).toBe(1);
  log.keep(ROOM, 2, '{}');
  await retain(4000);
  expect(await first()).toBe(3);
  log.keep(ROOM, 6, '{}');
  await retain(4000);
  expect(await first()).toBe(4);
  await retain(99_000);
  expect(await first()).toBe(7);
  log.append(ROOM, [mark('more')], answers);
  await settled(store);
  expect(answers.got).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('what was kept of a state comes back, with the packs after it for the first follower', async () => {
  const folder = temporaryFolder();
  const before = await openStore({ folder });
  const old = await SqliteLog.open(before);
  for (const text of ['a', 'b', 'c']) old.append(ROOM, [mark(text)], new Answers());
  await settled(before);
  old.keep(ROOM, 1, '{"x":1}');
  await before.close();
  const log = await SqliteLog.open(await openStore({ folder }));
  expect(log.states).toMatchObject([{ log: ROOM, seq: 1, state: '{"x":1}' }]);
  log.keep(ROOM, 0, '{"x":0}');
  expect(await log.stateOf(ROOM)).toEqual({ seq: 1, state: '{"x":1}' });
  const ear = new Ear();
  log.follow(ROOM, 1, ear);
  expect(ear.heard).toEqual(['2 b', '3 c', 'caught up']);
});

test('a search that takes long keeps no other question waiting', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const file = await openFile(folder);
  const shelves = Array.from({ length: 17 }, (_, n) => `r:#${n}` as const);
  // Of so many rooms all lines are read, and this view has more than a test could write: it takes about a second.
  file.exec(`INSERT INTO log(name, first, top) VALUES ${shelves.map((shelf) => `('${shelf}', 1, 0)`).join()};
    DROP TABLE line;
    CREATE VIEW line AS WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number LIMIT 2000000)
      SELECT n AS id, 1 AS log, '' AS text FROM number WHERE n % 2 = 3`);
  const query = { terms: [], from: null, after: null, before: null, end: 'newest', limit: 1 } as const;
  const sight = { hasEvents: true, ranks: 0, source: '', sinceMs: 0 };
  const places = shelves.map((shelf) => ({ shelf, peer: null, sight }));
  // Its thread is started by the first search.
  await store.search({ ...query, places: [] });
  const over: string[] = [];
  const search = store.search({ ...query, places }).then(() => over.push('search'));
  await store.read('account', { folded: 'ann' }).then(() => over.push('account'));
  await search;
  expect(over).toEqual(['account', 'search']);
});

describe('a write that SQLite never takes', () => {
  /** Lets the file refuse what holds a word. */
  const POISON = `CREATE TRIGGER no_pack BEFORE INSERT ON pack WHEN instr(CAST(NEW.body AS TEXT), 'poison')
      BEGIN SELECT RAISE(ABORT, 'no poison'); END;
    CREATE TRIGGER no_ban BEFORE INSERT ON ban WHEN NEW.reason = 'poison'
      BEGIN SELECT RAISE(ABORT, 'no poison'); END`;

  test('fails alone: the others of its turn are written, and nobody waits', async () => {
    const folder = temporaryFolder();
    const refused: string[] = [];
    const trouble: (Failure | null)[] = [];
    const store = await openStore({
      folder,
      refused: (kind, { code, message }) => refused.push(`${kind} ${code} ${message}`),
    });
    (await openFile(folder)).exec(POISON);
    const log = await SqliteLog.open(store, { onTrouble: (failure) => trouble.push(failure) });
    const ear = new Ear();
    log.follow('r:#b', 0, ear);
    const answers = { a: new Answers(), b: new Answers() };
    log.append('r:#a', [mark('one')], answers.a);
    log.append('r:#b', [mark('poison')], answers.b);
    log.append('r:#b', [mark('two')], answers.b);
    await settled(store);
    expect(answers.a.got).toEqual([1]);
    expect(answers.b.got).toEqual(['invalid', 1]);
    expect(ear.heard).toEqual(['caught up', '1 two']);
    expect(refused).toEqual(['pack ERR_STORE_REFUSED no poison']);
    expect(trouble).toEqual([]);
  });

  test('is given up, and others are not', async () => {
    const folder = temporaryFolder();
    const refused: string[] = [];
    const store = await openStore({ folder, refused: (kind) => refused.push(kind) });
    (await openFile(folder)).exec(POISON);
    const writes = new LastingWrites(store);
    const ban = { kind: 'users', by: 'ann', atMs: 1, untilMs: null };
    for (const reason of ['spam', 'poison', 'noise']) {
      writes.write(reason, { kind: 'ban', ban: { ...ban, mask: reason, reason } });
    }
    await settled(store);
    expect((await store.read('bans', null)).map(({ reason }) => reason).sort()).toEqual(['noise', 'spam']);
    expect(refused).toEqual(['ban']);
    writes.close();
    await settled(store);
    expect(refused).toEqual(['ban']);
  });

  test('is not one that fails because the file takes nothing: then the whole turn fails', async () => {
    const connection = (await findEngine()).open(join(temporaryFolder(), STORE_FILE), {
      isReadOnly: false,
      timeoutMs: 0,
    });
    migrate(connection);
    connection.exec('PRAGMA query_only = ON');
    expect(() => writeBatch(new Tables(connection), [{ kind: 'trial', bytes: 1 }])).toThrow(/readonly/);
    connection.close();
  });
});

test('a ban that a full disk has not taken is stored when there is room', async () => {
  const store = await openStore({ maxBytes: 300_000 });
  const fill = {
    kind: 'pack',
    log: ROOM,
    body: new Uint8Array(10_000),
    entries: 1,
    maxEntries: 1_000,
    atMs: 1,
  } as const;
  for (let count = 0; count < 30; count += 1) {
    store.write(fill);
    await settled(store);
  }
  const writes = new LastingWrites(store);
  const bans = new StoredBans(writes, []);
  // Longer than what is left in the pages that the file has.
  const ban = {
    kind: 'users',
    mask: '*@192.0.2.7',
    reason: 'x'.repeat(30_000),
    by: 'ann',
    atMs: 1,
    untilMs: null,
  } as const;
  bans.put(ban);
  await settled(store);
  expect(await store.read('bans', null)).toEqual([]);
  store.write({ kind: 'trim', log: ROOM, before: 20 });
  await expect.poll(() => store.read('bans', null), { timeout: 10_000 }).toEqual([ban]);
  writes.close();
});
