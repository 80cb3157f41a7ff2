import { SqliteLog } from '../../src/store/sqlite-log.js';
import { describeSharedLog } from '../log/contract.js';
import { openStore, settled } from '../support/stores.js';

describeSharedLog('SqliteLog', async (maxEntries) => {
  let nowMs = 0;
  const store = await openStore();
  const log = await SqliteLog.open(store, { maxEntries, now: () => nowMs });
  return {
    log,
    another: () => log,
    settle: () => settled(store),
    pass: (ms) => {
      nowMs += ms;
    },
  };
});
