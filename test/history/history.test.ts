import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changesOf, type Line, type Shelf } from '../../src/history/line.js';
import type { LineDraft } from '../../src/history/line-draft.js';
import { DEFAULT_MEMORY_HISTORY, MemoryHistory } from '../../src/history/memory-history.js';
import { placeOf } from '../../src/log/place.js';
import { Histories } from '../../src/server/history/histories.js';
import { saidAt } from '../support/history-lines.js';
import { openStore } from '../support/stores.js';
import { BY, compare, compareStored } from './compare.js';
import { Model, ROOMS, said, search } from './model.js';

test('a history in memory answers like a list that is searched from end to end', async () => {
  await compare((lines) => {
    const history = new MemoryHistory();
    for (const { shelf, line } of lines) history.record(shelf, line);
    for (const { shelf, line, isTakenBack } of lines) {
      if (isTakenBack) history.redact({ shelves: [shelf], msgid: line.msgid });
    }
    return history;
  }, 120);
});

/** The draft that becomes a line. */
function draftOf({ source, account, ...line }: Line): LineDraft {
  const [, nick = '', user = '', host = ''] = /^(.*)!(.*)@(.*)$/.exec(source) ?? [];
  const who = { nick, user, host, address: host, realName: '', account, privileges: null };
  return { ...line, who: source === '' ? null : who };
}

test('lines read the same whether they were put together when they were said or when they are asked for', async () => {
  await compare((lines) => {
    const history = new MemoryHistory();
    for (const { shelf, line } of lines) {
      // The server has no account.
      const isWhole = line.seq % 3 === 0 || (line.source === '' && line.account !== null);
      history.record(shelf, isWhole ? line : draftOf(line));
    }
    for (const { shelf, line, isTakenBack } of lines) {
      if (isTakenBack) history.redact({ shelves: [shelf], msgid: line.msgid });
    }
    return history;
  }, 120);
});

test.each([true, false])('a line weighs the same whether it is put together or not (draft: %s)', async (isDraft) => {
  const line = { ...saidAt(1), text: 'twelve bytes' };
  const twoBytes = 2 * (200 + 2 * (line.text.length + line.source.length + line.target.length + 'x-1'.length));
  for (const [maxBytes, kept] of [[twoBytes, [2, 3]] as const, [twoBytes - 1, [3]] as const]) {
    const history = new MemoryHistory({ maxLines: 10, maxBytes });
    for (const seq of [1, 2, 3]) {
      const next = { ...line, msgid: `x-${seq}`, seq };
      history.record('r:#a', isDraft ? draftOf(next) : next);
    }
    const range = { kind: 'between', after: null, before: null, end: 'newest' } as const;
    const page = await history.lines({ shelf: 'r:#a', peer: null, range, limit: 10, sight: ALL });
    expect(page.kind === 'lines' && page.lines.map(({ seq }) => seq)).toEqual(kept);
  }
});

test('the place of a message is read from its id, and none from other words', () => {
  expect(placeOf('abc-1z')).toEqual({ seq: 71, part: 0 });
  expect(placeOf('abc.2-10.7')).toEqual({ seq: 36, part: 7 });
  for (const id of ['', 'abc', 'abc-', 'abc-.1', 'abc-Z', 'abc-1!']) expect(placeOf(id)).toEqual({ seq: 0, part: 0 });
});

test('a search finds the same when some shelves are in one history and some in another', async () => {
  await fc.assert(
    fc.asyncProperty(said, fc.array(search, { minLength: 8, maxLength: 12 }), async (lines, searches) => {
      const kept = Object.assign(new MemoryHistory(), { keeps: (shelf: Shelf) => shelf === ROOMS[0] });
      const history = new Histories(DEFAULT_MEMORY_HISTORY, kept);
      // Of one time, those in memory come first: so that the model has the same order, no two have one time.
      const spread = lines.map(({ line, ...rest }, index) => ({ ...rest, line: { ...line, atMs: 1000 + index } }));
      for (const { shelf, line } of spread) history.record(shelf, line);
      for (const { shelf, line, isTakenBack } of spread) {
        if (isTakenBack) history.redact({ shelves: [shelf], msgid: line.msgid, log: shelf, seq: line.seq, part: 0 });
      }
      const model = new Model(spread);
      for (const query of searches) expect(await history.search(query, BY)).toEqual(model.search(query));
    }),
    { numRuns: 150 },
  );
});

test('of one time, pages across two histories leave nothing out and repeat nothing', async () => {
  const kept = Object.assign(new MemoryHistory(), { keeps: (shelf: Shelf) => shelf === ROOMS[0] });
  const history = new Histories(DEFAULT_MEMORY_HISTORY, kept);
  const words = { kind: 'message', peer: null, source: 'a!a@a', account: null, target: '#a', ranks: 0 } as const;
  const places = ROOMS.map((shelf) => ({ shelf, peer: null, sight: ALL }));
  for (const [n, shelf] of [...ROOMS, ...ROOMS, ...ROOMS].entries()) {
    const line = { ...words, seq: n, part: 0, atMs: 5, msgid: `x-${n}`, text: '', tags: [], object: null, bits: 0 };
    history.record(shelf, line);
  }
  for (const end of ['newest', 'oldest'] as const) {
    const seen: string[] = [];
    for (;;) {
      const from = seen.length === 0 ? null : ({ kind: 'id', msgid: seen.at(-1) ?? '' } as const);
      const bounds = end === 'newest' ? { after: null, before: from } : { after: from, before: null };
      const found = await history.search({ places, terms: [], from: null, ...bounds, end, limit: 1 }, BY);
      if (found.kind !== 'found' || found.hits.length === 0) break;
      seen.push(...found.hits.map(({ line }) => line.msgid));
    }
    expect(seen.sort()).toEqual(Array.from({ length: 6 }, (_, n) => `x-${n}`));
  }
});

const ALL = { hasEvents: true, ranks: 0, source: '', sinceMs: 0 };

test('a history in the store answers alike', async () => {
  await compareStored(await openStore(), 40);
});

test('smaller limits of a history in memory hold at once, for what is there too', async () => {
  const history = new Histories(DEFAULT_MEMORY_HISTORY, null);
  const [quiet, loud] = ['r:#quiet', 'r:#loud'] as const;
  for (const shelf of [quiet, loud]) for (let n = 1; n <= 5; n += 1) history.record(shelf, saidAt(n));
  const range = { kind: 'between', after: null, before: null, end: 'newest' } as const;
  const kept = async (): Promise<number[]> => {
    const pages = await Promise.all(
      [quiet, loud].map((shelf) => history.lines({ shelf, peer: null, range, limit: 100, sight: ALL })),
    );
    return pages.map((page) => (page.kind === 'lines' ? page.lines.length : 0));
  };
  history.configure({ ...DEFAULT_MEMORY_HISTORY, maxLines: 3 });
  expect(await kept()).toEqual([3, 3]);
  history.configure({ ...DEFAULT_MEMORY_HISTORY, maxBytes: 1000 });
  expect((await kept()).reduce((sum, lines) => sum + lines)).toBeLessThan(5);
  history.configure({ ...DEFAULT_MEMORY_HISTORY, maxLines: 0 });
  expect(await kept()).toEqual([0, 0]);
  history.record(loud, saidAt(6));
  history.configure(DEFAULT_MEMORY_HISTORY);
  history.record(loud, saidAt(7));
  expect(await kept()).toEqual([0, 1]);
});

test('a line whose changes cannot be read has none', () => {
  for (const object of ['[{"kind"', '{}', '[{"kind":"nonsense"}]']) {
    expect(changesOf({ ...saidAt(1), kind: 'mode', object }), object).toEqual([]);
  }
});
