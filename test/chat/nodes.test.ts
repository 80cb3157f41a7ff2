import { beforeEach, describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { Member } from '../../src/chat/member.js';
import { stateOf } from '../../src/chat/member-state.js';
import { roomStateOf } from '../../src/chat/room-state.js';
import type { ServerBan } from '../../src/chat/server-bans.js';
import { type Answer, whenSettled } from '../../src/chat/ticket.js';
import type { Words } from '../../src/chat/verbs/speech.js';
import { HeldLog } from '../support/held-log.js';
import { MemoryCheckpoints } from '../support/memory-checkpoints.js';
import { Ear } from './ear.js';

const LIMITS = { maxMasks: 9, maxValues: 9 };

let nowMs: number;
let log: HeldLog;
let checkpoints: MemoryCheckpoints;
let givenUp: string[];

beforeEach(() => {
  nowMs = 1_000_000;
  log = new HeldLog();
  checkpoints = new MemoryCheckpoints();
  givenUp = [];
});

/** Starts a node. */
function start(node: string): Chat {
  return new Chat({
    log,
    node,
    now: () => nowMs,
    newLogId: (name) => name.replace(/[^a-z0-9]/g, ''),
    sharing: { checkpoints, onGivenUp: () => givenUp.push(node) },
  });
}

function enter(chat: Chat, nick: string, ...rooms: readonly string[]): { member: Member; ear: Ear } {
  const ear = new Ear();
  const member = chat.receive({ host: '192.0.2.1', outlet: ear });
  expect(ended(chat.admit(member, { nick, user: 'u', realName: 'r' }))).toBe('arrived');
  for (const room of rooms) expect(join(chat, member, room)).toBe('joined');
  ear.words();
  return { member, ear };
}

function join(chat: Chat, member: Member, room: string): string {
  return ended(chat.join(member, room, { key: null, maxRooms: 9, flags: [] }));
}

function words(text: string): Words {
  return { type: 'message', text, tags: [], isDivisible: false };
}

function say(chat: Chat, member: Member, target: string, text: string): string {
  const to = target.startsWith('#')
    ? ({ kind: 'room', name: target, ranks: 0 } as const)
    : ({ kind: 'member', nick: target } as const);
  return ended(chat.say(member, to, words(text)));
}

/** How an answer has ended, or `open`. */
function ended(answer: Answer<{ readonly kind: string } | null> | null): string {
  let how = answer === null ? 'nothing' : 'open';
  if (answer !== null) {
    whenSettled<{ readonly kind: string; readonly why?: string } | null>(answer, (outcome) => {
      how = outcome?.why ?? outcome?.kind ?? 'nothing';
    });
  }
  return how;
}

function roomOf(chat: Chat, name: string): string[] {
  return (chat.directory.room(name)?.seats ?? []).map(({ member }) => member.nick).sort();
}

/** All that is known on a node of open rooms, for comparisons. */
function roomsOf(chat: Chat): unknown {
  return [...chat.roomSnapshots()].sort(([one], [other]) => (one < other ? -1 : 1));
}

function wait(ms: number, ...chats: readonly Chat[]): void {
  for (let passed = 0; passed < ms; passed += 1000) {
    nowMs += 1000;
    for (const chat of chats) chat.tick();
  }
}

describe('two nodes', () => {
  test('have the same rooms, whoever has opened them, and each tells its own members', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const ann = enter(a, 'ann', '#a');
    expect(roomOf(b, '#a')).toEqual(['ann']);
    const bob = enter(b, 'bob', '#a');
    expect(ann.ear.words()).toEqual(['joined bob']);
    expect(say(a, ann.member, '#a', 'hello')).toBe('said');
    expect(bob.ear.words()).toEqual(['said hello']);
    expect(roomsOf(b)).toEqual(roomsOf(a));
  });

  test('let nobody have a nick twice', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    enter(a, 'ann');
    const other = b.receive({ host: '192.0.2.2', outlet: null });
    expect(ended(b.admit(other, { nick: 'Ann', user: 'u', realName: 'r' }))).toBe('nick-taken');
  });

  test('close a room together, and open it again', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const ann = enter(a, 'ann', '#a');
    a.setTopic(ann.member, '#a', 'tea');
    a.part(ann.member, '#a', '');
    expect(b.directory.room('#a')).toBeUndefined();
    wait(6000, a, b);
    const bob = enter(b, 'bob', '#a');
    expect(roomOf(a, '#a')).toEqual(['bob']);
    expect(a.directory.room('#a')?.topic).toBeNull();
    expect(a.directory.room('#a')?.seats[0]?.ranks).toBe(4);
    // Whoever says that it has closed after that does not close it.
    log.put('d', { session: 'a.1.900', n: 1, atMs: 1, seen: 0, base: 0, kind: 'shut', room: 'r:#a' });
    const c = start('c.1');
    expect(roomOf(c, '#a')).toEqual(['bob']);
    expect(say(b, bob.member, '#a', 'hello')).toBe('said');
  });

  test('go on in a room that has closed and of which nothing is kept', () => {
    const a = start('a.1');
    const [ann, bob] = [enter(a, 'ann', '#a', '#b'), enter(a, 'bob', '#a')];
    a.setTopic(ann.member, '#a', 'tea');
    for (const { member } of [ann, bob]) a.part(member, '#a', '');
    a.keepRooms();
    wait(6000, a);
    checkpoints.forgetState('r:#a');
    const b = start('b.1');
    expect(join(a, ann.member, '#a')).toBe('joined');
    expect(join(b, enter(b, 'cid').member, '#a')).toBe('joined');
    expect(join(a, bob.member, '#a')).toBe('joined');
    expect(say(a, ann.member, '#a', 'hello')).toBe('said');
    expect([roomOf(a, '#a'), roomOf(b, '#a')]).toEqual([ann, ann].map(() => ['ann', 'bob', 'cid']));
    expect(roomOf(b, '#b')).toEqual(['ann']);
  });

  test('carry messages to single members, and what they take back', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const [ann, bob] = [enter(a, 'ann'), enter(b, 'bob')];
    expect(say(a, ann.member, 'bob', 'psst')).toBe('said');
    expect(bob.ear.heard).toMatchObject([{ kind: 'said', text: 'psst', by: { nick: 'ann' } }]);
    const [said] = bob.ear.heard;
    expect(bob.ear.words()).toEqual(['said psst']);
    const message = said?.kind === 'said' ? said.id : expect.fail('not said');
    expect(ended(a.redact(ann.member, { kind: 'member', nick: 'bob' }, { message, reason: '' }))).toBe('redacted');
    expect(bob.ear.words()).toEqual(['redacted']);
    b.setTrait(bob.member, 'hears-accounts-only', true);
    expect(say(a, ann.member, 'bob', 'psst')).toBe('needs-account');
    expect(bob.ear.words()).toEqual([]);
  });

  test('act on members of each other: kick, invite, ranks, nicks, hosts, accounts, away', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const [ann, bob] = [enter(a, 'ann', '#a'), enter(b, 'bob')];
    expect(ended(a.invite(ann.member, 'bob', '#a'))).toBe('invited');
    expect(bob.ear.words()).toEqual(['invited bob']);
    expect(join(b, bob.member, '#a')).toBe('joined');
    a.amend(ann.member, '#a', [{ kind: 'rank', on: true, rank: 'operator', nick: 'bob' }], LIMITS);
    expect(bob.ear.words()).toEqual(['settings']);
    ann.ear.words();
    b.rename(bob.member, 'bobby');
    b.setHost(bob.member, 'h.example');
    b.setAccount(bob.member, 'bob');
    b.setAway(bob.member, 'out');
    expect(ann.ear.words()).toEqual(['renamed bobby', 'host bobby', 'account bobby', 'away bobby']);
    expect(a.directory.member('bobby')).toMatchObject({ host: 'h.example', account: 'bob', away: 'out' });
    expect(roomsOf(b)).toEqual(roomsOf(a));
    expect(ended(a.kick(ann.member, '#a', { nick: 'bobby', reason: 'x' }))).toBe('kicked');
    expect(bob.ear.words()).toContain('kicked bobby');
    expect(roomOf(b, '#a')).toEqual(['ann']);
  });

  test('put out members of each other: the node that has one ends its connection', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const [ann, bob, cid] = [enter(a, 'ann', '#a'), enter(b, 'bob', '#a'), enter(b, 'cid')];
    a.setOperator(ann.member, ['kill']);
    expect(ended(a.expel(ann.member, 'bob', { reason: 'out', parting: 'Killed' }))).toBe('expelled');
    expect([ann.ear.partings, bob.ear.partings]).toEqual([[], ['Killed']]);
    expect(a.putOut('cid', 'Killed by nobody')?.nick).toBe('cid');
    expect(cid.ear.partings).toEqual(['Killed by nobody']);
    b.reserveNicks(['dan'], true);
    a.setAccount(ann.member, 'dan');
    b.setAccount(bob.member, 'dan');
    expect(ended(a.ghost(ann.member, 'bob', 'dan'))).toBe('expelled');
    expect(bob.ear.partings).toEqual(['Killed', 'Ghosted by ann']);
  });

  test('tell each other how their members are secured', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const ear = new Ear();
    ear.isSecure = true;
    const ann = a.receive({ host: '192.0.2.1', outlet: ear });
    a.admit(ann, { nick: 'ann', user: 'u', realName: 'r' });
    const there = b.directory.member('ann') ?? expect.fail('not there');
    expect(b.securityOf(there)).toEqual({ isSecure: true, certificate: null });
    expect(b.securityOf(enter(b, 'bob').member)).toMatchObject({ isSecure: false });
  });

  test('have the squatter of a nick get another one where it is, although both think of the same one', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const [ann, bob] = [enter(a, 'ann'), enter(b, 'bob')];
    log.become('held', 'd');
    a.reserveNicks(['ann', 'bob'], true);
    log.run();
    log.recover();
    expect([ann.member.nick, bob.member.nick].sort()).toEqual(['Guest1001', 'Guest1002']);
  });

  test('lose an account together', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const erased: string[] = [];
    for (const chat of [a, b]) chat.observeErasures((account) => erased.push(account));
    const bob = enter(b, 'bob', '#a');
    b.setAccount(bob.member, 'bob');
    b.setTrait(bob.member, 'always-on', true);
    b.registerRoom(bob.member, '#a', 9);
    expect(b.leave(bob.member, bob.ear, '')).toBeNull();
    expect(a.directory.member('bob')?.nick).toBe('bob');
    a.releaseAccount('bob');
    expect(erased).toEqual(['bob', 'bob']);
    expect(a.directory.member('bob')).toBeUndefined();
    expect([a, b].map(({ directory }) => directory.room('#a'))).toEqual([undefined, undefined]);
  });

  test('give a room another name on both', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const ann = enter(a, 'ann', '#a');
    expect(ended(a.retitle(ann.member, '#a', '#b', ''))).toBe('retitled');
    expect([roomOf(a, '#b'), roomOf(b, '#b')]).toEqual([['ann'], ['ann']]);
  });

  test('wait 30 seconds for their log', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const ann = enter(a, 'ann', '#a');
    log.become('away');
    const words = { type: 'message', text: 'x', tags: [], isDivisible: false } as const;
    const answer = a.say(ann.member, { kind: 'room', name: '#a', ranks: 0 }, words);
    wait(29_000, a, b);
    expect(ended(answer)).toBe('open');
    wait(2000, a, b);
    expect(ended(answer)).toBe('not-taken');
  });
});

describe('a ban of the server', () => {
  const ban: ServerBan = {
    ...{ kind: 'users', mask: 'bad@*', reason: 'why', by: 'ann' },
    ...{ atMs: 1_000_000, untilMs: null },
  };

  test('holds on all nodes, puts people out where they are, and is kept by one of them', () => {
    const kept: string[] = [];
    const store = (name: string) => ({
      all: () => [],
      put: () => kept.push(`${name} put`),
      remove: () => kept.push(`${name} remove`),
    });
    const startWith = (node: string): Chat =>
      new Chat({
        ...{ log, node, now: () => nowMs, bans: { store: store(node) } },
        sharing: { checkpoints, onGivenUp: () => undefined },
      });
    const [a, b] = [startWith('a.1'), startWith('b.1')];
    const ear = new Ear();
    const bad = b.receive({ host: '192.0.2.7', outlet: ear });
    b.admit(bad, { nick: 'bob', user: 'bad', realName: 'r' });
    expect(a.setBan(null, ban, 'Banned')).toMatchObject({ kind: 'ban-set', expelledCount: 1 });
    expect(ear.partings).toEqual(['Banned']);
    expect(b.bans.list('users')).toEqual([ban]);
    expect(kept).toEqual(['a.1 put']);
    const c = start('c.1');
    expect(c.bans.list('users')).toEqual([ban]);
    expect(b.liftBan(null, 'users', 'BAD@*')).toMatchObject({ kind: 'ban-lifted', ban });
    expect([a, b, c].map(({ bans }) => bans.list('users'))).toEqual([[], [], []]);
    expect(kept).toEqual(['a.1 put', 'b.1 remove']);
  });

  test('is one too many on all nodes, or on none', () => {
    const options = { bans: { maxBans: 1 }, sharing: { checkpoints, onGivenUp: () => undefined } };
    const [a, b] = ['a.1', 'b.1'].map((node) => new Chat({ log, node, now: () => nowMs, ...options }));
    log.become('held', 'd');
    const answers = [a?.setBan(null, ban, 'x'), b?.setBan(null, { ...ban, mask: 'other@*' }, 'x')];
    log.recover();
    expect(answers.map((answer) => ended(answer ?? null))).toEqual(['ban-set', 'too-many-bans']);
    expect([a, b].map((chat) => chat?.bans.all())).toEqual([[ban], [ban]]);
  });

  test('is in the checkpoint from which a node begins', () => {
    const a = start('a.1');
    a.setBan(null, ban, 'Banned');
    a.keepRooms();
    expect(checkpoints.of('d')?.state).toContain('bad@*');
    expect(start('b.1').bans.list('users')).toEqual([ban]);
  });
});

describe('a node that starts late', () => {
  test('has everything from checkpoints and what came after them', () => {
    const a = start('a.1');
    const ann = enter(a, 'ann', '#a', '#b');
    a.setAway(ann.member, 'out');
    a.setTopic(ann.member, '#a', 'tea');
    say(a, ann.member, '#a', 'hello');
    a.keepRooms();
    a.setTopic(ann.member, '#b', 'milk');
    enter(a, 'bob', '#a', '#c');
    checkpoints.isLate = true;
    const b = start('b.1');
    let hasCaughtUp = false;
    b.whenCaughtUp(() => {
      hasCaughtUp = true;
    });
    checkpoints.answer();
    expect([hasCaughtUp, b.directory.member('bob')?.nick]).toEqual([false, 'bob']);
    checkpoints.answer();
    expect(hasCaughtUp).toBe(true);
    expect(roomsOf(b)).toEqual(roomsOf(a));
    expect(b.directory.member('ann')?.away).toBe('out');
    expect(b.directory.room('#a')?.seatOf(b.directory.member('ann') ?? ann.member)).toBeDefined();
  });

  test('asks for the checkpoint of a room that is not open by now, before it lets anybody in', () => {
    const a = start('a.1');
    const ann = enter(a, 'ann', '#a');
    a.part(ann.member, '#a', '');
    wait(6000, a);
    a.keepRooms();
    const b = start('b.1');
    checkpoints.isLate = true;
    const bob = enter(b, 'bob');
    const joined = b.join(bob.member, '#a', { key: null, maxRooms: 9, flags: [] });
    expect(ended(joined)).toBe('open');
    checkpoints.answer();
    expect(ended(joined)).toBe('joined');
    expect(roomsOf(a)).toEqual(roomsOf(b));
  });

  test('gives up those that it has been before', () => {
    const a = start('a.1');
    const b = start('b.1');
    const bob = enter(b, 'bob', '#a');
    enter(a, 'ann', '#a');
    bob.ear.words();
    const again = start('a.3');
    expect(bob.ear.words()).toEqual(['quit ann']);
    expect(roomOf(again, '#a')).toEqual(['bob']);
    expect(again.isGone('a.1')).toBe(true);
  });
});

describe('a node that is gone', () => {
  test('leaves with all its members, in every room', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const bob = enter(b, 'bob', '#a', '#b');
    enter(a, 'ann', '#a', '#b');
    bob.ear.words();
    b.giveUp('a.1');
    expect(bob.ear.heard).toMatchObject([{ kind: 'quit', member: { nick: 'ann' }, reason: 'node lost' }]);
    expect([roomOf(b, '#a'), roomOf(b, '#b')]).toEqual([['bob'], ['bob']]);
    expect(b.directory.member('ann')).toBeUndefined();
  });

  test('says nothing any more, and lets nobody in: its late entries count for nobody', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const [ann, bob] = [enter(a, 'ann', '#a'), enter(b, 'bob', '#a', '#b')];
    log.become('held');
    say(a, ann.member, '#a', 'late');
    join(a, ann.member, '#b');
    say(a, ann.member, 'bob', 'late');
    const cid = a.receive({ host: 'h', outlet: null });
    a.admit(cid, { nick: 'cid', user: 'u', realName: 'r' });
    log.put('d', { session: 'b.1.900', n: 1, atMs: 1, seen: 0, base: 0, kind: 'gone', node: 'a.1' });
    bob.ear.words();
    log.become('prompt');
    // What was said before the room has heard that the node is gone is said.
    log.run('r:#b');
    log.run();
    log.recover();
    expect(roomOf(b, '#a')).toEqual(['bob']);
    expect(roomOf(b, '#b')).toEqual(['bob']);
    expect(b.directory.member('cid')).toBeUndefined();
    expect(roomStateOf(b.directory.room('#b') ?? expect.fail()).knowsGone('a.1')).toBe(true);
  });

  test('is remembered by rooms: those who come back have their ranks, and a room that nobody is in stays', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const ann = enter(a, 'ann', '#a');
    a.setTopic(ann.member, '#a', 'tea');
    a.amend(ann.member, '#a', [{ kind: 'flag', on: true, flag: 'invite-only' }], LIMITS);
    b.giveUp('a.1');
    expect(b.directory.room('#a')?.size).toBe(0);
    wait(10_000, b);
    const bob = enter(b, 'bob');
    expect(join(b, bob.member, '#a')).toBe('invite-only');
    const back = enter(b, 'ann', '#a');
    expect(b.directory.room('#a')?.topic?.text).toBe('tea');
    expect(b.directory.room('#a')?.ranksOf(back.member)).toBe(4);
  });

  test('is waited for 30 days, not for ever', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    enter(a, 'ann', '#a');
    b.giveUp('a.1');
    nowMs += 31 * 86_400_000;
    wait(6000, b);
    expect(b.directory.room('#a')).toBeUndefined();
    expect(start('c.1').directory.room('#a')).toBeUndefined();
  });

  test('is gone from rooms of which the others have died before they could say so', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    enter(a, 'ann', '#a');
    enter(b, 'bob', '#b');
    log.become('held', 'r:#a');
    b.giveUp('a.1');
    log.become('away');
    b.keepRooms();
    log.become('prompt');
    const c = start('c.1');
    c.giveUp('b.1');
    const cid = enter(c, 'cid', '#a', '#b');
    expect([roomOf(c, '#a'), roomOf(c, '#b')]).toEqual([['cid'], ['cid']]);
    expect(say(c, cid.member, '#a', 'hello')).toBe('said');
  });
});

describe('a node that was given up, and comes back', () => {
  /** A node that hears nothing from its log for a while. */
  const begin = (): { a: Chat; b: Chat; ann: ReturnType<typeof enter>; bob: ReturnType<typeof enter> } => {
    const [a, b] = [start('a.1'), start('b.1')];
    const ann = enter(a, 'ann', '#a', '#b');
    const bob = enter(b, 'bob', '#a', '#b');
    ann.ear.words();
    return { a, b, ann, bob };
  };

  test('has all its members again, who hear nothing of it; the others see them leave and enter', () => {
    const { a, b, ann, bob } = begin();
    const amy = enter(a, 'amy', '#a');
    a.setAway(ann.member, 'out');
    a.setTrait(ann.member, 'bot', true);
    a.annotateSelf(ann.member, { key: 'k', value: 'v', maxKeys: 3 });
    for (const { ear } of [ann, amy, bob]) ear.words();
    b.giveUp('a.1');
    expect(givenUp).toEqual(['a.1']);
    expect(b.directory.member('ann')).toBeUndefined();
    a.comeBack('a.2');
    expect(bob.ear.words().sort()).toEqual([
      'joined amy',
      'joined ann',
      'joined ann',
      'quit amy',
      'quit ann',
      'settings',
      'settings',
    ]);
    expect([ann.ear.words(), amy.ear.words()]).toEqual([[], []]);
    // From now on, everybody hears of them again.
    a.part(amy.member, '#a', '');
    join(a, amy.member, '#a');
    expect([ann.ear.words(), bob.ear.words()]).toEqual([
      ['left amy', 'joined amy'],
      ['left amy', 'joined amy'],
    ]);
    expect(b.directory.member('ann')).toMatchObject({ session: ann.member.session, away: 'out' });
    expect(b.directory.member('ann')?.traits.has('bot')).toBe(true);
    expect(b.directory.member('ann')?.metadata.get('k')).toBe('v');
    expect(roomsOf(b)).toEqual(roomsOf(a));
    expect(roomOf(a, '#a')).toEqual(['amy', 'ann', 'bob']);
    expect(say(a, ann.member, '#a', 'hello')).toBe('said');
    expect([bob.ear.words(), amy.ear.words()]).toEqual([['said hello'], ['said hello']]);
    expect(say(b, bob.member, 'ann', 'psst')).toBe('said');
    expect(ann.ear.words()).toEqual(['said psst']);
  });

  test('its members hear what becomes of their rooms while they are out of them', () => {
    const { a, b, ann, bob } = begin();
    const amy = enter(a, 'amy', '#a');
    for (const { ear } of [ann, amy, bob]) ear.words();
    b.giveUp('a.1');
    const eve = enter(b, 'eve', '#a');
    b.setTopic(bob.member, '#a', 'green');
    b.rename(bob.member, 'rob');
    b.part(eve.member, '#a', '');
    const news = ['joined eve', 'topic green', 'renamed rob', 'left eve'];
    for (const { ear } of [ann, amy]) expect(ear.words()).toEqual(news);
    a.comeBack('a.2');
    expect([ann.ear.words(), amy.ear.words()]).toEqual([[], []]);
    b.rename(bob.member, 'bob');
    for (const { ear } of [ann, amy]) expect(ear.words()).toEqual(['renamed bob']);
  });

  test('says once what had not been settled, and what its members say meanwhile', () => {
    const { a, b, ann, bob } = begin();
    const heard: string[] = [];
    log.become('held');
    const words = (text: string) => ({ type: 'message', text, tags: [], isDivisible: false }) as const;
    const inRoom = { kind: 'room', name: '#a', ranks: 0 } as const;
    const early = a.say(ann.member, inRoom, words('early'));
    log.become('prompt', 'd');
    b.giveUp('a.1');
    const late = a.say(ann.member, inRoom, words('late'));
    const told = a.say(ann.member, { kind: 'member', nick: 'bob' }, words('psst'));
    a.comeBack('a.2');
    const last = a.say(ann.member, inRoom, words('last'));
    log.run();
    log.recover();
    log.run();
    heard.push(...bob.ear.heard.flatMap((event) => (event.kind === 'said' ? [event.text] : [])));
    expect(heard.sort()).toEqual(['early', 'last', 'late', 'psst']);
    expect([early, late, told, last].map(ended)).toEqual(['said', 'said', 'said', 'said']);
    expect(roomsOf(b)).toEqual(roomsOf(a));
  });

  test('enters a room only when its own log has said that the node was gone', () => {
    const { a, b, ann, bob } = begin();
    log.become('held', 'r:#a');
    b.giveUp('a.1');
    a.comeBack('a.2');
    expect(b.directory.room('#b')?.seatOf(ann.member)).toBeDefined();
    expect(b.directory.room('#a')?.seatOf(ann.member)).toBeUndefined();
    say(b, bob.member, '#a', 'late');
    log.recover();
    log.run();
    expect(b.directory.room('#a')?.seatOf(ann.member)).toBeDefined();
    expect(roomsOf(b)).toEqual(roomsOf(a));
    expect(b.directory.room('#a')?.ranksOf(ann.member)).toBe(4);
  });

  test('lets a member have another nick if somebody has taken its own', () => {
    const { a, b, ann, bob } = begin();
    b.giveUp('a.1');
    ann.ear.words();
    b.rename(bob.member, 'ann');
    // Before bob is shown with it: nobody sees one nick twice.
    const guest = ann.member.nick;
    expect(guest).toMatch(/^Guest\d+$/);
    expect(ann.ear.words()).toEqual([`renamed ${guest}`, 'renamed ann']);
    a.comeBack('a.2');
    expect(ann.member.nick).toBe(guest);
    expect(ann.ear.words()).toEqual([]);
    expect(roomOf(b, '#a')).toEqual([ann.member.nick, 'ann']);
    expect(roomsOf(b)).toEqual(roomsOf(a));
  });

  test('shows a member with its own nick again if that is free when it is let in', () => {
    const { a, b, ann, bob } = begin();
    b.giveUp('a.1');
    ann.ear.words();
    log.become('held', 'd');
    a.comeBack('a.2');
    const { session } = bob.member;
    const { last } = stateOf(bob.member);
    log.put('d', { session, n: last + 1, atMs: 1, seen: 0, base: 0, kind: 'nick', nick: 'ann' });
    const guest = ann.member.nick;
    log.put('d', { session, n: last + 2, atMs: 1, seen: 0, base: 0, kind: 'nick', nick: 'bob' });
    log.recover();
    log.run();
    expect(ann.member.nick).toBe('ann');
    const before = ann.ear.heard.flatMap((event) => (event.kind === 'renamed' ? [event.before] : []));
    expect(before).toEqual(['ann', 'bob', 'ann', guest]);
    expect(roomsOf(b)).toEqual(roomsOf(a));
  });

  test('takes a member that quits before it is let in out of a room that it has asked to enter', () => {
    const { a, b, ann } = begin();
    b.giveUp('a.1');
    log.become('held', 'd');
    a.comeBack('a.2');
    join(a, ann.member, '#new');
    a.quit(ann.member, 'bye');
    log.recover();
    log.run();
    expect([a, b].map((chat) => chat.directory.member('ann'))).toEqual([undefined, undefined]);
    expect([a, b].map((chat) => chat.directory.room('#new'))).toEqual([undefined, undefined]);
    expect(roomsOf(b)).toEqual(roomsOf(a));
  });

  test('reports rooms again that had opened when it was given up', () => {
    const { a, b, ann } = begin();
    log.become('held', 'd');
    expect(join(a, ann.member, '#new')).toBe('joined');
    log.put('d', { session: 'b.1.900', n: 1, atMs: 1, seen: 0, base: 0, kind: 'gone', node: 'a.1' });
    log.recover();
    log.run();
    expect(roomOf(b, '#new')).toEqual([]);
    a.comeBack('a.2');
    expect(roomOf(b, '#new')).toEqual(['ann']);
    expect(roomsOf(b)).toEqual(roomsOf(a));
  });

  test('shows a member that it is out of a room which does not let it in', () => {
    const { a, b, ann, bob } = begin();
    a.amend(ann.member, '#a', [{ kind: 'rank', on: true, rank: 'operator', nick: 'bob' }], LIMITS);
    b.giveUp('a.1');
    b.amend(bob.member, '#a', [{ kind: 'mask', on: true, list: 'ban', mask: 'ann!*@*' }], LIMITS);
    ann.ear.words();
    a.comeBack('a.2');
    expect(ann.ear.words()).toEqual(['left ann']);
    expect([roomOf(a, '#a'), roomOf(b, '#a'), roomOf(b, '#b')]).toEqual([['bob'], ['bob'], ['ann', 'bob']]);
  });

  test('lets in whoever was about to arrive, and whoever arrives later', () => {
    const { a, b } = begin();
    const [cid, dan] = [0, 1].map(() => a.receive({ host: '192.0.2.3', outlet: null }));
    if (cid === undefined || dan === undefined) expect.fail();
    log.become('held', 'd');
    const arrived = a.admit(cid, { nick: 'cid', user: 'u', realName: 'r' });
    log.put('d', { session: 'b.1.900', n: 1, atMs: 1, seen: 0, base: 0, kind: 'gone', node: 'a.1' });
    a.comeBack('a.2');
    log.run();
    log.recover();
    expect(ended(arrived)).toBe('arrived');
    expect(ended(a.admit(dan, { nick: 'dan', user: 'u', realName: 'r' }))).toBe('arrived');
    expect(['ann', 'cid', 'dan'].map((nick) => b.directory.member(nick)?.session)).toEqual(
      ['ann', 'cid', 'dan'].map((nick) => a.directory.member(nick)?.session),
    );
  });

  test('comes back again and again', () => {
    const { a, b, ann, bob } = begin();
    for (const number of [2, 3, 4]) {
      b.giveUp(`a.${number - 1}`);
      a.comeBack(`a.${number}`);
      bob.ear.words();
      expect(say(a, ann.member, '#a', 'hello')).toBe('said');
      expect(bob.ear.words()).toEqual(['said hello']);
      expect(roomsOf(b)).toEqual(roomsOf(a));
    }
    expect(ann.ear.words()).toEqual([]);
    expect(givenUp).toHaveLength(3);
  });
});

describe('a node that is given up again while it comes back', () => {
  test('says once what had not been settled before the first time', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const ann = enter(a, 'ann', '#a');
    const bob = enter(b, 'bob', '#a');
    log.become('held', 'r:#a');
    const words = { type: 'message', text: 'early', tags: [], isDivisible: false } as const;
    const says: Answer<{ readonly kind: string }>[] = [];
    for (const number of [2, 3]) {
      b.giveUp(`a.${number - 1}`);
      says.push(a.say(ann.member, { kind: 'room', name: '#a', ranks: 0 }, words));
      a.comeBack(`a.${number}`);
    }
    log.run();
    log.recover();
    log.run();
    expect(says.map(ended)).toEqual(['said', 'said']);
    const heard = bob.ear.heard.flatMap((event) => (event.kind === 'said' ? [event.text] : []));
    expect(heard).toEqual(['early', 'early']);
    expect(roomsOf(b)).toEqual(roomsOf(a));
    expect(roomOf(b, '#a')).toEqual(['ann', 'bob']);
  });
});

describe('a node that stops by its own will', () => {
  test('leaves, and its next run has the members that are handed over', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const [ann, bob] = [enter(a, 'ann', '#a'), enter(b, 'bob', '#a')];
    a.setTopic(ann.member, '#a', 'tea');
    a.amend(ann.member, '#a', [{ kind: 'key', on: true, key: 'k' }], LIMITS);
    const described = a.describe(ann.member);
    let hasLeft = false;
    a.stepDown(() => {
      hasLeft = true;
    });
    expect([hasLeft, givenUp]).toEqual([true, []]);
    bob.ear.words();
    const again = start('a.2');
    const ear = new Ear();
    let member: Member | null = null;
    again.holdOpen(() => {
      member = again.restore(described, ear);
    });
    expect(member).toMatchObject({ nick: 'ann' });
    expect(bob.ear.words()).toEqual(['joined ann', 'settings']);
    expect(ear.words()).toEqual([]);
    expect(b.directory.room('#a')?.ranksOf(again.directory.member('ann') ?? bob.member)).toBe(4);
    expect(roomsOf(b)).toEqual(roomsOf(again));
  });

  test('says what members say while its next run is still bringing them in', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const people = [enter(a, 'ann', '#a'), enter(a, 'eve', '#a')];
    const bob = enter(b, 'bob', '#a');
    const described = people.map(({ member }) => a.describe(member));
    a.stepDown(() => undefined);
    bob.ear.words();
    const again = start('a.2');
    log.become('held', 'd');
    const members = described.map((each) => again.restore(each, new Ear()) ?? expect.fail('nobody'));
    const answers = members.flatMap((member) => [
      again.say(member, { kind: 'room', name: '#a', ranks: 0 }, words(member.nick)),
      again.say(member, { kind: 'member', nick: 'bob' }, words(`private ${member.nick}`)),
    ]);
    expect(bob.ear.words()).toEqual([]);
    log.recover();
    expect(answers.map(ended)).toEqual(['said', 'said', 'said', 'said']);
    expect(bob.ear.words()).toEqual([
      ...['said private ann', 'said private eve', 'joined ann', 'settings', 'joined eve', 'said ann', 'said eve'],
    ]);
    expect(ended(again.say(members[0] ?? bob.member, { kind: 'room', name: '#a', ranks: 0 }, words('on')))).toBe(
      'said',
    );
  });
});
