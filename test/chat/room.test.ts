import { beforeEach, describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import { Core } from '../../src/chat/core.js';
import type { ChatEvent, Said } from '../../src/chat/event.js';
import { type Encoder, type Member, type Outlet, PRIVILEGES } from '../../src/chat/member.js';
import { type MemberState, stateOf } from '../../src/chat/member-state.js';
import { entryRefusal, speechRefusal } from '../../src/chat/permissions.js';
import { Publisher } from '../../src/chat/publisher.js';
import { RANK_BITS } from '../../src/chat/room.js';
import { RoomState } from '../../src/chat/room-state.js';
import { settled } from '../support/settled.js';

/** Counts how often it encodes. */
class CountingEncoder implements Encoder {
  calls = 0;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  encode(event: ChatEvent): Uint8Array | null {
    this.calls += 1;
    return event.kind === 'away' ? null : Buffer.from(`${this.#prefix}:${event.kind}`);
  }

  isDroppable(event: ChatEvent): boolean {
    return event.kind === 'joined';
  }
}

class Ear implements Outlet {
  readonly isSecure = false;
  readonly certificate = null;
  readonly remoteHost = 'h.example';
  readonly heard: Uint8Array[] = [];
  readonly dropped: boolean[] = [];
  readonly encoder: Encoder;

  constructor(encoder: Encoder) {
    this.encoder = encoder;
  }

  send(bytes: Uint8Array, droppable: boolean): void {
    this.heard.push(bytes);
    this.dropped.push(droppable);
  }

  expel(): void {
    throw new Error('nobody is expelled here');
  }

  take(): string[] {
    return this.heard.splice(0).map((bytes) => Buffer.from(bytes).toString());
  }
}

const red = new CountingEncoder('red');
const blue = new CountingEncoder('blue');
const publisher = new Publisher(new Core().directory, { outOf: () => [], besides: () => [] });
const author = { nick: 'ann', user: 'u', host: 'h.example' };
const anyRoom = { key: null, maxRooms: 10, flags: [] };
let chat: Chat;

function admit(nick: string, encoder: Encoder = red): { member: MemberState; ear: Ear } {
  const ear = new Ear(encoder);
  const member = stateOf(chat.receive({ host: 'h.example', outlet: ear }));
  const admitted = settled(chat.admit(member, { nick, user: 'u', realName: nick }));
  if (admitted.kind !== 'arrived') throw new Error(`${nick} is taken`);
  return { member, ear };
}

function join(member: Member, name: string): RoomState {
  const { room } = settled(chat.join(member, name, anyRoom));
  if (!(room instanceof RoomState)) throw new Error('already in');
  return room;
}

beforeEach(() => {
  chat = new Chat({ now: () => 1000 });
  red.calls = 0;
  blue.calls = 0;
});

describe('the delivery of events', () => {
  test('an event is encoded once for each kind of reader and the bytes are shared', () => {
    const speakers = Array.from({ length: 10 }, (_, index) => admit(`n${index}`, index % 2 === 0 ? red : blue));
    let room: RoomState | null = null;
    for (const { member } of speakers) room = join(member, '#a');
    for (const { ear } of speakers) ear.take();
    red.calls = 0;
    blue.calls = 0;
    if (room !== null) publisher.publish({ kind: 'topic', atMs: 0, id: '', by: null, room, text: 'x' }, null);
    expect([red.calls, blue.calls]).toEqual([1, 1]);
    expect(speakers[0]?.ear.heard[0]).toBe(speakers[2]?.ear.heard[0]);
    expect(speakers[1]?.ear.take()).toEqual(['blue:topic']);
  });

  test('one member can be left out, and a minimum rank picks the others', () => {
    const ann = admit('ann');
    const bob = admit('bob');
    const eve = admit('eve');
    const room = join(ann.member, '#a');
    join(bob.member, '#a');
    join(eve.member, '#a');
    room.change({ kind: 'rank', on: true, rank: 'voice', member: bob.member }, author, 0);
    for (const { ear } of [ann, bob, eve]) ear.take();
    const said: Said = {
      kind: 'said',
      atMs: 0,
      by: null,
      room,
      to: null,
      ranks: 0,
      type: 'message',
      text: 'x',
      id: '1',
      tags: [],
      isDivisible: false,
    };
    publisher.publish({ ...said, by: bob.member }, bob.member);
    expect([ann, bob, eve].map(({ ear }) => ear.take().length)).toEqual([1, 0, 1]);
    publisher.publish({ ...said, ranks: RANK_BITS.operator | RANK_BITS.voice }, null);
    expect([ann, bob, eve].map(({ ear }) => ear.take().length)).toEqual([1, 1, 0]);
    publisher.publish({ ...said, ranks: RANK_BITS.operator }, null);
    expect([ann, bob, eve].map(({ ear }) => ear.take().length)).toEqual([1, 0, 0]);
  });

  test('an event that an encoder does not word reaches nobody', () => {
    const ann = admit('ann');
    const bob = admit('bob');
    join(ann.member, '#a');
    join(bob.member, '#a');
    ann.ear.take();
    chat.setAway(bob.member, 'out');
    expect([ann.ear.take(), bob.ear.take()]).toEqual([[], []]);
  });

  test('peers hear of a member once, however many rooms they share', () => {
    const ann = admit('ann');
    const bob = admit('bob');
    for (const name of ['#a', '#b', '#c']) {
      join(ann.member, name);
      join(bob.member, name);
    }
    ann.ear.take();
    bob.ear.take();
    chat.rename(ann.member, 'ann2');
    expect(bob.ear.take()).toEqual(['red:renamed']);
    chat.quit(ann.member, 'bye');
    expect(bob.ear.take()).toEqual(['red:quit']);
    expect(ann.ear.take()).toEqual([]);
  });
});

describe('names', () => {
  test('a nick is taken whatever its case', () => {
    admit('Ann');
    expect(chat.directory.member('aNN')?.nick).toBe('Ann');
    const another = chat.receive({ host: 'h', outlet: new Ear(red) });
    expect(chat.admit(another, { nick: 'ANN', user: 'u', realName: '' })).toMatchObject({ why: 'nick-taken' });
  });

  test('only the letters A to Z are folded', () => {
    expect(chat.directory.fold('A[]\\~ZÄ')).toBe('a[]\\~zÄ');
  });

  test('a member may change the case of its own nick, but not take another one', () => {
    const ann = admit('ann');
    admit('bob');
    expect(chat.rename(ann.member, 'ANN')).toMatchObject({ kind: 'renamed', before: 'ann' });
    expect(chat.rename(ann.member, 'BOB')).toMatchObject({ why: 'nick-taken' });
    expect(chat.directory.member('ann')?.nick).toBe('ANN');
  });

  test('departures are remembered, the latest first, and bounded', () => {
    chat = new Chat({ departureLimit: 2, now: () => 1 });
    for (const nick of ['a', 'b', 'b', 'b']) chat.quit(admit(nick).member, '');
    expect(chat.directory.departuresOf('B')).toHaveLength(2);
    expect(chat.directory.departuresOf('a')).toHaveLength(0);
  });
});

describe('rooms', () => {
  test('a member that opens a room is its operator, and an empty room is gone unless it is permanent', () => {
    const ann = admit('ann');
    const room = join(ann.member, '#a');
    expect(room.ranksOf(ann.member)).toBe(RANK_BITS.operator);
    chat.part(ann.member, room.name, '');
    expect(chat.directory.room('#A')).toBeUndefined();
    chat.openRoom('#lobby');
    const lobby = join(ann.member, '#lobby');
    expect(lobby.ranksOf(ann.member)).toBe(0);
    chat.part(ann.member, lobby.name, '');
    expect(chat.directory.room('#lobby')).toBe(lobby);
  });

  test('a member who is put out gets the event, the one who did it an answer', () => {
    const ann = admit('ann');
    const bob = admit('bob');
    const room = join(ann.member, '#a');
    join(bob.member, '#a');
    ann.ear.take();
    bob.ear.take();
    chat.kick(ann.member, '#a', { nick: 'bob', reason: 'out' });
    expect(bob.ear.take()).toEqual(['red:kicked']);
    expect(ann.ear.take()).toEqual([]);
    expect(room.seatOf(bob.member)).toBeUndefined();
  });

  test('seats stay right while members join and leave in any order', () => {
    const members = Array.from({ length: 6 }, (_, index) => admit(`n${index}`).member);
    const [first] = members;
    if (first === undefined) throw new Error('no member');
    const room = join(first, '#a');
    for (const member of members.slice(1)) join(member, '#a');
    for (const index of [2, 0, 5, 1]) {
      const member = members[index];
      if (member !== undefined) chat.part(member, room.name, '');
    }
    expect(room.seats.map((seat) => seat.member.nick).sort()).toEqual(['n3', 'n4']);
    room.seats.forEach((seat, index) => expect(seat.index).toBe(index));
  });

  test('ten thousand joins and parts of random rooms leave nothing behind', () => {
    const ann = admit('ann');
    for (let round = 0; round < 10_000; round += 1) {
      const room = join(ann.member, `#${(round * 7919) % 257}-${round % 3}`);
      room.invite(ann.member.session, ann.member, ann.member.who);
      chat.part(ann.member, room.name, '');
    }
    expect([...chat.directory.rooms()]).toEqual([]);
    expect(ann.member.seats).toHaveLength(0);
    expect(ann.member.invitations).toBeNull();
  });
});

describe('rules', () => {
  test('a room says why it refuses entry', () => {
    const ann = admit('ann');
    const bob = admit('bob');
    const room = join(ann.member, '#a');
    expect(entryRefusal(bob.member, room, null)).toBeNull();
    room.change({ kind: 'limit', on: true, limit: 1 }, author, 0);
    expect(entryRefusal(bob.member, room, null)).toBe('full');
    room.change({ kind: 'key', on: true, key: 'secret' }, author, 0);
    expect(entryRefusal(bob.member, room, 'wrong')).toBe('bad-key');
    room.change({ kind: 'flag', on: true, flag: 'invite-only' }, author, 0);
    expect(entryRefusal(bob.member, room, 'secret')).toBe('invite-only');
    room.change({ kind: 'mask', on: true, list: 'ban', mask: 'B?B!*@*.EXAMPLE' }, author, 0);
    expect(entryRefusal(bob.member, room, 'secret')).toBe('banned');
    room.change({ kind: 'mask', on: true, list: 'exception', mask: 'bob!*@*' }, author, 0);
    room.change({ kind: 'mask', on: true, list: 'invitation', mask: 'bob!*@*' }, author, 0);
    expect(entryRefusal(bob.member, room, 'secret')).toBe('full');
    room.invite(bob.member.session, ann.member, bob.member.who);
    expect(entryRefusal(bob.member, room, 'secret')).toBeNull();
  });

  describe('an invitation', () => {
    const shut = (room: RoomState): void => {
      room.change({ kind: 'key', on: true, key: 'secret' }, author, 0);
      room.change({ kind: 'flag', on: true, flag: 'invite-only' }, author, 0);
      room.change({ kind: 'limit', on: true, limit: 1 }, author, 0);
    };
    const demote = (room: RoomState, member: MemberState): void => {
      room.change({ kind: 'rank', on: false, rank: 'operator', member }, author, 0);
    };

    const putOut = (room: RoomState, { nick }: MemberState): void => {
      const boss = admit('boss').member;
      chat.setOperator(boss, PRIVILEGES);
      expect(chat.kick(boss, room.name, { nick, reason: '' })).toMatchObject({ kind: 'kicked' });
    };

    test('opens a shut room when somebody with a rank gave it, and only then', () => {
      const [ann, bob, eve] = [admit('ann'), admit('bob'), admit('eve')];
      const room = join(ann.member, '#a');
      join(bob.member, '#a');
      shut(room);
      room.invite(eve.member.session, bob.member, eve.member.who);
      expect(entryRefusal(eve.member, room, null)).toBe('invite-only');
      room.invite(eve.member.session, ann.member, eve.member.who);
      room.invite(eve.member.session, bob.member, eve.member.who);
      expect(entryRefusal(eve.member, room, null)).toBeNull();
    });

    test('opens nothing any more once its giver has lost the rank or has been put out', () => {
      for (const lose of [demote, putOut]) {
        chat = new Chat();
        const [ann, bob, eve] = [admit('ann'), admit('bob'), admit('eve')];
        const room = join(ann.member, '#a');
        join(bob.member, '#a');
        shut(room);
        room.invite(eve.member.session, ann.member, eve.member.who);
        lose(room, ann.member);
        expect(entryRefusal(eve.member, room, null)).toBe('invite-only');
        // A member that gets a rank again has not given its invitation again.
        room.change({ kind: 'rank', on: true, rank: 'operator', member: ann.member }, author, 0);
        expect(entryRefusal(eve.member, room, null)).toBe('invite-only');
      }
    });

    test('stays when its giver keeps a rank, or leaves', () => {
      const [ann, bob, eve] = [admit('ann'), admit('bob'), admit('eve')];
      const room = join(ann.member, '#a');
      join(bob.member, '#a');
      shut(room);
      room.change({ kind: 'rank', on: true, rank: 'half-operator', member: ann.member }, author, 0);
      room.invite(eve.member.session, ann.member, eve.member.who);
      demote(room, ann.member);
      expect(entryRefusal(eve.member, room, null)).toBeNull();
      chat.part(ann.member, room.name, '');
      expect(entryRefusal(eve.member, room, null)).toBeNull();
    });

    test('opens the bans from before it, not those from after it', () => {
      const [ann, eve] = [admit('ann'), admit('eve')];
      const room = join(ann.member, '#a');
      const ban = (mask: string): boolean => room.change({ kind: 'mask', on: true, list: 'ban', mask }, author, 0);
      ban('eve!*@*');
      room.invite(eve.member.session, ann.member, eve.member.who);
      ban('bob!*@*');
      expect(entryRefusal(eve.member, room, null)).toBeNull();
      ban('*!*@h.example');
      expect(entryRefusal(eve.member, room, null)).toBe('banned');
    });
  });

  test('a room says why it refuses speech', () => {
    const ann = admit('ann');
    const bob = admit('bob');
    const room = join(ann.member, '#a');
    expect(speechRefusal(bob.member, room)).toBeNull();
    room.change({ kind: 'flag', on: true, flag: 'no-outsiders' }, author, 0);
    expect(speechRefusal(bob.member, room)).toBe('outside');
    join(bob.member, '#a');
    expect(speechRefusal(bob.member, room)).toBeNull();
    room.change({ kind: 'mask', on: true, list: 'ban', mask: 'bob!*@*' }, author, 0);
    expect(speechRefusal(bob.member, room)).toBe('banned');
    room.change({ kind: 'flag', on: true, flag: 'moderated' }, author, 0);
    expect(speechRefusal(bob.member, room)).toBe('moderated');
    room.change({ kind: 'rank', on: true, rank: 'voice', member: bob.member }, author, 0);
    expect(speechRefusal(bob.member, room)).toBeNull();
  });

  test('a change that changes nothing says so', () => {
    const ann = admit('ann');
    const room = join(ann.member, '#a');
    for (const change of [
      { kind: 'flag', on: true, flag: 'secret' },
      { kind: 'key', on: true, key: 'k' },
      { kind: 'limit', on: true, limit: 3 },
      { kind: 'mask', on: true, list: 'ban', mask: 'x!*@*' },
      { kind: 'rank', on: true, rank: 'voice', member: ann.member },
    ] as const) {
      expect(room.change(change, author, 0)).toBe(true);
      expect(room.change(change, author, 0)).toBe(false);
      expect(room.change({ ...change, on: false }, author, 0)).toBe(true);
      expect(room.change({ ...change, on: false }, author, 0)).toBe(false);
    }
  });
});
