import { beforeEach, describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { ChatEvent } from '../../src/chat/event.js';
import { type Encoder, type Member, type Outlet, PRIVILEGES } from '../../src/chat/member.js';
import type { Refused } from '../../src/chat/refusal.js';
import { RANK_BITS } from '../../src/chat/room.js';
import type { WantedChange } from '../../src/chat/verbs/settings.js';
import type { Words } from '../../src/chat/verbs/speech.js';
import { settled } from '../support/settled.js';

const NOTHING = new Uint8Array(0);
const WORDS: Words = { type: 'message', text: 'hi', tags: [], isDivisible: false };

/** A member's ear that keeps the events themselves. */
class Ear implements Outlet, Encoder {
  readonly isSecure = false;
  readonly certificate = null;
  readonly remoteHost: string;
  readonly encoder = this;
  readonly heard: ChatEvent[] = [];
  expelledWith: string | null = null;

  #encoded: ChatEvent | null = null;

  constructor(remoteHost = 'h.example') {
    this.remoteHost = remoteHost;
  }

  encode(event: ChatEvent): Uint8Array {
    this.#encoded = event;
    return NOTHING;
  }

  isDroppable(): boolean {
    return false;
  }

  send(): void {
    if (this.#encoded !== null) this.heard.push(this.#encoded);
  }

  expel(reason: string): void {
    this.expelledWith = reason;
  }

  take(): string[] {
    return this.heard.splice(0).map(({ kind }) => kind);
  }
}

let chat: Chat;

function enter(nick: string, ...rooms: readonly string[]): { member: Member; ear: Ear } {
  const ear = new Ear();
  const member = chat.receive({ host: 'h.example', outlet: ear });
  expect(settled(chat.admit(member, { nick, user: 'u', realName: nick })).kind).toBe('arrived');
  for (const room of rooms) join(member, room);
  return { member, ear };
}

function join(member: Member, name: string) {
  return settled(chat.join(member, name, { key: null, maxRooms: 10, flags: ['no-outsiders'] }));
}

function change(by: Member, ...changes: readonly WantedChange[]) {
  const made = settled(chat.amend(by, '#a', changes, { maxMasks: 2, maxValues: 12 }));
  if (made.kind === 'refused') throw new Error('no room');
  return { refusals: made.refusals.map((refusal) => refusal?.why ?? null), event: made.event };
}

beforeEach(() => {
  chat = new Chat({ now: () => 1000 });
});

test('each verb returns the event to the one who acts, and publishes it to the others once', () => {
  const ann = enter('ann', '#a');
  const bob = enter('bob', '#a');
  ann.ear.take();
  const events = [
    settled<ChatEvent | Refused<string> | null>(chat.say(ann.member, { kind: 'room', name: '#A', ranks: 0 }, WORDS)),
    settled<ChatEvent | Refused<string> | null>(chat.setTopic(ann.member, '#a', 'tea')),
    change(ann.member, { kind: 'flag', on: true, flag: 'secret' }).event,
    settled<ChatEvent | Refused<string> | null>(chat.rename(ann.member, 'anna')),
    settled<ChatEvent | Refused<string> | null>(chat.setAway(ann.member, 'out')),
    settled<ChatEvent | Refused<string> | null>(chat.setRealName(ann.member, 'Anna')),
    settled<ChatEvent | Refused<string> | null>(chat.setHost(ann.member, 'elsewhere.example')),
    settled<ChatEvent | Refused<string> | null>(chat.kick(ann.member, '#a', { nick: 'bob', reason: 'x' })),
    settled<ChatEvent | Refused<string> | null>(chat.invite(ann.member, 'bob', '#a')),
  ];
  const kinds = ['said', 'topic', 'settings', 'renamed', 'away', 'realname', 'host', 'kicked', 'invited'];
  expect(events.map((event) => event?.kind)).toEqual(kinds);
  expect(bob.ear.heard.map((event, index) => event === events[index])).toEqual(kinds.map(() => true));
  expect(ann.ear.take()).toEqual([]);
});

test('a refused verb changes nothing, and nobody hears of it', () => {
  const ann = enter('ann', '#a');
  const bob = enter('bob', '#a');
  const eve = enter('eve');
  change(
    ann.member,
    { kind: 'flag', on: true, flag: 'moderated' },
    { kind: 'flag', on: true, flag: 'topic-protected' },
  );
  for (const { ear } of [ann, bob, eve]) ear.take();
  const room = { kind: 'room', name: '#a', ranks: 0 } as const;
  const refusals = [
    settled<ChatEvent | Refused<string> | null>(chat.say(bob.member, room, WORDS)),
    settled<ChatEvent | Refused<string> | null>(chat.say(eve.member, room, WORDS)),
    settled<ChatEvent | Refused<string> | null>(chat.say(eve.member, { kind: 'member', nick: 'nobody' }, WORDS)),
    settled<ChatEvent | Refused<string> | null>(chat.setTopic(bob.member, '#a', 'x')),
    settled<ChatEvent | Refused<string> | null>(chat.kick(bob.member, '#a', { nick: 'ann', reason: '' })),
    settled<ChatEvent | Refused<string> | null>(chat.kick(ann.member, '#a', { nick: 'eve', reason: '' })),
    settled<ChatEvent | Refused<string> | null>(chat.part(eve.member, '#a', '')),
    settled<ChatEvent | Refused<string> | null>(chat.rename(bob.member, 'bobby')),
    settled<ChatEvent | Refused<string> | null>(chat.setRealName(bob.member, 'Bobby')),
    settled<ChatEvent | Refused<string> | null>(chat.announce(bob.member, 'x')),
    settled<ChatEvent | Refused<string> | null>(chat.expel(bob.member, 'ann', { reason: 'x', parting: 'x' })),
    join(bob.member, '#a'),
  ].map((outcome) => (outcome?.kind === 'refused' ? outcome.why : outcome));
  expect(refusals).toEqual([
    'moderated',
    'outside',
    'no-such-member',
    'not-allowed',
    'not-allowed',
    'target-not-inside',
    'not-inside',
    'silenced',
    'silenced',
    'not-privileged',
    'not-privileged',
    'already-inside',
  ]);
  expect([ann, bob, eve].map(({ ear }) => ear.take())).toEqual([[], [], []]);
  expect([bob.member.nick, bob.member.realName]).toEqual(['bob', 'bob']);
  expect(ann.ear.expelledWith).toBeNull();
});

test('a secret room does not exist for outsiders, except for operators of the server', () => {
  const ann = enter('ann', '#a');
  const eve = enter('eve');
  change(ann.member, { kind: 'flag', on: true, flag: 'secret' });
  const why = () => {
    const said = settled(chat.say(eve.member, { kind: 'room', name: '#a', ranks: 0 }, WORDS));
    return said.kind === 'refused' ? said.why : null;
  };
  expect(why()).toBe('no-such-room');
  expect(chat.directory.visibleRoom(eve.member, '#a')).toBeUndefined();
  chat.setOperator(eve.member, PRIVILEGES);
  expect(why()).toBe('outside');
  expect(chat.directory.visibleRoom(eve.member, '#a')?.name).toBe('#a');
});

describe('changes of a room', () => {
  test('are judged one by one, and those that hold are one event', () => {
    const ann = enter('ann', '#a');
    const bob = enter('bob', '#a');
    bob.ear.take();
    const { refusals, event } = change(
      ann.member,
      { kind: 'rank', on: true, rank: 'voice', nick: 'bob' },
      { kind: 'rank', on: true, rank: 'owner', nick: 'bob' },
      { kind: 'rank', on: true, rank: 'voice', nick: 'nobody' },
      { kind: 'mask', on: true, list: 'ban', mask: 'x!*@*' },
      { kind: 'mask', on: true, list: 'exception', mask: 'y!*@*' },
      { kind: 'mask', on: true, list: 'ban', mask: 'z!*@*' },
    );
    expect(refusals).toEqual([null, 'not-allowed', 'no-such-member', null, null, 'list-full']);
    expect(event?.changes.map(({ kind }) => kind)).toEqual(['rank', 'mask', 'mask']);
    expect(bob.ear.take()).toEqual(['settings']);
    expect(chat.directory.room('#a')?.ranksOf(bob.member)).toBe(RANK_BITS.voice);
  });

  test('that change nothing are no event', () => {
    const ann = enter('ann', '#a');
    expect(change(ann.member, { kind: 'flag', on: true, flag: 'no-outsiders' })).toEqual({
      refusals: [null],
      event: null,
    });
  });
});

test('those who follow a member hear what it does about itself, once, and not what it says', () => {
  const ann = enter('ann', '#a');
  const bob = enter('bob', '#a');
  const eve = enter('eve');
  chat.observe({
    appeared: () => undefined,
    disappeared: () => undefined,
    followersOf: (member) => (member === ann.member ? [bob.member, eve.member] : []),
  });
  bob.ear.take();
  chat.setAway(ann.member, 'out');
  chat.say(ann.member, { kind: 'room', name: '#a', ranks: 0 }, WORDS);
  expect(bob.ear.take()).toEqual(['away', 'said']);
  expect(eve.ear.take()).toEqual(['away']);
});

test('a member that a ban of the server keeps out is not in, and says which ban', () => {
  chat.bans.add({ kind: 'users', mask: 'u@*', reason: 'spam', by: 'op', atMs: 0, untilMs: null });
  const member = chat.receive({ host: 'h.example', outlet: new Ear() });
  expect(chat.admit(member, { nick: 'ann', user: 'u', realName: '' })).toMatchObject({
    why: 'banned',
    ban: { reason: 'spam' },
  });
  expect(chat.directory.member('ann')).toBeUndefined();
});

test('a member that no chat has made is an error of the program', () => {
  const { member } = enter('ann');
  expect(() => chat.setAway({ ...member, label: '', identity: (fold) => member.identity(fold) }, 'x')).toThrow(
    TypeError,
  );
});

test('a ban of the server is set by operators, puts out those for whom it holds, and spares the one who sets it', () => {
  const [ann, eve] = [enter('ann'), enter('eve')];
  const ban = { kind: 'users', mask: 'u@*', reason: 'spam', by: 'ann', atMs: 0, untilMs: null } as const;
  expect(chat.setBan(ann.member, ban, 'out')).toMatchObject({ why: 'not-privileged' });
  chat.setOperator(ann.member, PRIVILEGES);
  expect(chat.setBan(ann.member, ban, 'out')).toMatchObject({ why: 'holds-for-oneself' });
  expect(chat.bans.list('users')).toEqual([]);
  const network = { ...ban, kind: 'addresses', mask: '192.0.2.0/24' } as const;
  const bob = new Ear('192.0.2.7');
  const member = chat.receive({ host: bob.remoteHost, outlet: bob });
  expect(chat.admit(member, { nick: 'bob', user: 'b', realName: '' })).toMatchObject({ kind: 'arrived' });
  expect(chat.setBan(ann.member, network, 'out')).toMatchObject({ kind: 'ban-set', expelledCount: 1 });
  expect([bob.expelledWith, eve.ear.expelledWith]).toEqual(['out', null]);
  expect(chat.liftBan(ann.member, 'addresses', network.mask)).toMatchObject({ kind: 'ban-lifted' });
  expect(chat.liftBan(ann.member, 'addresses', network.mask)).toMatchObject({ why: 'no-such-ban' });
});

describe('a member that is connected', () => {
  const room = { kind: 'room', name: '#a', ranks: 0 } as const;

  test('twice hears everything twice, and its own deeds through the outlet that it did not use', () => {
    const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
    const second = new Ear();
    chat.attach(ann.member, second);
    ann.ear.take();
    chat.say(bob.member, room, WORDS);
    expect([ann.ear.take(), second.take()]).toEqual([['said'], ['said']]);
    chat.say(ann.member, room, WORDS);
    chat.setHost(ann.member, 'h.example');
    expect([ann.ear.take(), second.take()]).toEqual([[], ['said', 'host']]);
    chat.detach(ann.member, ann.ear);
    chat.say(bob.member, room, WORDS);
    expect([ann.ear.take(), second.take()]).toEqual([[], ['said']]);
  });

  test('twice may act from either: the other one hears of it, and the one is answered', () => {
    const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
    const second = new Ear();
    chat.attach(ann.member, second);
    const heard = (): string[][] => [ann.ear.take(), second.take(), bob.ear.take()];
    heard();
    const said = settled(chat.through(ann.member, second, () => chat.say(ann.member, room, WORDS)));
    expect([said.kind, ...heard()]).toEqual(['said', ['said'], [], ['said']]);
    chat.through(ann.member, second, () => chat.join(ann.member, '#b', { key: null, maxRooms: 9, flags: [] }));
    expect(heard()).toEqual([['joined'], [], []]);
    chat.through(ann.member, second, () => chat.part(ann.member, '#a', ''));
    expect(heard()).toEqual([['left'], [], ['left']]);
    chat.through(ann.member, ann.ear, () => chat.setTopic(ann.member, '#b', 'tea'));
    expect(heard()).toEqual([[], ['topic'], []]);
    chat.part(ann.member, '#b', '');
    expect(heard()).toEqual([[], ['left'], []]);
  });

  test('nowhere stays in its rooms, and keeps its state up to date', () => {
    const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
    chat.detach(ann.member, ann.ear);
    ann.ear.take();
    expect(settled(chat.say(bob.member, room, WORDS)).kind).toBe('said');
    expect(chat.directory.room('#a')?.seatOf(ann.member)).toBeDefined();
    chat.kick(ann.member, '#a', { nick: 'bob', reason: '' });
    expect(bob.ear.take().at(-1)).toBe('kicked');
    expect(ann.ear.take()).toEqual([]);
  });

  test('twice is put out everywhere', () => {
    const [ann, bob] = [enter('ann'), enter('bob')];
    const second = new Ear();
    chat.attach(ann.member, second);
    chat.setOperator(bob.member, PRIVILEGES);
    chat.expel(bob.member, 'ann', { reason: 'x', parting: 'out' });
    expect([ann.ear.expelledWith, second.expelledWith]).toEqual(['out', 'out']);
  });
});

test('the name of a message is its place in the log, so that no two have the same', () => {
  const ann = enter('ann', '#a', '#b');
  const said = ['#a', '#a', '#b', '#b'].map((name) =>
    settled(chat.say(ann.member, { kind: 'room', name, ranks: 0 }, WORDS)),
  );
  const ids = said.map((event) => (event.kind === 'said' ? event.id.split('-') : []));
  expect(new Set(ids.map((id) => id.join('-'))).size).toBe(4);
  expect(ids.map(([log]) => log === ids[0]?.[0])).toEqual([true, true, false, false]);
  expect(Number.parseInt(ids[1]?.[1] ?? '', 36)).toBe(Number.parseInt(ids[0]?.[1] ?? '', 36) + 1);
});
