import { expect, test } from 'vitest';
import { Backoff } from '../../src/control/backoff.js';

test('what ends at once is started ever later, up to ten seconds, and what has lived for a minute at once', () => {
  const backoff = new Backoff();
  const delays = Array.from({ length: 9 }, () => backoff.after(59_999));
  expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  expect([backoff.after(60_000), backoff.after(0)]).toEqual([100, 200]);
});
