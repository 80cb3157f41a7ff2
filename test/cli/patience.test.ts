import { expect, test } from 'vitest';
import { Patience } from '../../src/cli/patience.js';

test('a process that sends no signs of life has as long as it had in earlier versions', () => {
  expect(new Patience(100, false, false).deadline).toEqual({ atMs: 15_100, why: 'the new process does not answer' });
  expect(new Patience(100, false, true).deadline).toMatchObject({ atMs: 600_100 });
});

test('one that sends them is given up seconds after the last one', () => {
  const patience = new Patience(100, true, true);
  expect(patience.deadline).toMatchObject({ atMs: 5_100 });
  patience.heard(1, 2_000);
  expect(patience.deadline).toEqual({ atMs: 7_000, why: 'the new process shows no sign of life for 5000 ms' });
});

test('one that does something may take minutes', () => {
  const patience = new Patience(0, true, false);
  let work = 0;
  for (let nowMs = 500; nowMs <= 595_000; nowMs += 500) {
    patience.heard((work += 1), nowMs);
    expect(patience.deadline.atMs).toBe(nowMs + 5_000);
  }
  patience.heard((work += 1), 599_000);
  expect(patience.deadline).toEqual({ atMs: 600_000, why: 'the new process does not answer' });
  expect(() => {
    patience.heard((work += 1), 600_000);
  }).toThrow('the new process does not answer');
});

test('one that does nothing is given up, however often it says that it lives', () => {
  const patience = new Patience(0, true, true);
  patience.heard(1, 1_000);
  for (let nowMs = 1_500; nowMs < 31_000; nowMs += 500) patience.heard(1, nowMs);
  expect(() => {
    patience.heard(1, 31_000);
  }).toThrow('the new process has got no further for 30000 ms');
});

test('one that stood still with the whole machine is not given up for that', () => {
  const patience = new Patience(0, true, true);
  patience.heard(1, 1_000);
  patience.heard(1, 100_000);
  expect(patience.deadline).toMatchObject({ atMs: 105_000 });
});
