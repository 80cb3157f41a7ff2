/** What every store does with lines that are on their way when their account is erased. */
import { expect, test } from 'vitest';
import type { Line, Shelf } from '../../src/history/line.js';
import type { Entry } from '../../src/log/entry.js';
import type { StoreAccess, StoreLogs } from '../../src/store/store-access.js';
import { StoredAccounts } from '../../src/store/stored-accounts.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { StoredMarkers } from '../../src/store/stored-markers.js';
import { written } from '../../src/store/written.js';
import { accountOf } from '../accounts/book.js';
import { Answers } from '../log/contract.js';
import { until } from '../support/deadline.js';
import { saidAt } from '../support/history-lines.js';
import { settled } from '../support/stores.js';

/** A store, as two processes have it. */
export interface ErasingStore {
  readonly store: StoreAccess;
  /** As the process has it whose lines are late. */
  readonly other: StoreAccess;
  readonly logs: StoreLogs;
  /** Everything that the store has of lines and of its shelves, and the packs that it has itself. */
  readonly content: () => Promise<string>;
}

const ROOM = 'r:#a';
const SECRET = 'a secret word';
const sight = { hasEvents: true, ranks: 0, source: '', sinceMs: 0 };
const range = { kind: 'between', after: null, before: null, end: 'newest' } as const;

/** Returns an account that is made so long after the beginning of {@link saidAt}'s time. */
const madeAfter = (name: string, ms: number): ReturnType<typeof accountOf> =>
  accountOf(name, { createdMs: saidAt(0).atMs + ms });

const saidBy = (account: string, seq: number, text: string): Line => ({
  ...saidAt(seq),
  source: `${account}!u@h`,
  account,
  text,
});

function say(seq: number, text: string): Entry {
  const stamp = { session: 'a.1.1', n: seq, atMs: seq, seen: 0, base: 0 };
  const words = { type: 'message', tags: [], isDivisible: false, who: null, ranks: 0 } as const;
  return { kind: 'say', ...stamp, ...words, text };
}

/** Returns the texts on a shelf, the oldest first. */
async function textsOn(store: StoreAccess, shelf: Shelf): Promise<(readonly [string | null, string])[]> {
  const page = await new StoredHistory(store).lines({
    shelf,
    peer: shelf === ROOM ? null : 'bob',
    range,
    limit: 100,
    sight,
  });
  return page.kind === 'lines' ? page.lines.map(({ account, text }) => [account, text]) : [[null, page.kind]];
}

/** @param open - opens an empty store */
export function describeErasedLines(open: () => Promise<ErasingStore>): void {
  test('a line that is on its way when its account is erased is stored without its words', async () => {
    const { store, other, logs, content } = await open();
    const accounts = new StoredAccounts(store);
    for (const name of ['Ann', 'bob']) await accounts.add(accountOf(name), 10);
    const answers = new Answers();
    for (const [index, text] of [SECRET, 'of bob', SECRET].entries()) {
      logs.append(ROOM, [say(index + 1, text)], answers);
    }
    await until(() => answers.got.length === 3, 'three packs');
    const history = new StoredHistory(other);
    history.record(ROOM, saidBy('Ann', 1, SECRET));
    await settled(other);
    expect(await accounts.erase('ann')).toBe(true);
    // Its entry is in the log; or it has failed, and is written again.
    history.record(ROOM, saidBy('bob', 2, 'of bob'));
    other.write({ kind: 'line', shelf: ROOM, line: saidBy('Ann', 3, SECRET), isLate: true });
    for (const shelf of ['a:ann', 'a:bob'] as const) {
      history.record(shelf, { ...saidBy('Ann', 4, SECRET), peer: 'bob' });
      history.record(shelf, { ...saidBy('bob', 5, 'to ann'), peer: 'bob' });
    }
    await settled(other);
    // Those that were taken back keep their places, and are on no page.
    expect(await textsOn(store, ROOM)).toEqual([['bob', 'of bob']]);
    expect(await textsOn(store, 'a:bob')).toEqual([['bob', 'to ann']]);
    expect(await textsOn(store, 'a:ann')).toEqual([]);
    const all = await content();
    expect(all).not.toMatch(/secret|Ann|a:ann/);
    expect(all.match(/x-1|x-3/g)).toHaveLength(2);
    expect(all).toContain('of bob');
  });

  test('whoever has the name of an erased account keeps what it says, and has nothing of what was said before', async () => {
    const { store, other, content } = await open();
    const accounts = new StoredAccounts(store);
    await accounts.add(accountOf('Ann'), 10);
    await accounts.erase('ann');
    await accounts.add(madeAfter('Ann', 10), 10);
    const history = new StoredHistory(other);
    for (const shelf of [ROOM, 'a:ann', 'a:bob'] as const) {
      const peer = shelf === ROOM ? null : 'bob';
      history.record(shelf, { ...saidBy('Ann', 9, SECRET), peer });
      history.record(shelf, { ...saidBy('Ann', 10, 'hello'), peer });
    }
    await settled(other);
    for (const shelf of [ROOM, 'a:ann', 'a:bob'] as const) {
      expect(await textsOn(store, shelf), shelf).toEqual([['Ann', 'hello']]);
    }
    expect(await content()).not.toMatch(/secret/);
    // It is erased, too, and nobody follows it.
    await accounts.erase('ann');
    history.record(ROOM, saidBy('Ann', 11, SECRET));
    await settled(other);
    expect(await textsOn(store, ROOM)).toEqual([]);
    expect(await content()).not.toMatch(/secret|hello/);
  });

  test('a mark of reading that is on its way when its account is erased is not stored', async () => {
    const { store, other } = await open();
    const [accounts, markers] = [new StoredAccounts(store), new StoredMarkers(other)];
    await accounts.add(accountOf('Ann'), 10);
    await markers.mark('a:ann', '#a', 5);
    await accounts.erase('ann');
    await markers.mark('a:ann', '#a', 6);
    expect(await markers.read('a:ann', '#a')).toEqual({ kind: 'mark', atMs: null });
    await accounts.add(accountOf('Ann'), 10);
    await markers.mark('a:ann', '#a', 7);
    expect(await markers.read('a:ann', '#a')).toEqual({ kind: 'mark', atMs: 7 });
  });

  test('a member that is kept late does not come back for an account that is erased, nor for the next one', async () => {
    const { store, other } = await open();
    const accounts = new StoredAccounts(store);
    const keep = (session: string, atMs: number): Promise<number> =>
      written(other, { kind: 'member-keep', session, account: 'Ann', state: session, atMs });
    const kept = async (): Promise<string[]> => (await store.read('members', null)).map(({ state }) => state);
    await accounts.add(madeAfter('Ann', 0), 10);
    await keep('a.1', saidAt(1).atMs);
    expect(await kept()).toEqual(['a.1']);
    await accounts.erase('ann');
    await keep('a.1', saidAt(2).atMs);
    // A version before this one does not say since when.
    await written(other, { kind: 'member-keep', session: 'a.1', account: 'Ann', state: 'a.1' });
    expect(await kept()).toEqual([]);
    await accounts.add(accountOf('Ann', { createdMs: saidAt(4).atMs }), 10);
    await keep('a.1', saidAt(3).atMs);
    expect(await kept()).toEqual([]);
    await keep('a.2', saidAt(5).atMs);
    expect(await kept()).toEqual(['a.2']);
  });

  test('that an account was erased is known for as long as a line can be on its way', async () => {
    const { store, other } = await open();
    const accounts = new StoredAccounts(store);
    await accounts.add(accountOf('Ann'), 10);
    const beforeMs = Date.now();
    await accounts.erase('ann');
    expect(await written(store, { kind: 'gone-drop', beforeMs })).toBe(0);
    const history = new StoredHistory(other);
    history.record(ROOM, saidBy('Ann', 1, SECRET));
    await settled(other);
    expect(await textsOn(store, ROOM)).toEqual([]);
    // One for its name, and one for its shelf.
    expect(await written(store, { kind: 'gone-drop', beforeMs: Date.now() + 1 })).toBe(2);
    history.record(ROOM, saidBy('Ann', 2, 'of somebody else'));
    await settled(other);
    expect(await textsOn(store, ROOM)).toEqual([['Ann', 'of somebody else']]);
  });
}
