import { expect, test, vi } from 'vitest';
import { exportStore, importStore } from '../../src/store/archive.js';
import { StoredAccounts } from '../../src/store/stored-accounts.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { accountOf, describeBook } from '../accounts/book.js';
import { saidAt } from '../support/history-lines.js';
import { openFile, openStore, settled, storeOfVersion } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';

describeBook('a store', async () => new StoredAccounts(await openStore()));

test('accounts are there after the store was closed, and in what is exported and imported', async () => {
  const folder = temporaryFolder();
  const ann = accountOf('Ann', { confirmation: { codeHash: 'cd'.repeat(32), expiresMs: 5 }, settings: { a: 'b' } });
  const first = await openStore({ folder });
  await new StoredAccounts(first).add(ann, 10);
  await first.close();
  expect(await new StoredAccounts(await openStore({ folder })).find('ann')).toEqual(ann);
  let lines = '';
  await exportStore(folder, (part) => {
    lines += part;
    return Promise.resolve();
  });
  const copy = temporaryFolder();
  await importStore(
    copy,
    (async function* () {
      yield await Promise.resolve(lines);
    })(),
  );
  expect(await new StoredAccounts(await openStore({ folder: copy })).find('ann')).toEqual(ann);
});

test('a store of the version before has no accounts, and takes some', async () => {
  const folder = await storeOfVersion(4, "INSERT INTO marker(owner, target, at_ms) VALUES('ann', '#a', 1)");
  const accounts = new StoredAccounts(await openStore({ folder }));
  expect(await accounts.find('ann')).toBeNull();
  expect(await accounts.add(accountOf('ann'), 10)).toBe('added');
  expect(await accounts.find('ann')).toEqual(accountOf('ann'));
});

test('erasing an account removes every row that is its own', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const accounts = new StoredAccounts(store);
  const confirmation = { codeHash: 'cd'.repeat(32), expiresMs: 5 };
  await accounts.add(accountOf('ann', { confirmation }), 10);
  await accounts.add(accountOf('bob', { confirmation }), 10);
  const file = await openFile(folder);
  file.exec("INSERT INTO marker(owner, target, at_ms) VALUES('ann', '#a', 1), ('bob', '#a', 1)");
  await accounts.erase('ann');
  for (const table of ['account', 'credential', 'token', 'marker']) {
    expect(file.prepare(`SELECT count(*) AS rows FROM ${table}`).get(), table).toEqual({ rows: 1 });
  }
});

test('what an account has said is erased in small writes, between which others are written', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const [accounts, history] = [new StoredAccounts(store), new StoredHistory(store)];
  await accounts.add(accountOf('Ann'), 10);
  for (let seq = 0; seq < 450; seq += 1) {
    const line = { ...saidAt(seq), account: seq % 3 === 0 ? 'bob' : 'Ann' };
    history.record('r:#a', line);
    history.record('a:ann', { ...line, account: 'bob', peer: 'bob' });
  }
  await settled(store);
  const write = vi.spyOn(store, 'write');
  const erased = accounts.erase('ann');
  await new Promise(setImmediate);
  const over: string[] = [];
  store.write({ kind: 'forget', node: 'x' }, { written: () => over.push('other'), failed: () => over.push('failed') });
  // Said while the lines before it are erased.
  history.record('r:#a', { ...saidAt(500), account: 'Ann' });
  expect(await erased.then(() => over.push('erased'))).toBe(2);
  expect(over).toEqual(['other', 'erased']);
  const portions = write.mock.calls.flatMap(([one]) => (one.kind === 'lines-erase' ? [one.ids.length] : []));
  expect(portions.slice(0, 3)).toEqual([100, 100, 100]);
  expect(write.mock.calls.filter(([one]) => one.kind === 'lines-drop')).toHaveLength(4);
  const file = await openFile(folder);
  const rows = file.prepare('SELECT account, count(*) AS rows FROM line GROUP BY account ORDER BY account').all();
  expect(rows).toEqual([
    { account: null, rows: 301 },
    { account: 'bob', rows: 150 },
  ]);
});
