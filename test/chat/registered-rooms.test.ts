/** Rooms that belong to accounts. */
import { describe, expect, test } from 'vitest';
import { Chat, type ChatOptions } from '../../src/chat/chat.js';
import type { ChatEvent } from '../../src/chat/event.js';
import type { Outlet, Privilege } from '../../src/chat/member.js';
import { stateOf } from '../../src/chat/member-state.js';
import { RANK_BITS } from '../../src/chat/room.js';
import { RoomState } from '../../src/chat/room-state.js';
import { decodeRoom, encodeRoom } from '../../src/chat/snapshot-codec.js';
import { HeldLog } from '../support/held-log.js';
import { settled } from '../support/settled.js';

const limits = { maxMasks: 100, maxValues: 100 };
const { owner, operator, voice } = RANK_BITS;

/** Keeps the events that it gets. */
class Ear implements Outlet {
  readonly isSecure = false;
  readonly certificate = null;
  readonly remoteHost = '192.0.2.1';
  readonly heard: ChatEvent[] = [];
  readonly encoder = {
    encode: (event: ChatEvent): Uint8Array => {
      this.heard.push(event);
      return new Uint8Array(0);
    },
    isDroppable: () => false,
  };
  send(): void {}
  expel(): void {}
}

class Scene {
  readonly chat: Chat;

  constructor(options: ChatOptions = {}) {
    this.chat = new Chat(options);
  }

  arrive(nick: string, account: string | null = null, privileges: readonly Privilege[] | null = null) {
    const ear = new Ear();
    const member = this.chat.receive({ host: '192.0.2.1', outlet: ear });
    stateOf(member).become({ privileges });
    expect(settled(this.chat.admit(member, { nick, user: 'u', realName: 'r', account })).kind).toBe('arrived');
    const join = () => {
      const joined = settled(this.chat.join(member, '#a', { key: null, maxRooms: 9, flags: [] }));
      return joined.kind === 'refused' ? joined.why : joined.kind;
    };
    const part = () => settled(this.chat.part(member, '#a', ''));
    return { member, ear, join, part, ranks: () => this.room?.ranksOf(member) };
  }

  get room() {
    return this.chat.directory.room('#a');
  }

  /** A room of ann's account, in which she is. */
  static registered(options: ChatOptions = {}) {
    const scene = new Scene(options);
    const ann = scene.arrive('ann', 'ann');
    ann.join();
    expect(settled(scene.chat.registerRoom(ann.member, '#a', 9)).kind).toBe('amended');
    return { scene, chat: scene.chat, ann };
  }
}

const whyOf = (answer: { readonly kind: string; readonly why?: string } | null) =>
  answer && (answer.why ?? answer.kind);

test('the founder gets the rank of an owner, and everybody hears of it', () => {
  const { scene, ann } = Scene.registered();
  expect(ann.ranks()).toBe(owner | operator);
  expect(ann.ear.heard.at(-1)).toMatchObject({ kind: 'settings', by: null, changes: [{ on: true, rank: 'owner' }] });
  expect(scene.room?.registration?.founder).toBe('ann');
});

test('a registered room keeps everything when the last one leaves, and its founder leads it again', () => {
  const { scene, chat, ann } = Scene.registered();
  chat.setTopic(ann.member, '#a', 'tea');
  chat.amend(ann.member, '#a', [{ kind: 'key', on: true, key: 'k' }], limits);
  ann.part();
  expect(scene.room).toMatchObject({ topic: { text: 'tea' }, key: 'k', size: 0 });
  expect(chat.directory.occupiedRoomCount).toBe(0);
  // The key is for others: the founder could take it away.
  expect(scene.arrive('bob').join()).toBe('bad-key');
  expect(ann.join()).toBe('joined');
  expect(ann.ranks()).toBe(owner);
});

test('a stranger that enters an empty registered room does not lead it', () => {
  const { scene, ann } = Scene.registered();
  ann.part();
  const bob = scene.arrive('bob');
  expect([bob.join(), bob.ranks()]).toEqual(['joined', 0]);
});

describe('the ranks of an account', () => {
  test('are there at once for one inside, and whenever it enters, and all hear of it', () => {
    const { scene, chat, ann } = Scene.registered();
    const bob = scene.arrive('robert', 'Bob');
    bob.join();
    chat.grantRanks(ann.member, '#a', { account: 'bob', ranks: operator });
    expect(bob.ranks()).toBe(operator);
    bob.part();
    bob.join();
    expect(bob.ranks()).toBe(operator);
    expect(ann.ear.heard.at(-1)).toMatchObject({ kind: 'settings', changes: [{ on: true, rank: 'operator' }] });
    chat.grantRanks(ann.member, '#a', { account: 'BOB', ranks: 0 });
    expect(bob.ranks()).toBe(0);
    expect(scene.room?.registration?.access).toEqual([]);
  });

  test('are given to one that logs in while it is inside', () => {
    const { scene, chat, ann } = Scene.registered();
    chat.grantRanks(ann.member, '#a', { account: 'bob', ranks: voice });
    const bob = scene.arrive('bob');
    bob.join();
    expect(bob.ranks()).toBe(0);
    stateOf(bob.member).become({ account: 'bob' });
    // Something else about it, by which the room gets to know of the account.
    chat.setHost(bob.member, 'h.example');
    expect(bob.ranks()).toBe(voice);
    expect(bob.ear.heard.at(-1)).toMatchObject({ kind: 'settings', by: null });
  });

  test.each([
    ['the founder gives any', owner, owner, 'amended'],
    ['an operator gives what is below its own', operator, voice, 'amended'],
    ['an operator gives its own', operator, operator, 'amended'],
    ['an operator does not give a higher one', operator, RANK_BITS.admin, 'not-allowed'],
    ['one with a voice gives none', voice, voice, 'not-allowed'],
  ])('%s', (_, own, given, expected) => {
    const { scene, chat, ann } = Scene.registered();
    chat.grantRanks(ann.member, '#a', { account: 'bob', ranks: own });
    const bob = scene.arrive('bob', 'bob');
    expect(whyOf(settled(chat.grantRanks(bob.member, '#a', { account: 'cat', ranks: given })))).toBe(expected);
  });

  test('of somebody above are not taken away', () => {
    const { scene, chat, ann } = Scene.registered();
    chat.grantRanks(ann.member, '#a', { account: 'bob', ranks: operator });
    chat.grantRanks(ann.member, '#a', { account: 'cat', ranks: owner });
    const bob = scene.arrive('bob', 'bob');
    expect(whyOf(settled(chat.grantRanks(bob.member, '#a', { account: 'cat', ranks: 0 })))).toBe('not-allowed');
  });

  test('a rank in the room alone gives nobody the right to change them', () => {
    const { scene, chat, ann } = Scene.registered();
    const bob = scene.arrive('bob', 'bob');
    bob.join();
    chat.amend(ann.member, '#a', [{ kind: 'rank', on: true, rank: 'owner', nick: 'bob' }], limits);
    expect(whyOf(settled(chat.grantRanks(bob.member, '#a', { account: 'cat', ranks: voice })))).toBe('not-allowed');
    expect(whyOf(settled(chat.unregisterRoom(bob.member, '#a')))).toBe('not-allowed');
    expect(whyOf(settled(chat.retitle(bob.member, '#a', '#b', '')))).toBe('not-allowed');
  });

  test('let in those who look after the room, whatever keeps others out', () => {
    const { scene, chat, ann } = Scene.registered();
    chat.grantRanks(ann.member, '#a', { account: 'bob', ranks: operator });
    chat.amend(ann.member, '#a', [{ kind: 'flag', on: true, flag: 'invite-only' }], limits);
    expect(scene.arrive('cat', 'cat').join()).toBe('invite-only');
    expect(scene.arrive('bob', 'bob').join()).toBe('joined');
  });

  test('show a secret room to its account', () => {
    const { scene, chat, ann } = Scene.registered();
    chat.grantRanks(ann.member, '#a', { account: 'bob', ranks: voice });
    chat.amend(ann.member, '#a', [{ kind: 'flag', on: true, flag: 'secret' }], limits);
    expect(chat.directory.visibleRoom(scene.arrive('bob', 'bob').member, '#a')).toBeDefined();
    expect(chat.directory.visibleRoom(scene.arrive('cat', 'cat').member, '#a')).toBeUndefined();
  });
});

test('only an operator inside who has logged in registers a room, and only once', () => {
  const scene = new Scene();
  const op = scene.arrive('op');
  op.join();
  const bob = scene.arrive('bob', 'bob');
  expect(whyOf(settled(scene.chat.registerRoom(op.member, '#a', 9)))).toBe('needs-account');
  expect(whyOf(settled(scene.chat.registerRoom(bob.member, '#a', 9)))).toBe('not-inside');
  bob.join();
  expect(whyOf(settled(scene.chat.registerRoom(bob.member, '#a', 9)))).toBe('not-allowed');
  expect(whyOf(settled(scene.chat.registerRoom(bob.member, '#b', 9)))).toBe('no-such-room');
  const registered = Scene.registered();
  expect(whyOf(settled(registered.chat.registerRoom(registered.ann.member, '#a', 9)))).toBe('registered');
});

test('an account founds as many rooms as it may', () => {
  const { chat, ann } = Scene.registered();
  settled(chat.join(ann.member, '#b', { key: null, maxRooms: 9, flags: [] }));
  expect(whyOf(settled(chat.registerRoom(ann.member, '#b', 1)))).toBe('too-many-rooms');
  expect(whyOf(settled(chat.registerRoom(ann.member, '#b', 2)))).toBe('amended');
});

test('a room that nobody is in closes when its registration ends', () => {
  const { scene, chat, ann } = Scene.registered();
  ann.part();
  expect(settled(chat.unregisterRoom(ann.member, '#a'))).toBeNull();
  expect(scene.room).toBeUndefined();
  const bob = scene.arrive('bob');
  bob.join();
  expect(bob.ranks()).toBe(operator);
});

test('the new founder of a room owns it, and the old one does not any more', () => {
  const { scene, chat, ann } = Scene.registered();
  const bob = scene.arrive('bob', 'bob');
  bob.join();
  expect(settled(chat.passRoom(ann.member, '#a', { account: 'Bob', maxRooms: 9 })).kind).toBe('amended');
  expect(bob.ranks()).toBe(owner);
  expect(whyOf(settled(chat.passRoom(ann.member, '#a', { account: 'ann', maxRooms: 9 })))).toBe('not-allowed');
  expect(scene.room?.registration?.founder).toBe('Bob');
});

test('a room is not handed over to an account that has as many as it may', () => {
  const { scene, chat, ann } = Scene.registered();
  const bob = scene.arrive('bob', 'bob');
  chat.join(bob.member, '#b', { key: null, maxRooms: 9, flags: [] });
  expect(settled(chat.registerRoom(bob.member, '#b', 1)).kind).toBe('amended');
  expect(whyOf(settled(chat.passRoom(ann.member, '#a', { account: 'BOB', maxRooms: 1 })))).toBe('too-many-rooms');
  expect(scene.room?.registration?.founder).toBe('ann');
  expect(settled(chat.passRoom(ann.member, '#a', { account: 'BOB', maxRooms: 2 })).kind).toBe('amended');
});

test('an operator of the server may end any registration', () => {
  const { scene, chat } = Scene.registered();
  expect(settled(chat.unregisterRoom(scene.arrive('root', null, ['override']).member, '#a'))).toBeNull();
});

test('an account that is gone has no rooms and no ranks', () => {
  const { scene, chat, ann } = Scene.registered();
  const bob = scene.arrive('bob', 'bob');
  bob.join();
  chat.grantRanks(ann.member, '#a', { account: 'bob', ranks: operator });
  chat.releaseAccount('BOB');
  expect([scene.room?.registration?.access, bob.ranks()]).toEqual([[], 0]);
  chat.releaseAccount('Ann');
  expect(scene.room?.registration).toBeNull();
});

test('an account that is gone is on no list of any room, so that the next one of its name is not', () => {
  const { scene, chat, ann } = Scene.registered();
  const bob = scene.arrive('bob');
  bob.join();
  const masks = [
    ['ban', '~a:Eve'],
    ['exception', '~a:eve'],
    ['invitation', '~a:eve'],
    ['mute', '~a:eve'],
    ['ban', '~a:ev*'],
    ['ban', 'eve!*@*'],
  ] as const;
  const changes = masks.map(([list, mask]) => ({ kind: 'mask', on: true, list, mask }) as const);
  chat.amend(ann.member, '#a', changes, { maxMasks: 9, maxValues: 9 });
  bob.ear.heard.length = 0;
  chat.releaseAccount('EVE');
  const left = Object.values(scene.room?.masks ?? {}).flatMap((list) => list.map(({ mask }) => mask));
  expect(left).toEqual(['~a:ev*', 'eve!*@*']);
  expect(bob.ear.heard.splice(0).map(({ kind }) => kind)).toEqual(['settings']);
});

test('a log that is late learns later that an account is gone', () => {
  const log = new HeldLog();
  let nowMs = 0;
  const { scene, chat } = Scene.registered({ log, now: () => nowMs });
  log.become('away');
  chat.releaseAccount('Ann');
  // Those who wait for an answer are told that nothing was done.
  for (nowMs = 1_000; nowMs < 20_000; nowMs += 1_000) chat.tick();
  log.recover();
  expect(scene.room?.registration).toBeNull();
});

test('a room that is kept as text has the same founder and the same ranks', () => {
  const { scene, chat, ann } = Scene.registered();
  chat.grantRanks(ann.member, '#a', { account: 'bob', ranks: operator });
  const { room } = scene;
  if (!(room instanceof RoomState)) return expect.fail('no room');
  const cast = (session: string): never => expect.fail(session);
  const other = new RoomState({ name: '#a', id: 'x', fold: room.fold, cast, permanentSinceMs: null });
  const decoded = decodeRoom(encodeRoom(room.snapshot()));
  if (decoded.kind !== 'state') return expect.fail(decoded.kind);
  other.restore({ ...decoded.state, seats: [] });
  expect(other.registration?.founder).toBe('ann');
  expect(other.registration?.ranksOf('BOB')).toBe(operator);
  expect(other.isOver).toBe(false);
});
