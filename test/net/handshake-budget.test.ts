import { expect, test } from 'vitest';
import { HandshakeBudget } from '../../src/net/handshake-budget.js';

test('handshakes that cost little never wait', () => {
  const budget = new HandshakeBudget(50);
  for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
    budget.spend(4, nowMs);
    expect(budget.waitMs(nowMs)).toBe(0);
  }
});

test('those that take more than their share wait until it is theirs again', () => {
  const budget = new HandshakeBudget(25);
  budget.spend(100, 0);
  expect(budget.waitMs(0)).toBe(0);
  budget.spend(10, 0);
  expect(budget.waitMs(0)).toBe(40);
  expect(budget.waitMs(39)).toBe(1);
  expect(budget.waitMs(40)).toBe(0);
});

test('a flood takes its share of the time, and no more', () => {
  const budget = new HandshakeBudget(20);
  let spentMs = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 1) {
    if (budget.waitMs(nowMs) > 0) continue;
    budget.spend(1, nowMs);
    spentMs += 1;
  }
  expect(spentMs / 60_000).toBeCloseTo(0.2, 2);
});

test('time without handshakes is not saved up', () => {
  const budget = new HandshakeBudget(50);
  expect(budget.waitMs(1_000_000)).toBe(0);
  budget.spend(130, 1_000_000);
  expect(budget.waitMs(1_000_000)).toBe(60);
});
