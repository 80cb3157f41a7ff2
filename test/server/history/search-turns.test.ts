import { expect, test } from 'vitest';
import type { Found } from '../../../src/history/search-query.js';
import { SearchTurns } from '../../../src/server/history/search-turns.js';

const NOTHING: Found = { kind: 'found', hits: [], isComplete: true };

/** Searches that end when the test says so, in the order in which they have begun. */
class HeldSearches {
  begun = 0;
  readonly #ends: (() => void)[] = [];

  readonly search = (): Promise<Found> => {
    this.begun += 1;
    return new Promise((resolve) => {
      this.#ends.push(() => {
        resolve(NOTHING);
      });
    });
  };

  async endFirst(): Promise<void> {
    this.#ends.shift()?.();
    await new Promise(setImmediate);
  }
}

test('one search is under way at a time, and the others follow in the order of their asking', async () => {
  const turns = new SearchTurns();
  const held = new HeldSearches();
  const over: string[] = [];
  for (const by of ['ann', 'bob', 'cat']) {
    void turns.take(by, held.search).then(({ kind }) => over.push(`${by} ${kind}`));
  }
  await new Promise(setImmediate);
  for (const [index, by] of ['ann', 'bob', 'cat'].entries()) {
    expect(held.begun).toBe(index + 1);
    await held.endFirst();
    expect(over.at(-1)).toBe(`${by} found`);
  }
});

test('whoever has a search under way or waiting is refused another one until it is over', async () => {
  const turns = new SearchTurns();
  const held = new HeldSearches();
  const first = turns.take('ann', held.search);
  const waiting = turns.take('bob', held.search);
  for (const by of ['ann', 'bob']) expect(await turns.take(by, held.search)).toEqual({ kind: 'busy', who: 'asker' });
  await held.endFirst();
  await held.endFirst();
  expect([await first, await waiting]).toEqual([NOTHING, NOTHING]);
  void turns.take('ann', held.search);
  await new Promise(setImmediate);
  expect(held.begun).toBe(3);
});

test('at most 64 wait, and the next one is refused at once', async () => {
  const turns = new SearchTurns();
  const held = new HeldSearches();
  const answers = Array.from({ length: 1 + 64 }, (_, n) => turns.take(`n${n}`, held.search));
  expect(await turns.take('late', held.search)).toEqual({ kind: 'busy', who: 'all' });
  for (const answer of answers) {
    await held.endFirst();
    expect(await answer).toEqual(NOTHING);
  }
  const again = turns.take('late', held.search);
  await new Promise(setImmediate);
  await held.endFirst();
  expect(await again).toEqual(NOTHING);
});
