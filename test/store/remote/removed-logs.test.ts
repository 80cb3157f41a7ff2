/** Logs of a control process that none of its workers uses. */
import { expect, onTestFinished, test } from 'vitest';
import { dialService } from '../../../src/control/dial.js';
import { LOG_FILE } from '../../../src/control/service-socket.js';
import { integerOf, textOf } from '../../../src/store/columns.js';
import { RemoteLogs } from '../../../src/store/remote/remote-logs.js';
import { SqliteLog } from '../../../src/store/sqlite-log.js';
import { written } from '../../../src/store/written.js';
import { saidAt } from '../../support/history-lines.js';
import { openRemote, serveLog, serveStore } from '../../support/served-store.js';
import { openFile, openStore, settled } from '../../support/stores.js';
import { temporaryFolder } from '../../support/temporary.js';
import { describeRemovedLogs, type RemovableLogs } from '../removed-logs.js';

async function open(): Promise<RemovableLogs> {
  const [folder, ofStore] = [temporaryFolder(), temporaryFolder()];
  const store = await openStore({ folder: ofStore });
  const log = await SqliteLog.open(store, { isServed: true });
  onTestFinished(() => log.close());
  await serveStore(folder, store);
  await serveLog(folder, log);
  const file = await openFile(ofStore);
  return {
    open: async () => {
      const logs = await RemoteLogs.open(await openRemote(folder), { dial: dialService(folder, LOG_FILE) });
      onTestFinished(() => logs.close());
      // Nothing is asked of it before it is connected.
      while ((await logs.living()) === null) await new Promise((resolve) => setImmediate(resolve));
      return logs;
    },
    dropPacks: async () => {
      const names = file
        .prepare('SELECT name FROM log')
        .all()
        .map((row) => textOf(row, 'name'));
      const before = Number.MAX_SAFE_INTEGER;
      await Promise.all(names.map((log) => written(store, { kind: 'trim', log, before })));
    },
    age: async () => {
      await log.removeUnused();
      await log.removeUnused();
    },
    sweep: () => log.removeUnused(),
    rows: () => Promise.resolve(integerOf(file.prepare('SELECT count(*) AS rows FROM log').get() ?? {}, 'rows')),
    seesFollowers: true,
  };
}

describeRemovedLogs(open);

test('a shelf of a session that has no lines any more leaves no row', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store, { isServed: true });
  onTestFinished(() => log.close());
  const file = await openFile(folder);
  const names = (): unknown[] => file.prepare('SELECT name FROM log').all();
  store.write({ kind: 'line', shelf: 's:a.1.1', line: saidAt(1) });
  await settled(store);
  await log.removeUnused();
  expect(names()).toHaveLength(1);
  store.write({ kind: 'lines-drop', shelf: 's:a.1.1', beforeMs: Number.MAX_SAFE_INTEGER });
  await settled(store);
  await log.removeUnused();
  expect(names()).toEqual([]);
});
