/** Stores that are checked, written out as text, and made of text. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AccountRecord } from '../../src/accounts/account-book.js';
import type { Line } from '../../src/history/line.js';
import type { Entry } from '../../src/log/entry.js';
import { check, eraseAccount } from '../../src/store/archive.js';
import { STORE_FILE } from '../../src/store/folder.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import { StoredAccounts } from '../../src/store/stored-accounts.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { Answers } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { openFile, openStore, settled } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { exported, filled, importLines, linesOf, ROOM } from './archived.js';
import { HERE, idsOf, searched } from './searched.js';

test('what is exported and imported is exported again as it was', async () => {
  const folder = await filled();
  const file = await openFile(folder);
  file.exec("UPDATE pack SET body = x'00ff7b' WHERE seq = 2");
  const [heading = '', ...rows] = await linesOf(folder);
  expect(JSON.parse(heading)).toMatchObject({ fdmux: 'export', schema: MIGRATIONS.length });
  expect(rows.filter((line) => line.includes('"table":"pack"'))).toHaveLength(3);
  expect(rows.join('\n')).toContain('3 你好');
  expect(rows.join('\n')).toContain('"body":{"base64":"AP97"}');
  const copy = temporaryFolder();
  expect(await importLines([heading, ...rows], copy)).toBe(rows.length - 1);
  expect((await linesOf(copy)).slice(1)).toEqual(rows);
  expect(statSync(join(copy, STORE_FILE)).mode & 0o777).toBe(0o600);
});

test('a server goes on where the export of another one ends', async () => {
  const copy = temporaryFolder();
  await importLines(exported, copy);
  const store = await openStore({ folder: copy });
  const log = await SqliteLog.open(store);
  const answers = new Answers();
  log.append(ROOM, [mark('2')], answers);
  await settled(store);
  expect(answers.got).toEqual([2]);
});

describe('an import that cannot be done leaves no store', () => {
  const cases: readonly (readonly [string, RegExp, (lines: readonly string[]) => readonly string[]])[] = [
    ['a line is cut off', /^line 4: .*JSON/, (lines) => [...lines.slice(0, 3), '{"table":"log","ro']],
    ['the last line is missing', /cut off/, (lines) => lines.slice(0, -1)],
    ['a line in the middle is missing', /^line 4: 2 rows are here of 3$/, (lines) => lines.toSpliced(1, 1)],
    ['the first line is missing', /^line 1: there is no table "fact"$/, (lines) => lines.slice(1)],
    ['there is more', /^line 6: there is more after/, (lines) => [...lines, lines[1] ?? '']],
    ['a table is unknown', /^line 3: .* "x"$/, (lines) => lines.toSpliced(2, 0, '{"table":"x","row":{"a":1}}')],
    ['a column is unknown', /^line 3: .* "a"$/, (lines) => lines.toSpliced(2, 0, '{"table":"ban","row":{"a":1}}')],
    ['a row is there twice', /^line 3: UNIQUE/, (lines) => lines.toSpliced(2, 0, lines[1] ?? '')],
    ['a row names none', /^a row of pack names/, (lines) => lines.map((line) => line.replace('"log":1', '"log":9'))],
    ['it is some other text', /^line 1: /, () => ['hello', 'there']],
    ['there is nothing', /cut off/, () => []],
    ['a later version has made it', /^a later fdmux/, (lines) => lines.map((line) => line.replace(':2,', ':999,'))],
  ];

  test.each(cases)('%s', async (_, message, change) => {
    const folder = temporaryFolder();
    await expect(importLines(change(exported), folder)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_STORE_(?:IMPORT|VERSION)$/),
      message: expect.stringMatching(message),
    });
    // As if nothing had happened: the file is empty.
    expect(
      readdirSync(folder)
        .sort()
        .map((name) => [name, statSync(join(folder, name)).size]),
    ).toEqual([
      [STORE_FILE, 0],
      ['lock', 0],
    ]);
  });
});

test('lines that are imported can be searched', async () => {
  const [folder, copy] = [temporaryFolder(), temporaryFolder()];
  const before = await searched(join(folder, STORE_FILE));
  before.add({ text: 'some 说过的话' });
  before.close();
  await importLines(await linesOf(folder), copy);
  const after = await searched(join(copy, STORE_FILE));
  expect(idsOf(after.search({ terms: ['过的'] }))).toEqual(['id-0']);
  after.close();
});

test('a row may name one that follows later', async () => {
  const [heading = '', , log = '', pack = ''] = exported;
  expect(await importLines([heading, pack, log, '{"rows":2}'])).toBe(2);
});

test('an import never overwrites a store, nor one that is in use', async () => {
  const folder = await filled(1);
  const before = readFileSync(join(folder, STORE_FILE));
  await expect(importLines(exported, folder)).rejects.toMatchObject({ code: 'ERR_STORE_NOT_EMPTY' });
  expect(readFileSync(join(folder, STORE_FILE))).toEqual(before);
  await openStore({ folder });
  await expect(importLines(exported, folder)).rejects.toMatchObject({ code: 'ERR_STORE_IN_USE' });
});

test('a folder without a store cannot be read', async () => {
  const folder = temporaryFolder();
  await expect(check(folder)).rejects.toMatchObject({ code: 'ERR_STORE_FOLDER' });
  await expect(linesOf(folder)).rejects.toMatchObject({ code: 'ERR_STORE_FOLDER' });
});

describe('a check', () => {
  test('counts what a sound store has, while it is in use too', async () => {
    const folder = await filled();
    await openStore({ folder });
    const { problems, tables, version } = await check(folder);
    expect(problems).toEqual([]);
    expect(version).toBe(MIGRATIONS.length);
    expect(tables).toEqual(
      expect.arrayContaining([
        ['ban', 1],
        ['log', 1],
        ['pack', 3],
      ]),
    );
  });
});

describe('an account that is erased', () => {
  const line = (id: string, account: string | null, text: string, seq: number): Line => ({
    seq,
    part: 0,
    atMs: 1000 + seq,
    kind: 'message',
    msgid: id,
    peer: null,
    source: `${account ?? 'nobody'}!u@host`,
    account,
    target: '#a',
    ranks: 0,
    text,
    tags: [],
    object: null,
    bits: 0,
  });

  const say = (text: string): Entry => ({
    kind: 'say',
    session: 'a.1.1',
    n: 1,
    atMs: 1000,
    seen: 0,
    base: 0,
    who: null,
    ranks: 0,
    type: 'message',
    text,
    tags: [],
    isDivisible: false,
  });

  /** A store in which Ann has said something in a room, and something to Bob. @returns its folder */
  async function withAnn(): Promise<string> {
    const folder = temporaryFolder();
    const store = await openStore({ folder });
    const logs = await SqliteLog.open(store);
    const history = new StoredHistory(store);
    for (const [index, text] of ['by Ann', 'by Bob'].entries()) {
      logs.append(ROOM, [say(text)], new Answers());
      history.record(ROOM, line(`m${index}`, index === 0 ? 'Ann' : 'Bob', text, index + 1));
    }
    history.record('a:ann', line('p1', 'Ann', 'Ann in private', 1));
    history.record('a:bob', line('p1', 'Ann', 'Ann in private', 1));
    history.record('a:bob', line('p2', 'Bob', 'Bob in private', 2));
    const account: AccountRecord = {
      name: 'Ann',
      folded: 'ann',
      createdMs: 1,
      email: 'ann@mail.example',
      confirmation: null,
      suspendedMs: null,
      settings: {},
      credentials: [{ kind: 'scrypt', data: 'hash' }],
    };
    expect(await new StoredAccounts(store).add(account, 10)).toBe('added');
    await store.close();
    return folder;
  }

  test('takes along what it has said, and leaves what others have', async () => {
    const folder = await withAnn();
    expect(await eraseAccount(folder, ['nobody', 'ann'])).toBe(true);
    const text = (await linesOf(folder)).join('\n');
    expect(text).not.toMatch(/by Ann|Ann in private|Ann!|mail\.example|hash|a:ann/);
    expect(text).toContain('Bob in private');
    expect(text.match(/by Bob/g)).toHaveLength(2);
    expect((await check(folder)).problems).toEqual([]);
    const after = await searched(join(folder, STORE_FILE));
    const places = [ROOM, 'a:bob'].map((shelf) => ({ ...HERE, shelf: shelf === ROOM ? ROOM : 'a:bob' }) as const);
    expect(idsOf(after.search({ terms: ['ann'], places }))).toEqual([]);
    expect(idsOf(after.search({ terms: ['bob'], places }))).toEqual(['m1', 'p2']);
    after.close();
  });

  test('is not there any more, and a store without a file is not made', async () => {
    const folder = await withAnn();
    await eraseAccount(folder, ['ann']);
    expect(await eraseAccount(folder, ['ann'])).toBe(false);
    await expect(eraseAccount(temporaryFolder(), ['ann'])).rejects.toMatchObject({ code: 'ERR_STORE_FOLDER' });
  });

  test('stays while a server uses the store', async () => {
    const folder = await withAnn();
    await openStore({ folder });
    await expect(eraseAccount(folder, ['ann'])).rejects.toMatchObject({ code: 'ERR_STORE_IN_USE' });
  });
});
