import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Author } from '../../src/chat/author.js';
import { ASCII_NAMING, foldCase as fold } from '../../src/chat/case-mapping.js';
import { DomainState } from '../../src/chat/domain-state.js';
import { MemberState, stranger } from '../../src/chat/member-state.js';
import { RANK_BITS } from '../../src/chat/room.js';
import { RoomState } from '../../src/chat/room-state.js';
import {
  decodeDomain,
  type DecodedState,
  decodeRoom,
  encodeDomain,
  encodeRoom,
} from '../../src/chat/snapshot-codec.js';
import type { Who } from '../../src/log/entry.js';

const who = (nick: string): Who => ({ ...stranger('192.0.2.1'), nick, user: nick });

const cast = (session: string, each: Who, atMs: number): MemberState => new MemberState({ session, who: each, atMs });

function newDomain(): DomainState {
  return new DomainState({ naming: ASCII_NAMING, departureLimit: 20, memberOf: cast });
}

function newRoom(): RoomState {
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

test('of those who never come back, a bounded number is waited for: those who were here last', () => {
  const room = newRoom();
  for (let run = 0; run < 3; run += 1) {
    for (let index = 0; index < 600; index += 1) {
      const known = who(`n${run}x${index}`);
      room.apply(1, { ...stamp(`a.${run}.${index}`), kind: 'join', who: known, name: '#a', key: null, flags: [] });
    }
    room.outlive();
  }
  expect(room.snapshot().absent).toHaveLength(1000);
  expect(room.ranksBefore(who('n0x599'))).toBeUndefined();
  expect(room.ranksBefore(who('n2x1'))).toBe(0);
});

/** Returns a state that must be readable. */
function read<T>(decoded: DecodedState<T>): T {
  return decoded.kind === 'state' ? decoded.state : expect.fail(decoded.kind);
}

test('a room that waits for those who were inside does so after another stop', () => {
  const room = newRoom();
  room.restore(read(decodeRoom(encodeRoom(outlived().snapshot()))));
  expect({ isOver: room.isOver, size: room.size }).toEqual({ isOver: false, size: 0 });
  expect(room.ranksBefore(who('ann'))).toBe(RANK_BITS.operator);
  expect(room.ranksBefore(who('bob'))).toBe(0);
  expect(room.ranksBefore(who('cid'))).toBeUndefined();
  expect(room.lacksOperator).toBe(false);
  room.apply(3, { ...stamp('a.2.1'), kind: 'join', who: who('ann'), name: '#a', key: null, flags: [] });
  expect(room.seatBy('a.2.1')?.ranks).toBe(RANK_BITS.operator);
});

test('a room that was saved before others had it gives them no addresses, and knows its operators again', () => {
  const view = {
    guise: (each: Who): Who => ({ ...each, address: each.host }),
    face: (each: Who): Who => each,
    authorOf: (author: Author): Author => author,
    isForeign: false,
  };
  const known = (nick: string): Who => ({ ...who(nick), address: '203.0.113.7', host: 'hidden.example' });
  const enter = (room: RoomState, name: string, run: number): void => {
    room.apply(run, { ...stamp(`a.${run}.1`), kind: 'join', who: known(name), name: '#a', key: null, flags: [] });
  };
  const room = newRoom();
  enter(room, 'ann', 1);
  room.outlive();
  enter(room, 'bob', 2);
  const bob = room.seatBy('a.2.1');
  if (bob !== undefined) bob.ranks = RANK_BITS.operator;
  const shared = new RoomState({ name: '#a', id: 'x', fold, cast, permanentSinceMs: null, view });
  shared.restore(room.snapshot());
  enter(shared, 'cid', 3);
  shared.outlive();
  expect(encodeRoom(shared.snapshot())).not.toContain('203.0.113.7');
  const again = new RoomState({ name: '#a', id: 'x', fold, cast, permanentSinceMs: null, view });
  again.restore(shared.snapshot());
  const ranksOf = (name: string): number | undefined => again.ranksBefore(view.guise(known(name)));
  expect([ranksOf('ann'), ranksOf('bob'), ranksOf('cid')]).toEqual([undefined, RANK_BITS.operator, 0]);
});

test('a domain that the second version has written is read: each member was connected to one node', () => {
  const domain = newDomain();
  domain.apply(1, { ...stamp('a.1.1'), kind: 'arrive', who: who('ann') });
  const text = encodeDomain(domain.snapshot());
  const second = text
    .replace('"version":3', '"version":2')
    .replace('"presences":[],', '')
    .replace(',"isAlone":false', '');
  expect(second).not.toMatch(/presences|isAlone/);
  expect(read(decodeDomain(second))).toEqual(domain.snapshot());
});

test('a room that the first version has written is read: it knew of no other nodes', () => {
  const text = encodeRoom(outlived().snapshot());
  const without = text.replace('"heirs":[],', '').replace('"gone":[],', '');
  const first = without.replace('"version":3', '"version":1');
  expect(first).not.toMatch(/gone|heirs/);
  expect(encodeRoom(read(decodeRoom(first)))).toBe(without.replace('}}', ',"gone":[],"heirs":[]}}'));
});

describe('what cannot be the state of a room is refused', () => {
  const sound = encodeRoom(outlived().snapshot());
  const seat = '{"session":"a.1.1","who":WHO,"ranks":0,"sinceMs":0,"last":1}'.replace(
    'WHO',
    JSON.stringify(who('ann')),
  );
  test.each([
    ['a later version', sound.replace('"version":3', '"version":4'), { kind: 'unknown-version', version: 4 }],
    ['a version that is none', sound.replace('"version":3', '"version":0')],
    ['a missing field', sound.replace('"isAwaiting":true,', '')],
    ['a field of another type', sound.replace('"seats":[]', '"seats":[{"session":"a.1.1"}]')],
    ['a list that is no list', sound.replace('"messages":[]', '"messages":null')],
    ['two places of one session', sound.replace('"seats":[]', `"seats":[${seat},${seat}]`)],
    ['the state of the domain', encodeDomain(newDomain().snapshot())],
    ['half of it', sound.slice(0, 100)],
    ['nothing', ''],
    ['no room at all', 'null'],
  ])('%s', (_, text, why: object = { kind: 'malformed' }) => {
    expect(text).not.toBe(sound);
    expect(decodeRoom(text)).toEqual(why);
  });

  test('but for what makes it so, each of these could be read', () => {
    expect(decodeRoom(sound.replace('"seats":[]', `"seats":[${seat}]`))).toMatchObject({ kind: 'state' });
  });
});

/** Any text that is like a snapshot: some of it is replaced, left out or put there twice. */
function damaged(sound: string): fc.Arbitrary<string> {
  const place = fc.nat({ max: sound.length });
  const junk = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('null', '[]', '{}', '-1', '1e99', '"x"', 'true'));
  return fc
    .tuple(place, place, junk)
    .map(([from, to, text]) => sound.slice(0, Math.min(from, to)) + text + sound.slice(Math.max(from, to)));
}

/** The same with a value of it replaced, so that it stays JSON. */
function replaced(sound: string): fc.Arbitrary<string> {
  const paths: string[] = [];
  JSON.stringify(JSON.parse(sound), function note(this: unknown, key: string, value: unknown) {
    paths.push(key);
    return value;
  });
  return fc.tuple(fc.nat({ max: paths.length - 1 }), fc.jsonValue()).map(([at, value]) => {
    let index = -1;
    const text: unknown = JSON.stringify(JSON.parse(sound), (_key, before: unknown) => {
      index += 1;
      return index === at ? value : before;
    });
    // Undefined if the whole of it was left out.
    return typeof text === 'string' ? text : 'null';
  });
}

describe('whatever is read as a state', () => {
  test('can be gone on from, and is written as it was read', () => {
    const room = outlived();
    room.apply(3, { ...stamp('a.2.1'), kind: 'join', who: who('ann'), name: '#a', key: null, flags: ['secret'] });
    room.apply(4, { ...stamp('a.2.1', 2), kind: 'invite', guest: 'c.1.2', who: who('cid') });
    room.apply(5, { ...stamp('c.1.1'), kind: 'gone', node: 'a.2', heirs: [['a.2.1', 'b.1.1']] });
    const sound = encodeRoom(room.snapshot());
    let read = 0;
    const property = fc.property(fc.oneof(damaged(sound), replaced(sound)), (text) => {
      const decoded = decodeRoom(text);
      if (decoded.kind !== 'state') return;
      read += 1;
      const again = newRoom();
      again.restore(decoded.state);
      expect(again.snapshot()).toEqual(decoded.state);
    });
    fc.assert(property, { numRuns: 2000 });
    expect(read).toBeGreaterThan(10);
  });

  test('of the domain can be gone on from', () => {
    const domain = newDomain();
    for (const [index, nick] of ['ann', 'bob', 'cid'].entries()) {
      domain.apply(index + 1, { ...stamp(`a.1.${index}`), kind: 'arrive', who: who(nick) });
    }
    domain.apply(4, { ...stamp('a.1.0', 2), kind: 'describe', key: 'k', value: 'v', maxKeys: 9 });
    domain.apply(5, { ...stamp('a.1.1', 2), kind: 'trait', trait: 'bot', on: true });
    domain.apply(6, { ...stamp('a.1.2', 2), kind: 'quit', reason: '' });
    const attach = { kind: 'attach', account: null, address: '192.0.2.2', isSecure: true, certificate: null } as const;
    domain.apply(7, { ...stamp('a.1.0'), via: 'b.1.1', ...attach });
    domain.apply(8, { ...stamp('a.1.1'), via: 'b.1.2', ...attach });
    domain.apply(9, { ...stamp('b.1.9'), kind: 'gone', node: 'a.1' });
    const sound = encodeDomain(domain.snapshot());
    const whole = newDomain();
    whole.restore(read(decodeDomain(sound)));
    expect(encodeDomain(whole.snapshot())).toBe(sound);
    const property = fc.property(fc.oneof(damaged(sound), replaced(sound)), (text) => {
      const decoded = decodeDomain(text);
      if (decoded.kind === 'state') newDomain().restore(decoded.state);
    });
    fc.assert(property, { numRuns: 1000 });
    expect(decodeDomain(sound.replace('"version":3', '"version":7'))).toEqual({ kind: 'unknown-version', version: 7 });
  });
});
