import { expect, onTestFinished, test, vi } from 'vitest';
import type { Line } from '../../src/history/line.js';
import { Indexing } from '../../src/store/indexing.js';
import type { Indexed } from '../../src/store/line-index.js';
import { openFile, openStore, settled } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { HERE, idsOf } from './searched.js';

const UP_TO_DATE: Indexed = { upTo: 9, last: 9 };

/** Steps that end when the test says so. */
function heldSteps(): { readonly step: () => Promise<Indexed>; readonly ends: ((indexed: Indexed) => void)[] } {
  const ends: ((indexed: Indexed) => void)[] = [];
  return { ends, step: () => new Promise((resolve) => ends.push(resolve)) };
}

function withoutTime(): void {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

const observer = {
  indexed: () => undefined,
  failed: (error: unknown): never => {
    throw error;
  },
};

test('what is written within a moment is indexed together, step by step, and what comes meanwhile later', async () => {
  withoutTime();
  const { step, ends } = heldSteps();
  const indexing = new Indexing(step, observer);
  indexing.written(1);
  indexing.written(1);
  expect(ends).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(25);
  expect(ends).toHaveLength(1);
  ends[0]?.({ upTo: 5, last: 9 });
  await vi.advanceTimersByTimeAsync(0);
  expect(ends).toHaveLength(2);
  indexing.written(1);
  ends[1]?.(UP_TO_DATE);
  await vi.advanceTimersByTimeAsync(24);
  expect(ends).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(ends).toHaveLength(3);
  ends[2]?.(UP_TO_DATE);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ends).toHaveLength(3);
});

test('who needs the index waits for all that was written before, also beside a run that began earlier', async () => {
  const { step, ends } = heldSteps();
  const indexing = new Indexing(step, observer);
  const over: string[] = [];
  await indexing.caughtUp();
  expect(ends).toHaveLength(0);
  indexing.written(1);
  void indexing.caughtUp().then(() => over.push('first'));
  await vi.waitFor(() => {
    expect(ends).toHaveLength(1);
  });
  indexing.written(1);
  void indexing.caughtUp().then(() => over.push('second'));
  ends[0]?.(UP_TO_DATE);
  await vi.waitFor(() => {
    expect(ends).toHaveLength(2);
  });
  expect(over).toEqual(['first']);
  ends[1]?.(UP_TO_DATE);
  await vi.waitFor(() => {
    expect(over).toEqual(['first', 'second']);
  });
});

test('who needs the index does not wait for lines that are written meanwhile, however many', async () => {
  let [upTo, last, isFlood] = [0, 100, true];
  const indexing = new Indexing(() => {
    if (upTo >= 1_000) return Promise.reject(new Error('it does not end'));
    upTo += 50;
    if (isFlood) {
      last += 50;
      indexing.written(50);
    }
    return Promise.resolve({ upTo, last });
  }, observer);
  indexing.written(1);
  await indexing.caughtUp();
  expect(upTo).toBeGreaterThanOrEqual(100);
  isFlood = false;
  await indexing.caughtUp();
  expect(upTo).toBe(last);
});

test('a flood is indexed in large steps, what it leaves in small ones, and faster for who waits', async () => {
  withoutTime();
  const asked: number[] = [];
  const ends: ((indexed: Indexed) => void)[] = [];
  const indexing = new Indexing((lines) => {
    asked.push(lines);
    return new Promise((resolve) => ends.push(resolve));
  }, observer);
  const end = async (upTo: number, last: number): Promise<void> => {
    ends.shift()?.({ upTo, last });
    await vi.advanceTimersByTimeAsync(0);
  };
  indexing.written(300);
  await vi.advanceTimersByTimeAsync(25);
  indexing.written(4_000);
  await end(600, 9_000);
  indexing.written(1);
  await end(1_600, 9_000);
  await end(1_650, 9_000);
  void indexing.caughtUp();
  await end(1_700, 9_000);
  await end(2_613, 3_000);
  expect(asked).toEqual([600, 1_000, 50, 50, 913, 50]);
});

test('how many lines have been indexed is reported, as far as it is known', async () => {
  const counts: number[] = [];
  const steps = [4, 9, 12].map((upTo) => Promise.resolve({ upTo, last: upTo === 4 ? 9 : upTo }));
  const indexing = new Indexing(() => steps.shift() ?? expect.fail(), {
    ...observer,
    indexed: (lines) => counts.push(lines),
  });
  for (let run = 0; run < 2; run += 1) {
    indexing.written(1);
    await indexing.caughtUp();
  }
  expect(counts).toEqual([0, 5, 3]);
});

test('a step that fails is reported, and lines are indexed with the next', async () => {
  const failures: unknown[] = [];
  const steps = [Promise.reject(new Error('full')), Promise.resolve(UP_TO_DATE)];
  const indexing = new Indexing(() => steps.shift() ?? Promise.reject(new Error('one too many')), {
    indexed: () => undefined,
    failed: (error) => failures.push(error),
  });
  indexing.written(1);
  await indexing.caughtUp();
  expect(failures).toEqual([new Error('full')]);
  indexing.written(1);
  await indexing.caughtUp();
  await indexing.caughtUp();
  expect(failures).toHaveLength(1);
  expect(steps).toEqual([]);
});

const LINE: Line = {
  seq: 1,
  part: 0,
  atMs: 1_700_000_000_000,
  kind: 'message',
  msgid: 'one',
  peer: null,
  source: 'ann!a@host',
  account: null,
  target: '#a',
  ranks: 0,
  text: 'the needle',
  tags: [],
  object: null,
  bits: 0,
};
const NEEDLE = {
  terms: ['needle'],
  places: [{ ...HERE, shelf: 'r:#a' as const }],
  from: null,
  after: null,
  before: null,
  end: 'newest',
  limit: 5,
} as const;

test('a search finds what has just been written, and what a process that was killed had not indexed', async () => {
  const folder = temporaryFolder();
  const first = await openStore({ folder });
  first.write({ kind: 'line', shelf: 'r:#a', line: LINE });
  await settled(first);
  expect(idsOf(await first.search(NEEDLE))).toEqual(['one']);
  await first.close();
  // As a process leaves it that is killed between a line and its place in the index.
  const file = await openFile(folder);
  file.exec('DELETE FROM line_text');
  const second = await openStore({ folder });
  expect(idsOf(await second.search(NEEDLE))).toEqual(['one']);
});
