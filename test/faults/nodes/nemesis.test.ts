import { expect, test } from 'vitest';
import { describeSchedule, scheduleOf } from './nemesis.js';

const options = { nodes: 3, seconds: 300, leaseMs: 5_000 };

test('a seed alone decides the schedule', () => {
  expect(scheduleOf({ ...options, seed: 4 })).toEqual(scheduleOf({ ...options, seed: 4 }));
  expect(scheduleOf({ ...options, seed: 4 })).not.toEqual(scheduleOf({ ...options, seed: 5 }));
});

test('one fault ends before the next one begins, and all before the run ends', () => {
  const events = scheduleOf({ ...options, seed: 1 });
  for (const [index, { fromMs, toMs }] of events.entries()) {
    expect(toMs).toBeGreaterThan(fromMs);
    expect(toMs).toBeLessThanOrEqual(events[index + 1]?.fromMs ?? 300_000);
  }
});

test('in a long run every kind of fault happens, to every node, shorter than a lease and longer', () => {
  const events = scheduleOf({ ...options, seed: 1, seconds: 3_000 });
  expect([...new Set(events.map(({ kind }) => kind))].sort()).toEqual([
    'broker-crash',
    'broker-freeze',
    'clock',
    'cut',
    'disk-full',
    'freeze',
    'kill',
    'weather',
  ]);
  const frozen = events.flatMap((event) => (event.kind === 'freeze' ? [event] : []));
  expect(new Set(frozen.map(({ node }) => node)).size).toBe(3);
  expect(frozen.some(({ fromMs, toMs }) => toMs - fromMs < 5_000)).toBe(true);
  expect(frozen.some(({ fromMs, toMs }) => toMs - fromMs > 5_000)).toBe(true);
});

test('a schedule can be read', () => {
  expect(describeSchedule([{ kind: 'cut', node: 1, way: 'in', fromMs: 1_000, toMs: 2_500 }])).toBe(
    '1.0 s to 2.5 s: cut {"node":1,"way":"in"}',
  );
});
