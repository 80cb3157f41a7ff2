import { expect, test } from 'vitest';
import { StoreWithRedis } from '../../../src/store/redis/store-with-redis.js';
import { StoredHistory } from '../../../src/store/stored-history.js';
import { saidAt } from '../../support/history-lines.js';
import { openStore, settled } from '../../support/stores.js';
import { temporaryFolder } from '../../support/temporary.js';

test('what was said is known to be kept, also where nothing of a log is in Redis', async () => {
  const store = await openStore({ folder: temporaryFolder() });
  const history = new StoredHistory(store);
  history.record('r:#a', saidAt(1));
  history.record('a:ann', saidAt(2));
  await settled(store);
  const inRedis = { first: 4, top: 9, hasState: true, hasLines: false };
  const both = new StoreWithRedis(store, {
    keep: () => undefined,
    retain: () => Promise.resolve(0),
    ends: () => Promise.resolve([]),
    holdings: () => Promise.resolve(['r:#a', 'r:#b'].map((log) => ({ log, ...inRedis }))),
  });
  expect(await both.read('holdings', null)).toEqual([
    { log: 'r:#a', ...inRedis, hasLines: true },
    { log: 'r:#b', ...inRedis },
    { log: 'a:ann', first: 1, top: 0, hasState: false, hasLines: true },
  ]);
});
