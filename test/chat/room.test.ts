import { beforeEach, describe, expect, test } from 'vitest';
import { Directory } from '../../src/chat/directory.js';
import type { ChatEvent } from '../../src/chat/event.js';
import { Member, type Encoder, type Outlet } from '../../src/chat/member.js';
import { RANK_BITS, type Room } from '../../src/chat/room.js';

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
let directory: Directory;

function admit(nick: string, encoder: Encoder = red): { member: Member; ear: Ear } {
  const ear = new Ear(encoder);
  const member = new Member({ nick, user: 'u', host: 'h.example', realName: nick, outlet: ear, atMs: 0 });
  if (!directory.admit(member)) throw new Error(`${nick} is taken`);
  return { member, ear };
}

function join(member: Member, name: string): Room {
  const room = directory.join(member, name);
  if (room === null) throw new Error('already in');
  return room;
}

beforeEach(() => {
  directory = new Directory({ now: () => 1000 });
  red.calls = 0;
  blue.calls = 0;
});

describe('telling', () => {
  test('an event is encoded once for each kind of reader and the bytes are shared', () => {
    const speakers = Array.from({ length: 10 }, (_, index) => admit(`n${index}`, index % 2 === 0 ? red : blue));
    let room: Room | null = null;
    for (const { member } of speakers) room = join(member, '#a');
    for (const { ear } of speakers) ear.take();
    red.calls = 0;
    blue.calls = 0;
    room?.tell({ kind: 'topic', atMs: 0, by: null, room, text: 'x' });
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
    room.apply({ kind: 'rank', on: true, rank: 'voice', member: bob.member }, 'ann', 0);
    for (const { ear } of [ann, bob, eve]) ear.take();
    const event: ChatEvent = { kind: 'topic', atMs: 0, by: null, room, text: '' };
    room.tell(event, bob.member);
    expect([ann, bob, eve].map(({ ear }) => ear.take().length)).toEqual([1, 0, 1]);
    room.tell(event, null, RANK_BITS.voice);
    expect([ann, bob, eve].map(({ ear }) => ear.take().length)).toEqual([1, 1, 0]);
    room.tell(event, null, RANK_BITS.operator);
    expect([ann, bob, eve].map(({ ear }) => ear.take().length)).toEqual([1, 0, 0]);
  });

  test('an event that an encoder has no words for reaches nobody', () => {
    const ann = admit('ann');
    const room = join(ann.member, '#a');
    room.tell({ kind: 'away', atMs: 0, member: ann.member });
    expect(ann.ear.take()).toEqual([]);
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
    directory.rename(ann.member, 'ann2');
    expect(bob.ear.take()).toEqual(['red:renamed']);
    directory.dismiss(ann.member, 'bye');
    expect(bob.ear.take()).toEqual(['red:quit']);
    expect(ann.ear.take()).toEqual([]);
  });
});

describe('names', () => {
  test('a nick is taken whatever its case', () => {
    admit('Ann');
    expect(directory.member('aNN')?.nick).toBe('Ann');
    const ear = new Ear(red);
    expect(directory.admit(new Member({ nick: 'ANN', user: 'u', host: 'h', realName: '', outlet: ear, atMs: 0 }))).toBe(
      false,
    );
  });

  test('rfc1459 folds brackets too, ascii does not', () => {
    expect(new Directory({ caseMapping: 'rfc1459' }).fold('A[]\\~Z')).toBe('a{}|^z');
    expect(new Directory({ caseMapping: 'ascii' }).fold('A[]\\~ZÄ')).toBe('a[]\\~zÄ');
  });

  test('a member may change the case of its own nick, but not take another one', () => {
    const ann = admit('ann');
    admit('bob');
    expect(directory.rename(ann.member, 'ANN')).toBe(true);
    expect(directory.rename(ann.member, 'BOB')).toBe(false);
    expect(directory.member('ann')?.nick).toBe('ANN');
  });

  test('departures are remembered, the latest first, and bounded', () => {
    directory = new Directory({ departureLimit: 2, now: () => 1 });
    for (const nick of ['a', 'b', 'b', 'b']) directory.dismiss(admit(nick).member, '');
    expect(directory.departuresOf('B')).toHaveLength(2);
    expect(directory.departuresOf('a')).toHaveLength(0);
  });
});

describe('rooms', () => {
  test('whoever opens a room is its operator, and an empty room is gone unless it is permanent', () => {
    const ann = admit('ann');
    const room = join(ann.member, '#a');
    expect(room.ranksOf(ann.member)).toBe(RANK_BITS.operator);
    directory.leave(ann.member, room, '');
    expect(directory.room('#A')).toBeUndefined();
    directory.openRoom('#lobby');
    const lobby = join(ann.member, '#lobby');
    expect(lobby.ranksOf(ann.member)).toBe(0);
    directory.leave(ann.member, lobby, '');
    expect(directory.room('#lobby')).toBe(lobby);
  });

  test('a member who is put out hears of it, the one who did it is answered otherwise', () => {
    const ann = admit('ann');
    const bob = admit('bob');
    const room = join(ann.member, '#a');
    join(bob.member, '#a');
    ann.ear.take();
    bob.ear.take();
    directory.kick(bob.member, room, ann.member, 'out');
    expect(bob.ear.take()).toEqual(['red:kicked']);
    expect(ann.ear.take()).toEqual([]);
    expect(room.seatOf(bob.member)).toBeUndefined();
  });

  test('seats stay right while members come and go in any order', () => {
    const members = Array.from({ length: 6 }, (_, index) => admit(`n${index}`).member);
    const [first] = members;
    if (first === undefined) throw new Error('no member');
    const room = join(first, '#a');
    for (const member of members.slice(1)) join(member, '#a');
    for (const index of [2, 0, 5, 1]) {
      const member = members[index];
      if (member !== undefined) directory.leave(member, room, '');
    }
    expect(room.seats.map((seat) => seat.member.nick).sort()).toEqual(['n3', 'n4']);
    room.seats.forEach((seat, index) => expect(seat.index).toBe(index));
  });

  test('ten thousand joins and parts of random rooms leave nothing behind', () => {
    const ann = admit('ann');
    for (let round = 0; round < 10_000; round += 1) {
      const room = join(ann.member, `#${(round * 7919) % 257}-${round % 3}`);
      room.invite(ann.member, ann.member);
      directory.leave(ann.member, room, '');
    }
    expect([...directory.rooms()]).toEqual([]);
    expect(ann.member.seats).toHaveLength(0);
    expect(ann.member.invitations).toBeNull();
  });
});

describe('rules', () => {
  test('a room says why it refuses entry', () => {
    const ann = admit('ann');
    const bob = admit('bob');
    const room = join(ann.member, '#a');
    expect(room.refusesEntry(bob.member, null)).toBeNull();
    room.apply({ kind: 'limit', on: true, limit: 1 }, 'ann', 0);
    expect(room.refusesEntry(bob.member, null)).toBe('full');
    room.apply({ kind: 'key', on: true, key: 'secret' }, 'ann', 0);
    expect(room.refusesEntry(bob.member, 'wrong')).toBe('bad-key');
    room.apply({ kind: 'flag', on: true, flag: 'invite-only' }, 'ann', 0);
    expect(room.refusesEntry(bob.member, 'secret')).toBe('invite-only');
    room.apply({ kind: 'mask', on: true, list: 'ban', mask: 'B?B!*@*.EXAMPLE' }, 'ann', 0);
    expect(room.refusesEntry(bob.member, 'secret')).toBe('banned');
    room.apply({ kind: 'mask', on: true, list: 'exception', mask: 'bob!*@*' }, 'ann', 0);
    room.apply({ kind: 'mask', on: true, list: 'invitation', mask: 'bob!*@*' }, 'ann', 0);
    expect(room.refusesEntry(bob.member, 'secret')).toBe('full');
    room.invite(bob.member, ann.member);
    expect(room.refusesEntry(bob.member, 'secret')).toBeNull();
  });

  describe('an invitation', () => {
    const shut = (room: Room): void => {
      room.apply({ kind: 'key', on: true, key: 'secret' }, 'ann', 0);
      room.apply({ kind: 'flag', on: true, flag: 'invite-only' }, 'ann', 0);
      room.apply({ kind: 'limit', on: true, limit: 1 }, 'ann', 0);
    };
    const demote = (room: Room, member: Member): void => {
      room.apply({ kind: 'rank', on: false, rank: 'operator', member }, 'ann', 0);
    };

    test('opens a shut room when somebody with a rank gave it, and only then', () => {
      const [ann, bob, eve] = [admit('ann'), admit('bob'), admit('eve')];
      const room = join(ann.member, '#a');
      join(bob.member, '#a');
      shut(room);
      room.invite(eve.member, bob.member);
      expect(room.refusesEntry(eve.member, null)).toBe('invite-only');
      room.invite(eve.member, ann.member);
      room.invite(eve.member, bob.member);
      expect(room.refusesEntry(eve.member, null)).toBeNull();
    });

    test('opens nothing any more once its giver has lost the rank or has been put out', () => {
      for (const lose of [demote, (room: Room, member: Member) => directory.kick(member, room, null, '')]) {
        directory = new Directory();
        const [ann, bob, eve] = [admit('ann'), admit('bob'), admit('eve')];
        const room = join(ann.member, '#a');
        join(bob.member, '#a');
        shut(room);
        room.invite(eve.member, ann.member);
        lose(room, ann.member);
        expect(room.refusesEntry(eve.member, null)).toBe('invite-only');
        // Whoever gets a rank again has not given it again.
        room.apply({ kind: 'rank', on: true, rank: 'operator', member: ann.member }, 'bob', 0);
        expect(room.refusesEntry(eve.member, null)).toBe('invite-only');
      }
    });

    test('stays when its giver keeps a rank, or leaves', () => {
      const [ann, bob, eve] = [admit('ann'), admit('bob'), admit('eve')];
      const room = join(ann.member, '#a');
      join(bob.member, '#a');
      shut(room);
      room.apply({ kind: 'rank', on: true, rank: 'half-operator', member: ann.member }, 'ann', 0);
      room.invite(eve.member, ann.member);
      demote(room, ann.member);
      expect(room.refusesEntry(eve.member, null)).toBeNull();
      directory.leave(ann.member, room, '');
      expect(room.refusesEntry(eve.member, null)).toBeNull();
    });

    test('opens the bans from before it, not those from after it', () => {
      const [ann, eve] = [admit('ann'), admit('eve')];
      const room = join(ann.member, '#a');
      const ban = (mask: string): boolean => room.apply({ kind: 'mask', on: true, list: 'ban', mask }, 'ann', 0);
      ban('eve!*@*');
      room.invite(eve.member, ann.member);
      ban('bob!*@*');
      expect(room.refusesEntry(eve.member, null)).toBeNull();
      ban('*!*@h.example');
      expect(room.refusesEntry(eve.member, null)).toBe('banned');
    });
  });

  test('a room says why it refuses speech', () => {
    const ann = admit('ann');
    const bob = admit('bob');
    const room = join(ann.member, '#a');
    expect(room.refusesSpeech(bob.member)).toBeNull();
    room.apply({ kind: 'flag', on: true, flag: 'no-outsiders' }, 'ann', 0);
    expect(room.refusesSpeech(bob.member)).toBe('outside');
    join(bob.member, '#a');
    expect(room.refusesSpeech(bob.member)).toBeNull();
    room.apply({ kind: 'mask', on: true, list: 'ban', mask: 'bob!*@*' }, 'ann', 0);
    expect(room.refusesSpeech(bob.member)).toBe('banned');
    room.apply({ kind: 'flag', on: true, flag: 'moderated' }, 'ann', 0);
    expect(room.refusesSpeech(bob.member)).toBe('moderated');
    room.apply({ kind: 'rank', on: true, rank: 'voice', member: bob.member }, 'ann', 0);
    expect(room.refusesSpeech(bob.member)).toBeNull();
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
      expect(room.apply(change, 'ann', 0)).toBe(true);
      expect(room.apply(change, 'ann', 0)).toBe(false);
      expect(room.apply({ ...change, on: false }, 'ann', 0)).toBe(true);
      expect(room.apply({ ...change, on: false }, 'ann', 0)).toBe(false);
    }
  });
});
