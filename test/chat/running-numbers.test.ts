import { describe, expect, test } from 'vitest';
import { RunningNumbers } from '../../src/chat/running-numbers.js';
import type { Stamp } from '../../src/log/entry.js';

function stamp(session: string, n: number, base: number): Stamp {
  return { session, n, atMs: 0, seen: 0, base };
}

/** Takes the first entry of each of many sessions, each in a pack of its own. @returns the last pack's number */
function takeMany(numbers: RunningNumbers, count: number): number {
  for (let seq = 1; seq <= count; seq += 1) numbers.take(stamp(`s${seq}`, 1, seq - 1), seq);
  return count;
}

describe('a session', () => {
  test('may be first when thousands of others have been before it, although it has seen none of them', () => {
    const numbers = new RunningNumbers();
    const top = takeMany(numbers, 9000);
    expect(numbers.take(stamp('late', 1, 0), top + 1)).toBe(true);
  });

  test('that has been forgotten counts no second time with an entry from before', () => {
    const numbers = new RunningNumbers();
    const top = takeMany(numbers, 11_000);
    expect(numbers.take(stamp('s1', 1, 0), top + 1)).toBe(false);
    expect(numbers.take(stamp('s1', 1, top), top + 1)).toBe(true);
  });

  test('is remembered within bounds, however much one pack holds', () => {
    const numbers = new RunningNumbers();
    for (let count = 0; count < 20_001; count += 1) numbers.take(stamp(`s${count}`, 1, 5), 5);
    expect(numbers.next('s0')).toBe(1);
    expect(numbers.next('s1')).toBe(2);
  });

  test('goes on with any number where all that was before is forgotten, but with nothing from before', () => {
    const numbers = new RunningNumbers();
    numbers.beginAfter(40);
    expect(numbers.take(stamp('a', 7, 39), 41)).toBe(false);
    expect(numbers.take(stamp('a', 7, 40), 42)).toBe(true);
    expect(numbers.take(stamp('a', 7, 40), 43)).toBe(false);
    expect(numbers.take(stamp('a', 8, 40), 44)).toBe(true);
  });

  test('may be first after the log has lost its end', () => {
    const numbers = new RunningNumbers();
    takeMany(numbers, 11_000);
    numbers.regressed(2);
    expect(numbers.take(stamp('new', 1, 2), 3)).toBe(true);
    expect(numbers.take(stamp('s11000', 2, 2), 3)).toBe(true);
  });
});
