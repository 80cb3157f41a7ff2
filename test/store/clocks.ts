/** What a store of any kind makes of a clock that is set back. */
import { expect } from 'vitest';
import type { LineQuery, Page } from '../../src/history/history.js';
import type { StoreAccess } from '../../src/store/store-access.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { saidAt } from '../support/history-lines.js';
import { settled } from '../support/stores.js';

const SHELF = 'a:ann';
const sight = { hasEvents: true, ranks: 0, source: '', sinceMs: 0 };
const whole = { kind: 'between', after: null, before: null, end: 'newest' } as const;
const all: LineQuery = { shelf: SHELF, peer: null, range: whole, limit: 100, sight };

const textsOf = (page: Page): readonly string[] =>
  page.kind === 'lines' ? page.lines.map(({ text }) => text) : [page.kind];

/** A store that is open. */
interface Opened {
  readonly store: StoreAccess;
  readonly close: () => Promise<void>;
}

/** Records lines while the clock jumps, and the store is opened again; their order must not change. */
export async function recordByClocks(open: () => Promise<Opened>): Promise<void> {
  const clocks = [
    [1000, 5000, 2000, 6000],
    [3000, 7000, 500],
    [8000, 100, 9000],
  ];
  let seq = 0;
  for (const [index, clock] of clocks.entries()) {
    const { store, close } = await open();
    const history = new StoredHistory(store);
    for (const atMs of clock) {
      history.record(SHELF, { ...saidAt(seq), atMs, peer: 'bob', text: `word ${seq}` });
      seq += 1;
    }
    await settled(store);
    if (index < clocks.length - 1) await close();
    else await expectInOrder(history, SHELF, seq);
  }
}

/** Expects pages and searches to have all lines of a shelf, once, in the order in which they were said. */
async function expectInOrder(history: StoredHistory, shelf: 'a:ann', count: number): Promise<void> {
  const expected = Array.from({ length: count }, (_, n) => `word ${n}`);
  const person = { shelf, peer: 'bob', sight };
  const everything = await history.lines({ ...all, ...person });
  expect(textsOf(everything)).toEqual(expected);
  const found: string[] = [];
  for (let before: LineQuery['range'] = whole; found.length < count;) {
    const page = await history.lines({ ...person, range: before, limit: 3 });
    if (page.kind !== 'lines' || page.lines.length === 0) break;
    found.unshift(...textsOf(page));
    before = { ...whole, before: { kind: 'id', msgid: page.lines[0]?.msgid ?? '' } };
  }
  expect(found).toEqual(expected);
  const lines = everything.kind === 'lines' ? everything.lines : [];
  for (const atMs of [999, 1500, 5000, 5500, 6000, 8500]) {
    const time = { kind: 'time', atMs } as const;
    const query = {
      places: [person],
      terms: ['word'],
      from: null,
      after: null,
      before: null,
      end: 'oldest',
      limit: 99,
    };
    const texts = async (bounds: object): Promise<readonly string[]> => {
      const answer = await history.search({ ...query, end: 'oldest', ...bounds });
      return answer.kind === 'found' ? answer.hits.map(({ line }) => line.text) : [answer.kind];
    };
    const later = lines.filter((line) => line.atMs > atMs).map(({ text }) => text);
    expect(await texts({ after: time })).toEqual(later);
    expect(textsOf(await history.lines({ ...all, ...person, range: { ...whole, after: time } }))).toEqual(later);
    expect(await texts({ before: time })).toEqual(lines.filter((line) => line.atMs < atMs).map(({ text }) => text));
  }
}
