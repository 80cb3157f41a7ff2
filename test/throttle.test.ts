import { expect, test } from 'vitest';
import { Throttle } from '../src/throttle.js';

test('what has been spent must have come back before another token is taken', () => {
  const throttle = new Throttle(10, 5, 0);
  expect(throttle.take(0)).toBe(true);
  throttle.spend(11, 0);
  expect(throttle.take(700)).toBe(false);
  expect(throttle.waitMs).toBe(100);
  expect(throttle.take(800)).toBe(true);
  expect(throttle.take(800)).toBe(false);
});

test('a debt is gone when as much time has passed as it has cost', () => {
  const throttle = new Throttle(10, 5, 0);
  throttle.spend(5, 0);
  expect(throttle.debtMs).toBe(0);
  throttle.spend(4, 100);
  expect(throttle.debtMs).toBe(300);
  throttle.spend(0, 400);
  expect(throttle.debtMs).toBe(0);
});

test('without a rate, spending costs nothing', () => {
  const throttle = new Throttle(0, 1, 0);
  throttle.spend(1000, 0);
  expect(throttle.take(0)).toBe(true);
});
