import { describe, expect, test } from 'vitest';
import { foldCase as fold } from '../../src/chat/case-mapping.js';
import { MemberState, stranger } from '../../src/chat/member-state.js';
import { RANK_BITS } from '../../src/chat/room.js';
import { RoomState } from '../../src/chat/room-state.js';
import { decodeRoom, encodeRoom } from '../../src/chat/snapshot-codec.js';
import type { Who } from '../../src/log/entry.js';

const who = (nick: string): Who => ({ ...stranger('192.0.2.1'), nick, user: nick });

function newRoom(): RoomState {
  const cast = (session: string, each: Who, atMs: number): MemberState => new MemberState({ session, who: each, atMs });
  return new RoomState({ name: '#a', id: 'x', fold, cast, permanentSinceMs: null });
}

function stamp(session: string, n = 1): { session: string; n: number; atMs: number; seen: number; base: number } {
  return { session, n, atMs: 1000, seen: 0, base: 0 };
}

/** A room with an operator and another member, after its server has stopped. */
function outlived(): RoomState {
  const room = newRoom();
  for (const [index, nick] of ['ann', 'bob'].entries()) {
    const session = `a.1.${index}`;
    room.apply(index + 1, { ...stamp(session), kind: 'join', who: who(nick), name: '#a', key: null, flags: [] });
  }
  room.outlive();
  return room;
}

test('a room that waits for those who were inside does so after another stop', () => {
  const room = newRoom();
  room.restore(decodeRoom(encodeRoom(outlived().snapshot())));
  expect({ isOver: room.isOver, size: room.size }).toEqual({ isOver: false, size: 0 });
  expect(room.ranksBefore(who('ann'))).toBe(RANK_BITS.operator);
  expect(room.ranksBefore(who('bob'))).toBe(0);
  expect(room.ranksBefore(who('cid'))).toBeUndefined();
  expect(room.lacksOperator).toBe(false);
  room.apply(3, { ...stamp('a.2.1'), kind: 'join', who: who('ann'), name: '#a', key: null, flags: [] });
  expect(room.seatBy('a.2.1')?.ranks).toBe(RANK_BITS.operator);
});

describe('what cannot be the state of a room is refused', () => {
  const sound = encodeRoom(newRoom().snapshot());
  test.each([
    ['another version', sound.replace('"version":1', '"version":2')],
    ['a missing field', sound.replace('"isAwaiting":false,', '')],
    ['a field of another type', sound.replace('"seats":[]', '"seats":[{"session":"a.1.1"}]')],
    ['a list that is no list', sound.replace('"messages":[]', '"messages":null')],
    ['no room at all', 'null'],
  ])('%s', (_, text) => {
    expect(text).not.toBe(sound);
    expect(() => decodeRoom(text)).toThrow(TypeError);
  });
});
