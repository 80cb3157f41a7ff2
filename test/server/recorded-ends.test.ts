import { expect, test } from 'vitest';
import type { Shelf } from '../../src/history/line.js';
import type { LogName } from '../../src/log/entry.js';
import { logIdOf } from '../../src/server/log-id.js';
import { recordedEnds } from '../../src/server/recorded-ends.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { saidAt } from '../support/history-lines.js';
import { openStore, settled } from '../support/stores.js';

test('a history says how far it reaches in each log, whatever shelves the lines are on', async () => {
  const store = await openStore();
  const history = new StoredHistory(store);
  const record = (shelf: Shelf, log: LogName, ...seqs: readonly number[]): void => {
    for (const seq of seqs) {
      const msgid = `${logIdOf(store.facts, log)}-${seq.toString(36)}`;
      history.record(shelf, { ...saidAt(seq), msgid });
    }
  };
  record('r:#a', 'r:#a', 1, 2, 40);
  record('r:#b', 'r:#b', 7);
  record('a:ann', 'n:domain', 3, 9);
  record('a:bob', 'n:domain', 5);
  // The ids of a room of another domain, and of a process that had the store for itself, are those of other logs.
  record('r:#far', 'r:#elsewhere', 99);
  record('a:cid', 'n:a.1', 99);
  await settled(store);
  expect(await recordedEnds(store)).toEqual([
    { log: 'n:domain', top: 9 },
    { log: 'r:#a', top: 40 },
    { log: 'r:#b', top: 7 },
  ]);
});
