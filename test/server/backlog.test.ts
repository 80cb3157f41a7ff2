import { expect, test } from 'vitest';
import { cutFurthestBehind } from '../../src/server/backlog.js';

function readers(...pending: readonly number[]) {
  return pending.map((pendingBytes) => {
    const reader = {
      pendingBytes,
      reason: '',
      cutAsSlow: (reason: string) => {
        reader.pendingBytes = 0;
        reader.reason = reason;
      },
    };
    return reader;
  });
}

test('the furthest behind are cut off first, and no more of them than necessary', () => {
  const all = readers(100, 900, 300, 1000, 200);
  cutFurthestBehind(all, 700);
  expect(all.map(({ pendingBytes }) => pendingBytes)).toEqual([100, 0, 300, 0, 200]);
  expect(all[3]?.reason).toBe('Max SendQ exceeded: 2500 bytes wait for all readers, the limit is 700');
});

test('nobody is cut off within the limit, and without one', () => {
  const all = readers(100, 900);
  cutFurthestBehind(all, 1000);
  cutFurthestBehind(all, 0);
  expect(all.map(({ pendingBytes }) => pendingBytes)).toEqual([100, 900]);
});
