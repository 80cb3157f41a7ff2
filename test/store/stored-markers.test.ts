import { expect, test } from 'vitest';
import type { Line } from '../../src/history/line.js';
import { type Markers, MAX_MARKS, MemoryMarkers } from '../../src/history/markers.js';
import type { Store } from '../../src/store/store.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { StoredMarkers } from '../../src/store/stored-markers.js';
import { openStore, settled } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';

const ANN = 'a:ann';
const mark = (atMs: number | null) => ({ kind: 'mark', atMs });

test.each<[string, (store: Store) => Markers]>([
  ['in memory', () => new MemoryMarkers()],
  ['in the store', (store) => new StoredMarkers(store)],
])('marks %s move forward only, and are each owner’s own', async (_, make) => {
  const markers = make(await openStore());
  expect(await markers.read(ANN, '#a')).toEqual(mark(null));
  expect(await markers.mark(ANN, '#a', 20)).toEqual(mark(20));
  expect(await markers.mark(ANN, '#a', 10)).toEqual(mark(20));
  expect(await markers.mark(ANN, '#a', 30)).toEqual(mark(30));
  expect(await markers.read(ANN, '#a')).toEqual(mark(30));
  expect(await markers.read(ANN, '#b')).toEqual(mark(null));
  expect(await markers.read('a:bob', '#a')).toEqual(mark(null));
});

test('marks are there again when the store is opened again', async () => {
  const folder = temporaryFolder();
  const first = await openStore({ folder });
  await new StoredMarkers(first).mark(ANN, '#a', 20);
  await first.close();
  const markers = new StoredMarkers(await openStore({ folder }));
  expect(await markers.read(ANN, '#a')).toEqual(mark(20));
});

test.each<[string, (store: Store) => Markers]>([
  ['in memory', () => new MemoryMarkers()],
  ['in the store', (store) => new StoredMarkers(store)],
])('an owner has so many marks %s', async (_, make) => {
  const markers = make(await openStore());
  await Promise.all(Array.from({ length: MAX_MARKS + 1 }, (_mark, index) => markers.mark(ANN, `#${index}`, index + 1)));
  expect(await markers.read(ANN, '#0')).toEqual(mark(null));
  expect(await markers.read(ANN, '#1')).toEqual(mark(2));
});

test('an account that is erased takes its marks and its copies along, and leaves what others have said', async () => {
  const store = await openStore();
  const markers = new StoredMarkers(store);
  const history = new StoredHistory(store);
  const line: Line = {
    seq: 1,
    part: 0,
    atMs: 1,
    kind: 'message',
    msgid: 'x-1',
    peer: 'bob',
    source: 'ann!a@h',
    account: 'ann',
    target: 'bob',
    ranks: 0,
    text: 'psst',
    tags: [],
    object: null,
    bits: 0,
  };
  history.record(ANN, line);
  history.record('a:bob', { ...line, peer: 'ann' });
  history.record('a:bob', { ...line, msgid: 'x-2', peer: 'ann', source: 'bob!b@h', account: 'bob' });
  await markers.mark(ANN, 'bob', 1);
  store.write({ kind: 'account-erase', folded: 'ann', saidUpTo: 0 });
  await settled(store);
  const range = { kind: 'between', after: null, before: null, end: 'newest' } as const;
  const sight = { hasEvents: true, ranks: 0, source: '', sinceMs: 0 };
  const count = async (shelf: 'a:ann' | 'a:bob'): Promise<number> => {
    const page = await history.lines({ shelf, peer: null, range, limit: 9, sight });
    return page.kind === 'lines' ? page.lines.length : -1;
  };
  expect(await count('a:ann')).toBe(0);
  // What bob has said himself.
  expect(await count('a:bob')).toBe(1);
  expect(await markers.read(ANN, 'bob')).toEqual(mark(null));
  // An account of the same name that is made later begins anew.
  history.record(ANN, { ...line, msgid: 'x-3' });
  expect(await count('a:ann')).toBe(1);
});

test('all marks in memory together are bounded, and the owner who has been quiet longest loses its own', async () => {
  const markers = new MemoryMarkers(4);
  const owners = ['s:1', 's:2', 's:3'] as const;
  for (const owner of [...owners, 's:1'] as const) await markers.mark(owner, '#a', 5);
  await markers.mark('s:3', '#b', 5);
  for (const owner of owners) expect(await markers.read(owner, '#a'), owner).toEqual(mark(5));
  await markers.mark('s:3', '#c', 5);
  expect(await Promise.all(owners.map((owner) => markers.read(owner, '#a')))).toEqual([mark(5), mark(null), mark(5)]);
  markers.forget('s:3');
  for (const target of ['#b', '#c', '#d']) await markers.mark('s:1', target, 5);
  expect(await markers.read('s:1', '#a')).toEqual(mark(5));
});
