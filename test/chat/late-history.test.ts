/** Logs that say later what they have: nothing is decided, shown or appended before that. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { ChatEvent } from '../../src/chat/event.js';
import type { Member, Outlet } from '../../src/chat/member.js';
import { NOWHERE } from '../../src/chat/outlets.js';
import { type Answer, whenSettled } from '../../src/chat/ticket.js';
import { encodePack } from '../../src/log/codec.js';
import type { Entry, LogName, Who } from '../../src/log/entry.js';
import { SimulatedNetwork } from '../support/simulated-network.js';
import { LogServer, SocketLog } from '../support/socket-log.js';

const JOIN = { key: null, maxRooms: 9, flags: [] };
const LIMITS = { maxMasks: 9, maxValues: 9 };
const WORDS = { type: 'message', text: 'x', tags: [], isDivisible: false } as const;

let nowMs: number;
let network: SimulatedNetwork;
let logs: LogServer;

beforeEach(() => {
  nowMs = 1_000_000;
  network = new SimulatedNetwork(7);
  logs = new LogServer(1_000_000, () => nowMs);
});

/** A process that has not heard yet what its logs have. */
function start(node: string, log = new SocketLog(network, logs)): Chat {
  return new Chat({ log, node, now: () => nowMs });
}

function started(node: string): Chat {
  const chat = start(node);
  network.run();
  return chat;
}

function enter(chat: Chat, nick: string, outlet: Outlet = NOWHERE): Member {
  const member = chat.receive({ host: '192.0.2.1', outlet });
  chat.admit(member, { nick, user: 'u', realName: 'r' });
  network.run();
  expect(chat.directory.member(nick)).toBe(member);
  return member;
}

/** How an answer has ended; filled in when it has. */
function ending(answer: Answer<{ readonly kind: string } | null>): string[] {
  const ended: string[] = [];
  whenSettled<{ readonly kind: string; readonly why?: string } | null>(answer, (outcome) => {
    ended.push(outcome?.why ?? outcome?.kind ?? 'nothing');
  });
  return ended;
}

/** Has a process put two members into a room that only the invited enter, and say something there. */
function occupied(chat = started('a.1')): Chat {
  network.run();
  const ann = enter(chat, 'ann');
  chat.join(ann, '#a', JOIN);
  network.run();
  chat.join(enter(chat, 'abe'), '#a', JOIN);
  chat.say(ann, { kind: 'room', name: '#a', ranks: 0 }, WORDS);
  chat.setTopic(ann, '#a', 'tea');
  network.run();
  chat.amend(ann, '#a', [{ kind: 'flag', on: true, flag: 'invite-only' }], LIMITS);
  network.run();
  return chat;
}

/** Appends an entry that no process here has proposed. */
function put(log: LogName, entry: Entry): void {
  const encoded = encodePack([entry]);
  if (encoded.kind !== 'bytes') throw new Error(encoded.kind);
  logs.append(log, encoded.bytes, 1);
}

function who(nick: string): Who {
  return { nick, user: 'u', host: 'h', address: 'h', realName: 'r', account: null, privileges: null };
}

describe('a process that has not heard what the log of the domain has', () => {
  test('lets nobody in, and judges by all of it then who gets a nick', () => {
    enter(started('a.1'), 'ann');
    const chat = start('b.1');
    const [eve, bob] = ['ann', 'bob'].map((nick) => {
      const member = chat.receive({ host: '192.0.2.1', outlet: null });
      return ending(chat.admit(member, { nick, user: 'u', realName: 'r' }));
    });
    expect([eve, bob, chat.directory.memberCount]).toEqual([[], [], 0]);
    network.run();
    expect([eve, bob]).toEqual([['nick-taken'], ['arrived']]);
    expect(chat.directory.memberCount).toBe(2);
  });

  test('calls back those who wait for it once', () => {
    occupied();
    const chat = start('b.1');
    const calls: number[] = [];
    chat.whenCaughtUp(() => calls.push(chat.directory.memberCount));
    expect(calls).toEqual([]);
    network.run();
    expect(calls).toEqual([2]);
    chat.whenCaughtUp(() => calls.push(0));
    expect(calls).toEqual([2, 0]);
  });

  test('has one member for a place and for the one who is there, whichever it hears of first', () => {
    occupied();
    const chat = start('b.1');
    const room = chat.openRoom('#a');
    network.run();
    expect(room.seats.map(({ member }) => member)).toEqual(['ann', 'abe'].map((nick) => chat.directory.member(nick)));
  });
});

describe('a room whose log has not said yet what it has', () => {
  test('judges by all of it, and shows nobody what was before', () => {
    occupied();
    const chat = started('b.1');
    const heard: ChatEvent[] = [];
    const encode = (event: ChatEvent): null => {
      heard.push(event);
      return null;
    };
    const bob = enter(chat, 'bob', { ...NOWHERE, encoder: { encode, isDroppable: () => false } });
    const [joined, said, topic, kicked] = [
      ending(chat.join(bob, '#a', JOIN)),
      ending(chat.say(bob, { kind: 'room', name: '#a', ranks: 0 }, WORDS)),
      ending(chat.setTopic(bob, '#a', 'milk')),
      ending(chat.kick(bob, '#A', { nick: 'ann', reason: '' })),
    ];
    expect([joined, said, topic, kicked]).toEqual([[], [], [], []]);
    network.run();
    expect([joined, said, topic, kicked]).toEqual([['invite-only'], ['said'], ['not-inside'], ['not-inside']]);
    expect(chat.directory.room('#a')).toMatchObject({ size: 2, topic: { text: 'tea' } });
    expect(heard).toEqual([]);
  });

  test('is no room if it turns out that nobody is in it', () => {
    const chat = started('b.1');
    const [ann, bob] = [enter(chat, 'ann'), enter(chat, 'bob')];
    const said = ending(chat.say(ann, { kind: 'room', name: '#a', ranks: 0 }, WORDS));
    expect(said).toEqual(['no-such-room']);
    chat.setOperator(bob, ['override']);
    network.run();
    const invited = ending(chat.join(ann, '#a', JOIN));
    chat.tick();
    nowMs += 5000;
    chat.tick();
    expect(invited).toEqual(['not-taken']);
    const all = [
      ending(chat.say(ann, { kind: 'room', name: '#a', ranks: 0 }, WORDS)),
      ending(chat.retitle(bob, '#a', '#b', '')),
      ending(chat.knock(bob, '#a')),
    ];
    network.run();
    expect(all).toEqual([['no-such-room'], ['not-inside'], ['no-such-room']]);
    expect([...chat.directory.rooms()]).toEqual([]);
  });

  test('never gets what was given up meanwhile, and takes what follows', () => {
    occupied();
    const chat = started('b.1');
    const bob = enter(chat, 'bob');
    const { top } = logs.read('r:#a', 0, 1, null);
    const joined = ending(chat.join(bob, '#a', JOIN));
    nowMs += 5000;
    chat.tick();
    expect(joined).toEqual(['not-taken']);
    const knocked = ending(chat.knock(bob, '#a'));
    network.run();
    expect(knocked).toEqual(['knocked']);
    expect(logs.read('r:#a', 0, 1, null).top).toBe(top + 1);
  });

  test('is left by one who has gone while it was opening', () => {
    const first = occupied();
    const [ann] = first.directory.room('#a')?.seats ?? [];
    if (ann !== undefined) first.amend(ann.member, '#a', [{ kind: 'flag', on: false, flag: 'invite-only' }], LIMITS);
    network.run();
    const chat = started('b.1');
    const bob = enter(chat, 'bob');
    chat.join(bob, '#a', JOIN);
    chat.quit(bob, '');
    network.run();
    for (const { directory } of [first, chat]) {
      expect(directory.room('#a')?.seats.map(({ member }) => member.nick)).toEqual(['ann', 'abe']);
      expect(directory.memberCount).toBe(2);
    }
  });

  test('takes the first entry of a session although it has forgotten others, since that was made by all it has', () => {
    occupied();
    for (let n = 0; n < 10_010; n += 1) {
      put('r:#a', { session: `z.1.${n}`, n: 1, atMs: 1, seen: 0, base: 20_000, kind: 'knock', who: who(`z${n}`) });
    }
    const chat = started('b.1');
    const bob = enter(chat, 'bob');
    const joined = ending(chat.join(bob, '#a', JOIN));
    network.run();
    expect(joined).toEqual(['invite-only']);
  });

  test('has another name if its log says so', () => {
    const first = occupied();
    const [ann] = first.directory.room('#a')?.seats ?? [];
    if (ann !== undefined) first.retitle(ann.member, '#a', '#b', '');
    network.run();
    const chat = started('b.1');
    const bob = enter(chat, 'bob');
    for (const names of [['#b'], ['#b', '#a']]) {
      chat.join(bob, '#a', JOIN);
      network.run();
      expect([...chat.directory.rooms()].map(({ name }) => name)).toEqual(names);
    }
    expect(chat.directory.room('#a')?.size).toBe(1);
  });
});

test('one whom a room knows before the domain has let it in is the same member then, in all its rooms', () => {
  const chat = started('b.1');
  const stamp = { session: 'z.1.1', n: 1, atMs: 1, seen: 9, base: 0 } as const;
  for (const name of ['#a', '#b'])
    put(`r:${name}`, { ...stamp, kind: 'join', who: who('zoe'), name, key: null, flags: [] });
  const bob = enter(chat, 'bob');
  for (const name of ['#a', '#b']) chat.join(bob, name, JOIN);
  network.run();
  put('d', { ...stamp, seen: 0, kind: 'arrive', who: who('zoe') });
  network.run();
  const zoe = chat.directory.member('zoe');
  expect(zoe?.seats.map(({ room }) => room.name).sort()).toEqual(['#a', '#b']);
  for (const name of ['#a', '#b']) expect(chat.directory.room(name)?.seats[0]?.member).toBe(zoe);
});

test('what a process has appended before it died has happened once, and its members are gone with it', () => {
  const log = new SocketLog(network, logs);
  const [dying, chat] = [occupied(start('a.1', log)), started('b.1')];
  const heard: ChatEvent[] = [];
  const encode = (event: ChatEvent): null => {
    heard.push(event);
    return null;
  };
  const [ann] = dying.directory.room('#a')?.seats ?? [];
  if (ann === undefined) return expect.fail('nobody is in the room');
  const bob = enter(chat, 'bob', { ...NOWHERE, encoder: { encode, isDroppable: () => false } });
  dying.invite(ann.member, 'bob', '#a');
  network.run();
  chat.join(bob, '#a', JOIN);
  network.run();
  heard.length = 0;
  const said = ending(dying.say(ann.member, { kind: 'room', name: '#a', ranks: 0 }, WORDS));
  const { top } = logs.read('r:#a', 0, 1, null);
  while (logs.read('r:#a', 0, 1, null).top === top && !network.isQuiet) network.run(1);
  // The pack has reached the log; its answer never arrives.
  expect(said).toEqual([]);
  log.close();
  const last = logs.read('r:#a', top, 1, null).packs[0]?.bytes ?? expect.fail('no pack');
  put('d', { kind: 'gone', node: 'a.1', session: 'b.1.0', n: 1, atMs: 1, seen: 0, base: 0 });
  // Somebody was in doubt, and has appended it again.
  logs.append('r:#a', last, 1);
  network.run();
  expect(heard.filter(({ kind }) => kind === 'said')).toHaveLength(1);
  expect(heard.filter(({ kind }) => kind === 'quit')).toHaveLength(2);
  expect(chat.directory.memberCount).toBe(1);
  expect(chat.directory.room('#a')?.seats.map(({ member }) => member.nick)).toEqual(['bob']);
});
