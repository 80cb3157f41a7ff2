import { expect, test } from 'vitest';
import { exportStore, importStore } from '../../src/store/archive.js';
import { StoredAccounts } from '../../src/store/stored-accounts.js';
import { accountOf, describeBook } from '../accounts/book.js';
import { openFile, openStore, storeOfVersion } from '../support/stores.js';
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
