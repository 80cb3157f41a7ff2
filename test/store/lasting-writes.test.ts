import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LastingWrites } from '../../src/store/lasting-writes.js';
import type { StoreErrorCode } from '../../src/store/store-error.js';
import type { Write } from '../../src/store/tasks.js';
import type { WriteAnswer } from '../../src/store/write-batches.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const drop = (session: string): Write => ({ kind: 'member-drop', session });
const keep = (session: string, state: string): Write => ({ kind: 'member-keep', session, account: '', state });

/** A store that answers when the test says so. */
class SlowStore {
  readonly asked: { readonly write: Write; readonly answer: WriteAnswer }[] = [];

  write(write: Write, answer: WriteAnswer): void {
    this.asked.push({ write, answer });
  }

  /** What was asked and is not answered yet. */
  get writes(): Write[] {
    return this.asked.map(({ write }) => write);
  }

  take(): void {
    for (const { answer } of this.asked.splice(0)) answer.written(0);
  }

  fail(code: StoreErrorCode = 'ERR_STORE_FULL'): void {
    for (const { answer } of this.asked.splice(0)) answer.failed({ code, message: '' });
  }
}

test('what has failed is written again, one first, and all others as soon as that is written', () => {
  const store = new SlowStore();
  const writes = new LastingWrites(store);
  for (const name of ['a', 'b', 'c']) writes.write(name, drop(name));
  store.fail();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    expect(store.writes).toEqual([]);
    vi.advanceTimersByTime(500);
    expect(store.writes).toHaveLength(1);
    if (attempt < 2) store.fail();
  }
  store.take();
  expect(store.writes).toHaveLength(2);
  store.take();
  vi.advanceTimersByTime(10_000);
  expect(store.writes).toEqual([]);
});

test('of several writes about one thing only the last one is written again', () => {
  const store = new SlowStore();
  const writes = new LastingWrites(store);
  writes.write('a', keep('a', 'before'));
  store.fail();
  writes.write('a', keep('a', 'after'));
  vi.advanceTimersByTime(500);
  expect(store.writes).toEqual([keep('a', 'after')]);
  store.fail();
  vi.advanceTimersByTime(500);
  expect(store.writes).toEqual([keep('a', 'after')]);
});

test('a write that fails behind a later one about the same is not written over it', () => {
  const store = new SlowStore();
  const writes = new LastingWrites(store);
  writes.write('a', keep('a', 'before'));
  const [before] = store.asked.splice(0);
  writes.write('a', drop('a'));
  before?.answer.failed({ code: 'ERR_STORE_FULL', message: '' });
  store.take();
  vi.advanceTimersByTime(10_000);
  expect(store.writes).toEqual([]);
});

test('what the store never takes is given up', () => {
  const store = new SlowStore();
  new LastingWrites(store).write('a', drop('a'));
  store.fail('ERR_STORE_REFUSED');
  vi.advanceTimersByTime(10_000);
  expect(store.writes).toEqual([]);
});

test('what the store never takes holds up nothing else', () => {
  const store = new SlowStore();
  const writes = new LastingWrites(store);
  for (const name of ['a', 'b']) writes.write(name, drop(name));
  store.fail();
  vi.advanceTimersByTime(500);
  expect(store.writes).toEqual([drop('a')]);
  store.fail('ERR_STORE_REFUSED');
  vi.advanceTimersByTime(500);
  expect(store.writes).toEqual([drop('b')]);
});

test('at the end, what has failed is tried once more', () => {
  const store = new SlowStore();
  const writes = new LastingWrites(store);
  for (const name of ['a', 'b']) writes.write(name, drop(name));
  store.fail();
  writes.close();
  expect(store.writes).toEqual([drop('a'), drop('b')]);
  store.fail();
  vi.advanceTimersByTime(10_000);
  expect(store.writes).toEqual([]);
});
