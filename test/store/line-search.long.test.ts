import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Hit } from '../../src/history/search-query.js';
import { matches, termsOf } from '../../src/search/terms.js';
import { chatLines, QUERIES } from '../support/chat-lines.js';
import { HERE, idsOf, ROOMS, type Searched, searched } from './searched.js';

const LINES = 100_000;

/** A store whose lines are written in one transaction. */
async function filled(textOf: (n: number) => string, count: number): Promise<Searched> {
  const store = await searched();
  store.tables.connection.exec('BEGIN');
  for (let n = 0; n < count; n += 1) store.add({ text: textOf(n) });
  store.tables.connection.exec('COMMIT');
  return store;
}

describe('of 100,000 lines, a search finds those that hold the words', () => {
  let store: Searched;
  beforeAll(async () => {
    const line = chatLines(2);
    store = await filled(line, LINES);
  }, 120_000);
  afterAll(() => {
    store.close();
  });

  test.each(QUERIES)('%s', (query) => {
    const terms = termsOf(query);
    const truth = store.lines.filter(({ line }) => matches(line.text, terms));
    const ids = (hits: readonly Hit[]): string[] => hits.map(({ line }) => line.msgid);
    expect(idsOf(store.search({ terms, limit: 1_000 }))).toEqual(ids(truth.slice(-1_000)));
    expect(idsOf(store.search({ terms, limit: 50, end: 'oldest' }))).toEqual(ids(truth.slice(0, 50)));
    for (const shelf of ROOMS.slice(0, 2)) {
      const there = truth.filter((hit) => hit.shelf === shelf);
      const found = store.search({ terms, limit: LINES, places: [{ ...HERE, shelf }] });
      expect(idsOf(found)).toEqual(ids(there));
      expect(found).toMatchObject({ isComplete: true });
    }
  });
});

test('a search that nothing narrows looks at the last 100,000 lines, and says that there may be more', async () => {
  // "abab" is in none of them, and all that the index knows of it is in each.
  const store = await filled((n) => (n === 0 ? 'the needle' : 'aba bab'), LINES + 2);
  expect(store.search({ terms: ['abab'] })).toEqual({ kind: 'found', hits: [], isComplete: false });
  expect(store.search({ terms: ['needle'] })).toEqual({ kind: 'found', hits: [store.lines[0]], isComplete: true });
  store.close();
}, 120_000);
