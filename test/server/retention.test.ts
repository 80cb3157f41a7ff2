import { expect, onTestFinished, test, vi } from 'vitest';
import { Retention } from '../../src/server/retention.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import type { Store } from '../../src/store/store.js';
import { Answers } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { openFile, openStore, settled } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';

const DAY_MS = 86_400_000;

/** Appends packs that are so many days old. */
async function fill(
  store: Store,
  log: SqliteLog,
  room: 'r:#a' | 'r:#b' | 'r:#c',
  days: readonly number[],
): Promise<void> {
  for (const age of days) log.append(room, [{ ...mark(`${age}`), atMs: Date.now() - age * DAY_MS }], new Answers());
  await settled(store);
  log.keep(room, days.length, '{}');
}

test('what is too old for its log goes, slice by slice, and what is not kept at all with its state', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store);
  await fill(store, log, 'r:#a', [...Array.from({ length: 2100 }, () => 9), 8, 6, 1]);
  await fill(store, log, 'r:#b', [900, 1]);
  await fill(store, log, 'r:#c', [1, 1]);
  const days: Readonly<Record<string, number | null>> = { 'r:#a': 7, 'r:#b': null, 'r:#c': 0 };
  const retention = new Retention({
    store,
    logs: log,
    daysOf: (name) => days[name] ?? null,
    isShared: false,
    log: silent,
  });
  let prepared = 0;
  retention.start(() => {
    prepared += 1;
  });
  await settled(store);
  retention.stop();
  expect(prepared).toBe(1);
  const file = await openFile(folder);
  expect(file.prepare('SELECT name, first, top, kept FROM log ORDER BY name').all()).toEqual([
    { name: 'r:#a', first: 2102, top: 2103, kept: '{}' },
    { name: 'r:#b', first: 1, top: 2, kept: '{}' },
  ]);
  expect(file.prepare('SELECT count(*) AS packs FROM pack').get()).toEqual({ packs: 4 });
  // A name alone is not kept, and none that is new gets its numbers.
  expect(file.prepare("SELECT value FROM fact WHERE name = 'floor'").get()).toEqual({ value: '2' });
  expect((await store.read('holdings', null)).map((held) => held.log).sort()).toEqual(['r:#a', 'r:#b']);
});

test('an erased account is known for a week, and at least for an hour after a start', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const store = await openStore();
  const logs = await SqliteLog.open(store);
  const write = vi.spyOn(store, 'write');
  const known = (): number[] =>
    write.mock.calls.flatMap(([one]) => (one.kind === 'gone-drop' ? [(Date.now() - one.beforeMs) / DAY_MS] : []));
  const retention = new Retention({ store, logs, daysOf: () => null, isShared: false, log: silent });
  onTestFinished(() => {
    retention.stop();
  });
  retention.start(() => undefined);
  await settled(store);
  expect(known()).toEqual([]);
  vi.advanceTimersByTime(3_600_000);
  expect(known().map(Math.round)).toEqual([7]);
});

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
