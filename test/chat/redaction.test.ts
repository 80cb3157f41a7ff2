import { expect, test } from 'vitest';
import { foldCase as fold } from '../../src/chat/case-mapping.js';
import { MemberState, stranger } from '../../src/chat/member-state.js';
import { RoomState } from '../../src/chat/room-state.js';

test('after a log has lost its end, the id of a message from before names none that has taken its place', () => {
  const who = { ...stranger('192.0.2.1'), nick: 'ann' };
  const cast = (session: string) => new MemberState({ session, who, atMs: 0 });
  const room = new RoomState({ name: '#a', id: 'x', fold, cast, permanentSinceMs: null });
  const stamp = (session: string, n: number) => ({ session, n, atMs: 0, seen: 0, base: 0 });
  const say = (seq: number, session: string, n: number) => {
    const words = { type: 'message', text: 't', tags: [], isDivisible: false } as const;
    const said = room.apply(seq, { ...stamp(session, n), kind: 'say', who: null, ranks: 0, ...words });
    return said.kind === 'said' ? said.id : expect.fail(said.why);
  };
  for (const session of ['a.1.1', 'a.1.2']) {
    room.apply(1, { ...stamp(session, 1), kind: 'join', who, name: '#a', key: null, flags: [] });
  }
  const before = say(2, 'a.1.2', 2);
  room.regressed(1);
  const after = say(2, 'a.1.2', 3);
  expect(after).not.toBe(before);
  const redact = (n: number, message: string) =>
    room.apply(3, { ...stamp('a.1.2', n), kind: 'redact', who: null, message, reason: '' });
  expect(redact(4, before)).toMatchObject({ kind: 'refused', why: 'no-such-message' });
  expect(redact(5, after)).toMatchObject({ kind: 'redacted', message: after });
});
