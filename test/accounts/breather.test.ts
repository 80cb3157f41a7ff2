import { expect, test } from 'vitest';
import { Breather } from '../../src/accounts/breather.js';

/** A breather on a clock that moves by work and by rests. */
function start(): {
  readonly clock: { nowMs: number };
  readonly rests: number[];
  readonly fail: () => Promise<boolean>;
} {
  const clock = { nowMs: 0 };
  const rests: number[] = [];
  const breather = new Breather(
    () => clock.nowMs,
    (delayMs) => {
      rests.push(delayMs);
      clock.nowMs += delayMs;
      return Promise.resolve();
    },
  );
  const fail = (): Promise<boolean> =>
    breather.during(() => {
      clock.nowMs += 100;
      return Promise.resolve(false);
    });
  return { clock, rests, fail };
}

test('failures in a row cost no rest at first, and then three times their work each', async () => {
  const { rests, fail } = start();
  for (let number = 0; number < 20; number += 1) expect(await fail()).toBe(false);
  expect(rests).toEqual([]);
  for (let number = 0; number < 10; number += 1) await fail();
  expect(new Set(rests)).toEqual(new Set([300]));
});

test('failures are forgotten, and what succeeds never rests', async () => {
  const { clock, rests, fail } = start();
  for (let number = 0; number < 40; number += 1) await fail();
  const before = rests.length;
  expect(before).toBeGreaterThan(0);
  clock.nowMs += 10_000;
  for (let number = 0; number < 15; number += 1) await fail();
  expect(rests).toHaveLength(before);
  const breather = new Breather(
    () => 0,
    () => Promise.reject(new Error('it rests')),
  );
  for (let number = 0; number < 40; number += 1) expect(await breather.during(() => Promise.resolve(true))).toBe(true);
});
