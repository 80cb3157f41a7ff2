import { expect, test } from 'vitest';
import { CautiousClock } from '../../src/server/cautious-clock.js';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** A clock whose sources are set by hand. */
function newClock() {
  const sources = { wall: 5 * YEAR_MS, steady: 0 };
  const clock = new CautiousClock({ now: () => sources.wall, steady: () => sources.steady });
  const pass = (hours: number): void => {
    sources.wall += hours * HOUR_MS;
    sources.steady += hours * HOUR_MS;
  };
  return { clock, sources, pass };
}

test('a clock that runs is followed, and one that is set back too', () => {
  const { clock, sources, pass } = newClock();
  pass(1000);
  expect(clock.now()).toBe(sources.wall);
  sources.wall -= YEAR_MS;
  expect(clock.now()).toBe(sources.wall);
  pass(1);
  expect([clock.now(), clock.isAhead]).toEqual([sources.wall, false]);
});

test('one that jumps ahead is not followed, unless it stays there for a day', () => {
  const { clock, sources, pass } = newClock();
  const before = clock.now();
  sources.wall += YEAR_MS;
  expect([clock.now(), clock.isAhead]).toEqual([before, true]);
  pass(23);
  expect([clock.now(), clock.isAhead]).toEqual([before + 23 * HOUR_MS, true]);
  pass(1);
  expect([clock.now(), clock.isAhead]).toEqual([sources.wall, false]);
});

test('a jump that is taken back has changed nothing', () => {
  const { clock, sources, pass } = newClock();
  sources.wall += YEAR_MS;
  clock.now();
  pass(1);
  sources.wall -= YEAR_MS;
  expect([clock.now(), clock.isAhead]).toEqual([sources.wall, false]);
});
