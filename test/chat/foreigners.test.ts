/** People of other domains, whose sessions another domain may invent. */
import { expect, test } from 'vitest';
import { ASCII_NAMING } from '../../src/chat/case-mapping.js';
import { Foreigners } from '../../src/chat/foreigners.js';
import { type MemberState, stranger } from '../../src/chat/member-state.js';
import { RoomState, type SeatState } from '../../src/chat/room-state.js';

const { fold } = ASCII_NAMING;

/** People of one domain, and a room for them. */
function abroad() {
  const foreigners = new Foreigners(fold);
  const meet = (session: string, nick: string): MemberState => foreigners.meet(session, { ...stranger(''), nick }, 0);
  const cast = (session: string): MemberState => meet(session, 'ann/x');
  const room = new RoomState({ name: '#a', id: 'a', fold, cast, permanentSinceMs: null });
  const enter = (session: string): void => {
    const who = { ...stranger(''), nick: 'ann/x' };
    room.seat(room.memberOf(session, who), { session, who, ranks: 0, sinceMs: 0, last: 1 });
  };
  return { foreigners, room, meet, enter };
}

test('of many with one nick the latest one is found, and no more than a few are looked through', () => {
  const { foreigners, room, enter } = abroad();
  for (let count = 1; count <= 40; count += 1) enter(`x/a.1.${count}`);
  expect(foreigners.byNick('ann/x')?.session).toBe('x/a.1.40');
  const last: readonly SeatState[] = room.seats.slice(8);
  for (const seat of last) room.unseat(seat);
  expect(room.size).toBe(8);
  expect(foreigners.byNick('ann/x')).toBeUndefined();
});

test('a member whose session another one has taken over is forgotten with those who are in no room', () => {
  const { foreigners, meet } = abroad();
  meet('x/a.1.1', 'former/x');
  foreigners.move(meet('x/b.1.1', 'heir/x'), 'x/a.1.1');
  expect(foreigners.known('former/x')).toBeDefined();
  for (let count = 1; count <= 1000; count += 1) meet(`x/c.1.${count}`, `nick${count}/x`);
  expect(foreigners.known('former/x')).toBeUndefined();
});
