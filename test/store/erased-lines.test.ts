import { describe, expect, test } from 'vitest';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import { StoredAccounts } from '../../src/store/stored-accounts.js';
import { accountOf } from '../accounts/book.js';
import { saidAt } from '../support/history-lines.js';
import { openRemote, serveStore } from '../support/served-store.js';
import { openFile, openStore, settled } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeErasedLines, type ErasingStore } from './erased-lines.js';

/** Opens a store in a file. @param isServed - whether the lines are of a process that the store is served to */
async function open(isServed: boolean): Promise<ErasingStore> {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const logs = await SqliteLog.open(store, { isServed });
  if (isServed) await serveStore(folder, store);
  const file = await openFile(folder);
  return {
    store,
    other: isServed ? await openRemote(folder) : store,
    logs,
    content: () => {
      const tables = ['SELECT * FROM line', 'SELECT CAST(body AS TEXT) FROM pack', 'SELECT name FROM log'];
      return Promise.resolve(JSON.stringify(tables.map((sql) => file.prepare(sql).all())));
    },
  };
}

describe('in a file', () => {
  describeErasedLines(() => open(false));
});

describe('that is served to another process', () => {
  describeErasedLines(() => open(true));
});

test('an account that was erased before the store was opened again is known', async () => {
  const folder = temporaryFolder();
  const first = await openStore({ folder });
  const accounts = new StoredAccounts(first);
  await accounts.add(accountOf('Ann'), 10);
  await accounts.erase('ann');
  await first.close();
  const store = await openStore({ folder });
  store.write({ kind: 'line', shelf: 'r:#a', line: { ...saidAt(1), account: 'Ann', text: 'a secret word' } });
  await settled(store);
  expect((await openFile(folder)).prepare('SELECT kind, account, text FROM line').all()).toEqual([
    { kind: 0, account: null, text: '' },
  ]);
});

test('an erasure that is not written marks nobody', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  await new StoredAccounts(store).add(accountOf('Ann'), 10);
  const file = await openFile(folder);
  file.exec("CREATE TRIGGER never BEFORE DELETE ON account BEGIN SELECT RAISE(ABORT, 'never'); END");
  await expect(new StoredAccounts(store).erase('ann')).rejects.toThrow(/never/);
  store.write({ kind: 'line', shelf: 'r:#a', line: { ...saidAt(1), account: 'Ann', text: 'a word' } });
  await settled(store);
  expect(file.prepare('SELECT account, text FROM line').all()).toEqual([{ account: 'Ann', text: 'a word' }]);
});
