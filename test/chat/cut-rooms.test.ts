import { expect, test } from 'vitest';
import { CutRooms } from '../../src/chat/cut-rooms.js';

const everywhere = (): boolean => true;
const nowhere = (): boolean => false;

test('the members of a room are notified once that its home is away, and then that it is back', () => {
  const rooms = new CutRooms();
  rooms.away('r:#a:x', 0);
  rooms.away('r:#a:x', 4_000);
  expect(rooms.due(4_999, everywhere)).toEqual([]);
  expect(rooms.due(5_000, everywhere)).toEqual(['r:#a:x']);
  rooms.away('r:#a:x', 6_000);
  expect(rooms.due(20_000, everywhere)).toEqual([]);
  expect([rooms.back('r:#a:x'), rooms.back('r:#a:x')]).toEqual([true, false]);
});

test('a room that is left while its home is away is one like any other when somebody enters it again', () => {
  const rooms = new CutRooms();
  rooms.away('r:#a:x', 0);
  expect(rooms.due(5_000, everywhere)).toEqual(['r:#a:x']);
  expect(rooms.due(6_000, nowhere)).toEqual([]);
  rooms.away('r:#a:x', 7_000);
  expect(rooms.due(12_000, everywhere)).toEqual(['r:#a:x']);
});
