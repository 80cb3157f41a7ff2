import { expect, test } from 'vitest';
import { Recent } from '../../src/store/recent.js';

test('what was used last stays, and there are never more than twice as many', () => {
  const recent = new Recent<number, string>(10);
  for (let n = 0; n < 1_000; n += 1) {
    recent.set(n, `${n}`);
    expect(recent.get(0)).toBe('0');
    expect(recent.size).toBeLessThanOrEqual(20);
  }
  for (let n = 991; n < 1_000; n += 1) expect(recent.get(n)).toBe(`${n}`);
  expect(recent.get(500)).toBeUndefined();
});

test('what is deleted or changed is found as it is now', () => {
  const recent = new Recent<string, number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  recent.set('c', 3);
  recent.set('a', 4);
  expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([4, 2, 3]);
  recent.delete('a');
  expect(recent.get('a')).toBeUndefined();
  recent.clear();
  expect([recent.size, recent.get('b')]).toEqual([0, undefined]);
});
