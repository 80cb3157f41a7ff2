/** Members that arrive and leave leave nothing on the heap. */
import { expect, test } from 'vitest';
import { heapGrowth } from '../../support/heap.js';
import { churnPeers, churnRooms } from './churn.js';

/** Less than 10,000 of anything that a join could leave behind. */
const HEAP_BYTES = 300_000;

const growsNot = (again: () => void): void => {
  expect(heapGrowth(again)).toBeLessThan(HEAP_BYTES);
};

test('10,000 joins and parts of random rooms leave no trace', () => {
  churnRooms(10_000, growsNot);
});

test('a thousand peers that connect, watch others, join, talk and leave again leave no trace', () => {
  churnPeers(1000, growsNot);
});
