/** Logs of a control process that none of its workers uses. */
import { onTestFinished } from 'vitest';
import { dialService } from '../../../src/control/dial.js';
import { LOG_FILE } from '../../../src/control/service-socket.js';
import { integerOf, textOf } from '../../../src/store/columns.js';
import { RemoteLogs } from '../../../src/store/remote/remote-logs.js';
import { SqliteLog } from '../../../src/store/sqlite-log.js';
import { openRemote, serveLog, serveStore } from '../../support/served-store.js';
import { openFile, openStore } from '../../support/stores.js';
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
      await Promise.all(
        names.map((name) => {
          return new Promise<unknown>((written, failed) => {
            store.write({ kind: 'trim', log: name, before }, { written, failed });
          });
        }),
      );
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
