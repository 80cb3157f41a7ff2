import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { LineQuery, Page } from '../../src/history/history.js';
import type { Line } from '../../src/history/line.js';
import { DEFAULT_MEMORY_HISTORY } from '../../src/history/memory-history.js';
import { Histories } from '../../src/server/history/histories.js';
import { STORE_FILE } from '../../src/store/folder.js';
import { lineReads } from '../../src/store/line-reads.js';
import { lineWrites } from '../../src/store/line-writes.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import { StoredAccounts } from '../../src/store/stored-accounts.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { StoredMarkers } from '../../src/store/stored-markers.js';
import type { WriteAnswer } from '../../src/store/write-batches.js';
import { accountOf } from '../accounts/book.js';
import { Answers } from '../log/contract.js';
import { saidAt } from '../support/history-lines.js';
import { openStore, settled } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { recordByClocks } from './clocks.js';
import { NO_STORE } from './no-store.js';
import { searched } from './searched.js';

const ROOM = 'r:#a';

const lineOf = (seq: number, text: string): Line => ({ ...saidAt(seq), text, tags: [['react', text]] });

const sight = { hasEvents: true, ranks: 0, source: '', sinceMs: 0 };
const whole = { kind: 'between', after: null, before: null, end: 'newest' } as const;
const all: LineQuery = { shelf: ROOM, peer: null, range: whole, limit: 100, sight };

const textsOf = (page: Page): readonly string[] =>
  page.kind === 'lines' ? page.lines.map(({ text }) => text) : [page.kind];

test('lines are there again when the store is opened again, and none twice that is written twice', async () => {
  const folder = temporaryFolder();
  const first = await openStore({ folder });
  const before = new StoredHistory(first);
  before.record(ROOM, lineOf(1, 'one'));
  before.record(ROOM, lineOf(2, 'two'));
  await first.close();
  const history = new StoredHistory(await openStore({ folder }));
  history.record(ROOM, lineOf(2, 'two'));
  history.record(ROOM, lineOf(3, 'three'));
  expect(textsOf(await history.lines(all))).toEqual(['one', 'two', 'three']);
});

test('what is taken back is nowhere in the file, and pages are found from its place', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store);
  const history = new StoredHistory(store);
  const secret = 'the word that nobody should have read';
  const stamp = { session: 'a.1.1', n: 1, atMs: 5, seen: 0, base: 0 };
  const words = { type: 'message', ranks: 0, who: null, tags: [], isDivisible: true } as const;
  log.append(
    ROOM,
    [
      { kind: 'say', ...stamp, ...words, text: 'before' },
      { kind: 'say', ...stamp, n: 2, ...words, text: secret },
    ],
    new Answers(),
  );
  history.record(ROOM, lineOf(1, 'before'));
  history.record(ROOM, lineOf(2, secret));
  history.record(ROOM, lineOf(3, 'after'));
  await history.lines(all);
  history.redact({ shelves: [ROOM], msgid: 'x-2', log: ROOM, seq: 1, part: 1 });
  expect(textsOf(await history.lines(all))).toEqual(['before', 'after']);
  const range = { ...whole, before: { kind: 'id', msgid: 'x-2' } } as const;
  expect(textsOf(await history.lines({ ...all, range }))).toEqual(['before']);
  expect(await log.read(ROOM, { after: 0, maxPacks: 1 })).toMatchObject({
    packs: [{ kind: 'pack', entries: [{ text: 'before' }, { text: '', n: 2 }] }],
  });
  await store.close();
  expect(readFileSync(join(folder, STORE_FILE)).includes(secret)).toBe(false);
});

test('who registers a name finds nothing of the account that had it before', async () => {
  const store = await openStore();
  const [accounts, history, markers] = [new StoredAccounts(store), new StoredHistory(store), new StoredMarkers(store)];
  await accounts.add(accountOf('ann'), 10);
  await accounts.erase('ann');
  // What was on its way when the account was erased.
  history.record('a:ann', { ...lineOf(1, 'for the first one'), peer: 'bob' });
  await markers.mark('a:ann', '#a', 5);
  await accounts.add(accountOf('ann'), 10);
  expect(textsOf(await history.lines({ ...all, shelf: 'a:ann', peer: 'bob' }))).toEqual([]);
  expect(await markers.read('a:ann', '#a')).toEqual({ kind: 'mark', atMs: null });
});

test('a shelf that is cleared is not in the file either, but for what is put there afterwards', async () => {
  const history = new StoredHistory(await openStore());
  const both = new Histories(DEFAULT_MEMORY_HISTORY, history);
  for (const shelf of ['a:ann', 'a:bob'] as const) both.record(shelf, lineOf(1, 'before'));
  both.clear('a:ann');
  both.record('a:ann', lineOf(2, 'after'));
  expect(textsOf(await history.lines({ ...all, shelf: 'a:ann' }))).toEqual(['after']);
  expect(textsOf(await history.lines({ ...all, shelf: 'a:bob' }))).toEqual(['before']);
});

test('lines from before a time are dropped', async () => {
  const store = await openStore();
  const history = new StoredHistory(store);
  for (let seq = 1; seq <= 5; seq += 1) history.record(ROOM, lineOf(seq, String(seq)));
  store.write({ kind: 'lines-drop', shelf: ROOM, beforeMs: 1004 });
  await settled(store);
  expect(textsOf(await history.lines(all))).toEqual(['4', '5']);
});

test('lines that a full store does not take are read when it has room again', async () => {
  const store = await openStore({ maxBytes: 300_000 });
  const history = new StoredHistory(store);
  const texts = Array.from({ length: 30 }, (_, index) => `${index} ${'x'.repeat(10_000)}`);
  // Each in a turn of its own: a turn is written as a whole or not at all.
  for (const [seq, text] of texts.entries()) {
    history.record(ROOM, lineOf(seq, text));
    await settled(store);
  }
  const { length } = textsOf(await history.lines(all));
  expect(length).toBeGreaterThan(5);
  expect(length).toBeLessThan(20);
  store.write({ kind: 'lines-drop', shelf: ROOM, beforeMs: 1000 + length - 1 });
  await expect
    .poll(async () => textsOf(await history.lines(all)).slice(0, 3), { timeout: 10_000 })
    .toEqual(texts.slice(length - 1, length + 2));
  history.close();
});

test('what a full store does not take is not stored before it has room again', async () => {
  const store = await openStore({ maxBytes: 300_000 });
  const history = new StoredHistory(store);
  await history.whenStored();
  for (let seq = 0; seq < 40; seq += 1) history.record(ROOM, lineOf(seq, 'x'.repeat(10_000)));
  let isStored = false;
  void history.whenStored().then(() => {
    isStored = true;
  });
  await history.lines(all);
  await settled(store);
  expect(isStored).toBe(false);
  const makeRoom = (): boolean => {
    store.write({ kind: 'lines-drop', shelf: ROOM, beforeMs: 2_000 });
    return isStored;
  };
  await expect.poll(makeRoom, { timeout: 10_000 }).toBe(true);
  history.close();
});

test('a history that could lose lines says that it is full', async () => {
  const store = await openStore();
  const history = new StoredHistory(store);
  await store.close();
  for (let seq = 0; seq < 14_999; seq += 1) history.record(ROOM, lineOf(seq, ''));
  await history.lines(all);
  expect([history.isBehind, history.isFull]).toEqual([true, false]);
  history.record(ROOM, lineOf(14_999, ''));
  expect(history.isFull).toBe(true);
  history.close();
});

test('a history that has dropped lines is behind for ever: only their packs can bring them again', async () => {
  let isFailing = true;
  const store = {
    write: (_: unknown, answer?: WriteAnswer) => {
      if (isFailing) answer?.failed({ code: 'ERR_STORE_FULL', message: 'full' });
      else answer?.written(1);
    },
  };
  const lost = vi.fn();
  const history = new StoredHistory({ ...NO_STORE, ...store }, () => true, lost);
  expect(history.isBehind).toBe(false);
  for (let seq = 0; seq < 30_000; seq += 1) history.record(ROOM, lineOf(seq, ''));
  isFailing = false;
  await expect.poll(() => history.isBehind, { timeout: 10_000 }).toBe(false);
  await history.whenStored();
  expect(lost).not.toHaveBeenCalled();
  isFailing = true;
  for (let seq = 0; seq < 30_002; seq += 1) history.record(ROOM, lineOf(seq, ''));
  expect(lost).toHaveBeenCalledOnce();
  isFailing = false;
  await expect.poll(() => history.isFull, { timeout: 10_000 }).toBe(false);
  let isStored = false;
  void history.whenStored().then(() => {
    isStored = true;
  });
  await history.lines(all);
  expect([history.isBehind, isStored]).toEqual([true, false]);
  history.close();
});

test('a line that was taken back before the store has refused it is not written later', async () => {
  const store = await openStore({ maxBytes: 300_000 });
  const history = new StoredHistory(store);
  for (let seq = 0; seq < 30; seq += 1) {
    store.write({ kind: 'line', shelf: ROOM, line: lineOf(seq, 'x'.repeat(10_000)) });
    await settled(store);
  }
  history.record(ROOM, lineOf(40, 'secret'.repeat(2_000)));
  // The line is on its way to the full store, and not answered yet.
  await new Promise((resolve) => {
    process.nextTick(resolve);
  });
  history.redact({ shelves: [ROOM], msgid: 'x-40', log: ROOM, seq: 40, part: 0 });
  await settled(store);
  store.write({ kind: 'lines-drop', shelf: ROOM, beforeMs: 1040 });
  history.record(ROOM, lineOf(41, 'end'));
  await expect.poll(async () => textsOf(await history.lines(all)), { timeout: 10_000 }).toContain('end');
  expect(textsOf(await history.lines(all))).toEqual(['end']);
  history.close();
});

test('a store that is closed answers that it is', async () => {
  const store = await openStore();
  const history = new StoredHistory(store);
  await store.close();
  expect(await history.lines(all)).toEqual({ kind: 'unavailable' });
  expect(await history.latest({ rooms: [], people: null, afterMs: 0, beforeMs: 1, end: 'newest', limit: 1 })).toEqual({
    kind: 'unavailable',
  });
});

test('of a shelf with too many conversations, the last ones are found', async () => {
  const store = await searched();
  const { tables } = store;
  const peers = Array.from({ length: 10_001 }, (_, index) => `n${index}`).reverse();
  for (const [seq, peer] of peers.entries()) {
    // An event, which is in no index, takes less time here.
    lineWrites.line(tables, { shelf: 'a:ann', line: { ...lineOf(seq, ''), kind: 'signal', peer } });
  }
  const period = { afterMs: 0, beforeMs: Number.MAX_SAFE_INTEGER, end: 'oldest', limit: 20_000 } as const;
  const found = lineReads.latest(tables, { rooms: [], people: { shelf: 'a:ann', sight }, ...period });
  expect(found.map(({ line }) => line.peer)).toEqual(peers.slice(1));
  store.close();
});

test('of a thousand questions at once, two are under way at a time, and a login waits for these only', async () => {
  const store = await openStore();
  const history = new StoredHistory(store);
  history.record(ROOM, lineOf(1, 'one'));
  await history.lines(all);
  const read = store.read.bind(store);
  let [underWay, most] = [0, 0];
  vi.spyOn(store, 'read').mockImplementation(async (job, ask) => {
    underWay += 1;
    most = Math.max(most, underWay);
    try {
      return await read(job, ask);
    } finally {
      underWay -= 1;
    }
  });
  let answered = 0;
  const period = { afterMs: 0, beforeMs: 9_999, end: 'oldest', limit: 1 } as const;
  const questions = Array.from({ length: 1_000 }, async (_, n) => {
    const found = await (n % 2 === 0
      ? history.lines(all)
      : history.latest({ rooms: [{ shelf: ROOM, sight }], people: null, ...period }));
    answered += 1;
    return found.kind;
  });
  // Now all of them are asked.
  await new Promise((resolve) => {
    process.nextTick(resolve);
  });
  await read('account', { folded: 'ann' });
  expect(answered).toBeLessThanOrEqual(2);
  expect(new Set(await Promise.all(questions))).toEqual(new Set(['lines', 'latest']));
  expect(most).toBe(2);
});

test('a clock that jumps back and forth changes the order of nothing, in pages and in searches by time', async () => {
  const folder = temporaryFolder();
  await recordByClocks(async () => {
    const store = await openStore({ folder });
    return { store, close: () => store.close() };
  });
});
