/** Exports of each version, and damage to stores and exports, in more ways than the daily suite has. */
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { check, exportStore } from '../../src/store/archive.js';
import { integerOf } from '../../src/store/columns.js';
import { findEngine } from '../../src/store/engine.js';
import { STORE_FILE } from '../../src/store/folder.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import { Answers } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { openFile, openStore, settled, storeOfVersion } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { exported, filled, importLines, linesOf, ROOM } from './archived.js';

test('an export is of one moment, whatever is written meanwhile', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store);
  for (let n = 1; n <= 2000; n += 1) log.append(ROOM, [mark(`${n} ${'x'.repeat(300)}`)], new Answers());
  // What a large room is like goes out before what was said in it begins to.
  log.keep(ROOM, 1, JSON.stringify('x'.repeat(300_000)));
  await settled(store);
  let text = '';
  let parts = 0;
  await exportStore(folder, async (lines) => {
    text += lines;
    parts += 1;
    log.append(ROOM, [mark('too late')], new Answers());
    await settled(store);
  });
  expect(parts).toBeGreaterThan(1);
  expect(text).not.toContain('too late');
  expect(text.match(/"table":"pack"/g)).toHaveLength(2000);
});

test.each(MIGRATIONS.map((_, index) => index + 1))(
  'an export of version %i is brought to the last one',
  async (version) => {
    const lines = await linesOf(
      await storeOfVersion(
        version,
        `INSERT INTO log(id, name, first, top) VALUES(1, '${ROOM}', 1, 1);
       INSERT INTO pack(log, seq, entries, body) VALUES(1, 1, 1, '{}')`.replace("'{}'", "x'7b7d'"),
      ),
    );
    const copy = temporaryFolder();
    await importLines(lines, copy);
    expect((await linesOf(copy))[0]).toContain(`"schema":${MIGRATIONS.length}`);
  },
);

test('an import is refused beside what another file has left', async () => {
  const [from, folder] = [temporaryFolder(), temporaryFolder()];
  const store = await openStore({ folder: from });
  (await SqliteLog.open(store)).append(ROOM, [mark('1')], new Answers());
  await settled(store);
  // Somebody has moved the file of a server that was killed, and nothing else.
  copyFileSync(join(from, `${STORE_FILE}-wal`), join(folder, `${STORE_FILE}-wal`));
  const refused = { code: 'ERR_STORE_NOT_EMPTY', message: expect.stringContaining(`${STORE_FILE}-wal`) };
  await expect(importLines(exported, folder)).rejects.toMatchObject(refused);
  expect(statSync(join(folder, `${STORE_FILE}-wal`)).size).toBeGreaterThan(0);
});

describe('a check', () => {
  test.each([
    [
      'a pack is missing',
      'DELETE FROM pack WHERE seq = 2',
      /^the log r:#a has 2 packs, and should have those from 1 to 3$/,
    ],
    [
      'a pack cannot be read',
      "UPDATE pack SET body = x'7b7d' WHERE seq = 2",
      /r:#a has a pack that cannot be read \(malformed\): 2$/,
    ],
    [
      'a row names none',
      'PRAGMA foreign_keys = OFF; UPDATE pack SET log = 9',
      /^a row of pack names one of log that is missing$/,
    ],
  ])('says that %s', async (_, damage, problem) => {
    const folder = await filled();
    (await openFile(folder)).exec(damage);
    expect((await check(folder)).problems).toContainEqual(expect.stringMatching(problem));
  });

  test.each([
    ['is damaged', (bytes: Buffer) => bytes.fill(0x5a, 4096 * 2)],
    ['is no database', () => Buffer.from('a letter '.repeat(1000))],
  ])('says that a file %s, and leaves it as it is', async (_, damage) => {
    const folder = await filled();
    const path = join(folder, STORE_FILE);
    writeFileSync(path, damage(readFileSync(path)));
    const before = readFileSync(path);
    const problems = await check(folder).then(
      (findings) => findings.problems,
      (error: unknown) => [error],
    );
    expect(problems.length).toBeGreaterThan(0);
    expect(readFileSync(path)).toEqual(before);
  });

  test('says which pages are damaged, also where SQLite stops there', async () => {
    const folder = await filled();
    const path = join(folder, STORE_FILE);
    const file = (await findEngine()).open(path, { isReadOnly: true, timeoutMs: 0 });
    const root = integerOf(
      file.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'log'").get() ?? {},
      'rootpage',
    );
    file.close();
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 4096 * (root - 1), 4096 * root);
    writeFileSync(path, bytes);
    const { problems } = await check(folder);
    expect(problems).toContainEqual(expect.stringMatching(new RegExp(`page ${root}\\b`)));
    expect(problems.every((problem) => !problem.includes('\n'))).toBe(true);
  });
});
