import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Shelf } from '../../src/history/line.js';
import { matches, termsOf } from '../../src/search/terms.js';
import { integerOf } from '../../src/store/columns.js';
import { lineWrites, removeLines } from '../../src/store/line-writes.js';
import { indexNextLines, writeBatch } from '../../src/store/writer.js';
import { chatLines, QUERIES } from '../support/chat-lines.js';
import { HERE, idsOf, ROOMS, type Searched, searched, START_MS } from './searched.js';

describe('what is found is what holds the words', () => {
  const LINES = 2_000;
  let store: Searched;
  beforeAll(async () => {
    store = await searched();
    const line = chatLines(1);
    for (let n = 0; n < LINES; n += 1) store.add({ text: line() });
  });
  afterAll(() => {
    store.close();
  });

  /** The lines of some rooms that hold all terms, the newest. */
  function truth(query: string, rooms: readonly string[], limit: number): string[] {
    const terms = termsOf(query);
    const found = store.lines.filter(({ shelf, line }) => rooms.includes(shelf) && matches(line.text, terms));
    return found.slice(-limit).map(({ line }) => line.msgid);
  }

  test.each(QUERIES)('%s', (query) => {
    for (const [rooms, limit] of [
      [ROOMS, LINES],
      [ROOMS, 20],
      [ROOMS.slice(0, 1), 20],
      [ROOMS.slice(1, 4), 20],
    ] as const) {
      const found = store.search({ terms: termsOf(query), places: rooms.map((shelf) => ({ ...HERE, shelf })), limit });
      expect(idsOf(found)).toEqual(truth(query, rooms, limit));
      expect(found).toMatchObject({ isComplete: true });
    }
  });
});

describe('among many lines', () => {
  async function filled(texts: readonly string[]): Promise<Searched> {
    const store = await searched();
    onTestFinished(() => {
      store.close();
    });
    for (const text of texts) store.add({ text });
    return store;
  }

  test('pages follow each other without a gap, however many lines have one time', async () => {
    const store = await filled([]);
    for (let n = 0; n < 25; n += 1) store.add({ text: n % 2 === 0 ? 'even 偶' : 'odd', atMs: START_MS });
    const seen: string[] = [];
    for (let before: string | null = null; ;) {
      const found = store.search({
        terms: ['偶'],
        before: before === null ? null : { kind: 'id', msgid: before },
        limit: 4,
      });
      const ids = idsOf(found);
      if (ids.length === 0) break;
      seen.unshift(...ids);
      before = ids[0] ?? null;
    }
    expect(seen).toEqual(Array.from({ length: 13 }, (_, index) => `id-${2 * index}`));
  });

  test('what was taken back or removed is found no more, with and without words', async () => {
    const store = await filled(['a secret', 'another secret', 'the last secret']);
    const [first, second] = store.lines;
    const { shelf = 'r:#room', line } = first ?? {};
    const { msgid = '', seq = 0, part = 0 } = line ?? {};
    lineWrites['line-redact'](store.tables, { shelves: [shelf], msgid, log: shelf, seq, part });
    const row = store.tables.run('SELECT id FROM line WHERE msgid = ?').get(second?.line.msgid ?? '');
    removeLines(store.tables, [integerOf(row ?? {}, 'id')]);
    store.tables.finish();
    for (const terms of [['secret'], ['s'], [], ['a', 't']]) {
      expect(idsOf(store.search({ terms }))).toEqual(['id-2']);
    }
    expect(store.tables.run('SELECT rowid FROM line_text WHERE line_text MATCH ?').all('"sec"')).toHaveLength(1);
  });

  test('a line that gets the number of one that was removed is found, and nothing is indexed twice', async () => {
    const store = await filled(['first', 'second', 'third']);
    const found = (term: string): string[] => idsOf(store.search({ terms: [term] }));
    const remove = (msgid: string): void => {
      const row = store.tables.run('SELECT id FROM line WHERE msgid = ?').get(msgid) ?? {};
      removeLines(store.tables, [integerOf(row, 'id')]);
      store.tables.finish();
    };
    expect(found('third')).toEqual(['id-2']);
    remove('id-2');
    store.add({ text: 'fourth' });
    store.add({ text: 'fifth', kind: 'join' });
    store.add({ text: 'sixth' });
    expect([found('fourth'), found('fifth'), found('sixth')]).toEqual([['id-3'], [], ['id-5']]);
    remove('id-0');
    store.add({ text: 'seventh' });
    expect([found('second'), found('third'), found('seventh')]).toEqual([['id-1'], [], ['id-6']]);
    const rows = store.tables.run('SELECT count(*) AS count FROM line_text_docsize').get() ?? {};
    expect(integerOf(rows, 'count')).toBe(4);
  });

  test('what a transaction adds to the index is written in one piece', async () => {
    const store = await filled(['one', 'two']);
    const [one] = store.lines;
    const writes = Array.from({ length: 30 }, (_, n) => ({
      kind: 'line' as const,
      shelf: 'r:#a' as const,
      line: { ...(one?.line ?? store.add({}).line), msgid: `more-${n}` },
    }));
    const pieces = (): number =>
      integerOf(store.tables.run('SELECT count(DISTINCT segid) AS pieces FROM line_text_idx').get() ?? {}, 'pieces');
    const before = pieces();
    writeBatch(store.tables, writes);
    expect(indexNextLines(store.tables, { lines: 50 })).toEqual({ upTo: 32, last: 32 });
    expect(pieces()).toBe(before + 1);
    const tooMuch = { kind: 'trial', bytes: 3e9 } as const;
    expect(writeBatch(store.tables, [...writes.slice(0, 1), tooMuch])).toEqual([
      0,
      { code: 'ERR_STORE_REFUSED', message: expect.any(String) },
    ]);
    writeBatch(store.tables, []);
    expect(store.search({ terms: ['one'], places: [{ ...HERE, shelf: 'r:#a' }] })).toMatchObject({
      hits: { length: 30 },
    });
  });

  test('a name is no word of a text, and a shelf is none either', async () => {
    const store = await filled(['\ue001nick3 said', '\ue0001']);
    expect(idsOf(store.search({ from: 'nick3' }))).toEqual([]);
    expect(idsOf(store.search({ from: 'nick1' }))).toEqual(['id-1']);
    expect(idsOf(store.search({ terms: ['\ue0001'] }))).toEqual(['id-1']);
  });

  test('more rooms than the index is asked for are searched, too', async () => {
    const store = await filled([]);
    const rooms = Array.from({ length: 40 }, (_, index): Shelf => `r:#many${index}`);
    for (let n = 0; n < 400; n += 1)
      store.add({ text: n % 10 === 0 ? 'needle' : 'hay', shelf: rooms[n % 40] ?? 'r:#x' });
    const places = rooms.slice(0, 30).map((shelf) => ({ ...HERE, shelf }));
    const expected = store.lines.filter(({ shelf, line }) => line.text === 'needle' && shelf !== 'r:#many30');
    for (const terms of [['needle'], ['n', 'l']]) {
      expect(idsOf(store.search({ terms, places }))).toEqual(expected.map(({ line }) => line.msgid));
    }
    expect(idsOf(store.search({ places, limit: 3 }))).toEqual(['id-387', 'id-388', 'id-389']);
  });
});
