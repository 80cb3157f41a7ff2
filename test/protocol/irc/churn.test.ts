/** Members that arrive and leave leave no trace: the maps are checked exactly. */
import { test } from 'vitest';
import { churnPeers, churnRooms } from './churn.js';

const twice = (again: () => void): void => {
  again();
};

test('1,000 joins and parts of random rooms leave no trace', () => {
  churnRooms(1000, twice);
});

test('a hundred peers that connect, watch others, join, talk and leave again leave no trace', () => {
  churnPeers(100, twice);
});
