/** Members that are connected to several nodes at once. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { Member } from '../../src/chat/member.js';
import { type Answer, whenSettled } from '../../src/chat/ticket.js';
import { HeldLog } from '../support/held-log.js';
import { MemoryCheckpoints } from '../support/memory-checkpoints.js';
import { Ear } from './ear.js';

const LIMITS = { maxMasks: 9, maxValues: 9 };
const ME = { nick: 'ann', user: 'u', realName: 'r', account: 'ann' };

/** A connection of somebody. */
interface Device {
  readonly chat: Chat;
  readonly member: Member;
  readonly ear: Ear;
}

let nowMs: number;
let log: HeldLog;
let checkpoints: MemoryCheckpoints;

beforeEach(() => {
  nowMs = 1_000_000;
  log = new HeldLog();
  checkpoints = new MemoryCheckpoints();
});

function start(node: string): Chat {
  return new Chat({
    ...{ log, node, now: () => nowMs, newLogId: (name) => name.replace(/[^a-z0-9]/g, '') },
    sharing: { checkpoints, onGivenUp: () => undefined },
  });
}

/** How an answer has ended; undefined if it has not. */
function outcomeOf<T>(answer: Answer<T> | null): unknown {
  let outcome: unknown = undefined;
  if (answer === null) return null;
  whenSettled(answer, (settled) => {
    outcome = settled;
  });
  return outcome;
}

/** Connects somebody who is one with the member of its account, if that is here. */
function connect(chat: Chat, names: Partial<typeof ME> = {}, ear = new Ear()): Device {
  const own = chat.receive({ host: ear.remoteHost, outlet: ear });
  const shared = outcomeOf(chat.arriveAs(own, { ...ME, ...names }));
  if (isShared(shared)) return { chat, member: shared.member, ear };
  expect(shared).toBeNull();
  expect(outcomeOf(chat.admit(own, { ...ME, ...names }))).toMatchObject({ kind: 'arrived' });
  return { chat, member: own, ear };
}

function isShared(outcome: unknown): outcome is { readonly kind: 'shared'; readonly member: Member } {
  return typeof outcome === 'object' && outcome !== null && 'kind' in outcome && outcome.kind === 'shared';
}

const at = <T>({ chat, member, ear }: Device, act: () => T): T => chat.through(member, ear, act);

function join(device: Device, room = '#a'): void {
  const { chat, member } = device;
  at(device, () => chat.join(member, room, { key: null, maxRooms: 9, flags: [] }));
  expect(chat.directory.room(room)?.seatOf(member)).toBeDefined();
}

function say(device: Device, target: string, text: string): unknown {
  const words = { type: 'message', text, tags: [], isDivisible: false } as const;
  const isRoom = target.startsWith('#');
  const to = isRoom ? ({ kind: 'room', name: target, ranks: 0 } as const) : ({ kind: 'member', nick: target } as const);
  return outcomeOf(at(device, () => device.chat.say(device.member, to, words)));
}

function leave({ chat, member, ear }: Device, reason = 'bye'): void {
  chat.leave(member, ear, reason);
}

const roomOf = (chat: Chat, name = '#a'): string[] =>
  (chat.directory.room(name)?.seats ?? []).map(({ member }) => member.nick).sort();

/** Everything that is known of rooms, for comparisons. */
const roomsOf = (chat: Chat): unknown => [...chat.roomSnapshots()].sort(([one], [other]) => (one < other ? -1 : 1));

/** Three nodes: one account is connected to the first two, and somebody else to the third. */
function begin() {
  const [a, b, c] = [start('a.1'), start('b.1'), start('c.1')];
  const home = connect(a);
  const bob = connect(c, { nick: 'bob', account: 'bob' });
  join(home);
  join(bob);
  const branch = connect(b, {}, new Ear('192.0.2.2'));
  for (const { ear } of [home, bob, branch]) ear.words();
  return { a, b, c, home, bob, branch };
}

describe('a member that is connected to two nodes', () => {
  test('is one: it hears and says everything on both', () => {
    const { a, b, c, home, bob, branch } = begin();
    expect(branch.member.session).toBe(home.member.session);
    expect([a, b, c].map(({ directory }) => directory.memberCount)).toEqual([2, 2, 2]);
    expect([...c.nodes()].sort()).toEqual(['a.1', 'b.1', 'c.1']);
    expect(say(bob, '#a', 'hello')).toMatchObject({ kind: 'said' });
    expect([home.ear.words(), branch.ear.words()]).toEqual([['said hello'], ['said hello']]);
    expect(say(branch, '#a', 'from two')).toMatchObject({ kind: 'said' });
    expect(say(home, '#a', 'from one')).toMatchObject({ kind: 'said' });
    expect(say(branch, '#a', 'from two again')).toMatchObject({ kind: 'said' });
    expect(bob.ear.words()).toEqual(['said from two', 'said from one', 'said from two again']);
    expect([home.ear.words(), branch.ear.words()]).toEqual([
      ['said from two', 'said from two again'],
      ['said from one'],
    ]);
    expect(say(bob, 'ann', 'psst')).toMatchObject({ kind: 'said' });
    expect([home.ear.words(), branch.ear.words()]).toEqual([['said psst'], ['said psst']]);
    expect(say(branch, 'bob', 'yes?')).toMatchObject({ kind: 'said' });
    expect([home.ear.words(), bob.ear.words()]).toEqual([['said yes?'], ['said yes?']]);
    expect(roomsOf(a)).toEqual(roomsOf(b));
  });

  test('enters and leaves rooms, and changes its names, on both at once', () => {
    const { a, b, home, bob, branch } = begin();
    join(branch, '#b');
    expect(home.ear.words()).toEqual(['joined ann']);
    join(bob, '#b');
    expect([home.ear.words(), branch.ear.words()]).toEqual([['joined bob'], ['joined bob']]);
    at(branch, () => b.amend(branch.member, '#b', [{ kind: 'flag', on: true, flag: 'moderated' }], LIMITS));
    expect(home.ear.words()).toEqual(['settings']);
    at(branch, () => b.rename(branch.member, 'anna'));
    expect([home.ear.words(), bob.ear.words().at(-1)]).toEqual([['renamed anna'], 'renamed anna']);
    expect(roomsOf(a)).toEqual(roomsOf(b));
    at(home, () => a.part(home.member, '#b', ''));
    expect(branch.ear.words()).toEqual(['left anna']);
    at(home, () => a.join(home.member, '#b', { key: null, maxRooms: 9, flags: [] }));
    at(branch, () => b.part(branch.member, '#b', ''));
    expect(home.ear.words()).toEqual(['left anna']);
    expect([roomOf(a, '#b'), roomOf(b, '#b')]).toEqual([['bob'], ['bob']]);
    expect(say(home, '#a', 'still here')).toMatchObject({ kind: 'said' });
    expect(roomsOf(a)).toEqual(roomsOf(b));
  });

  test('is away when nobody is at either, and back when somebody connects', () => {
    const { a, b, c, home, bob, branch } = begin();
    const away = (): (string | null | undefined)[] => [a, b, c].map(({ directory }) => directory.member('ann')?.away);
    at(branch, () => b.setAway(branch.member, 'bath'));
    expect([away(), bob.ear.words()]).toEqual([[null, null, null], []]);
    at(home, () => a.setAway(home.member, 'lunch'));
    expect([away(), bob.ear.words()]).toEqual([['lunch', 'lunch', 'lunch'], ['away ann']]);
    leave(home);
    expect(away()).toEqual(['bath', 'bath', 'bath']);
    connect(c);
    expect(away()).toEqual([null, null, null]);
  });

  test('quits with its last connection, whichever node that is on', () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      log = new HeldLog();
      checkpoints = new MemoryCheckpoints();
      const { a, b, home, bob, branch } = begin();
      const devices = [home, branch];
      const [first, last] = order.map((index) => devices[index] ?? expect.fail());
      if (first === undefined || last === undefined) expect.fail();
      leave(first);
      expect([bob.ear.words(), roomOf(a), roomOf(b)]).toEqual([[], ['ann', 'bob'], ['ann', 'bob']]);
      expect(say(last, '#a', 'alone')).toMatchObject({ kind: 'said' });
      leave(last, 'good bye');
      expect(bob.ear.words()).toEqual(['said alone', 'quit ann']);
      expect([a, b].map(({ directory }) => directory.member('ann'))).toEqual([undefined, undefined]);
      expect([roomOf(a), roomOf(b)]).toEqual([['bob'], ['bob']]);
    }
  });

  test('goes on at its own node again after it had left there', () => {
    const { a, home, bob, branch } = begin();
    leave(home);
    const again = connect(a);
    expect(again.member).toBe(home.member);
    expect(say(again, '#a', 'back')).toMatchObject({ kind: 'said' });
    leave(branch);
    expect(say(again, '#a', 'alone')).toMatchObject({ kind: 'said' });
    leave(again);
    expect(bob.ear.words()).toEqual(['said back', 'said alone', 'quit ann']);
  });

  test('is an operator where it has given the password only', () => {
    const { a, b, c, home, branch } = begin();
    expect([a.isDivided(home.member), b.isDivided(branch.member)]).toEqual([true, true]);
    at(branch, () => b.setOperator(branch.member, ['kill', 'override']));
    const may = (device: Device): boolean => at(device, () => device.member.may('kill'));
    expect([may(home), may(branch)]).toEqual([false, true]);
    expect(c.directory.member('ann')?.isOperator).toBe(true);
    const kill = (device: Device): unknown =>
      outcomeOf(at(device, () => device.chat.expel(device.member, 'bob', { reason: 'x', parting: 'x' })));
    expect(kill(home)).toMatchObject({ why: 'not-privileged' });
    expect(kill(branch)).toMatchObject({ kind: 'expelled' });
    at(home, () => a.setOperator(home.member, ['wallops']));
    expect(c.directory.member('ann')?.who.privileges).toEqual(['kill', 'wallops', 'override']);
    leave(branch);
    expect(c.directory.member('ann')?.who.privileges).toEqual(['wallops']);
    expect(roomsOf(a)).toEqual(roomsOf(b));
  });

  test('loses the connections that a ban applies to, and goes when it is put out', () => {
    const { a, c, home, bob, branch } = begin();
    const ban = { kind: 'addresses', mask: '192.0.2.2', reason: 'x', by: 'x', atMs: 1, untilMs: null } as const;
    c.setBan(null, ban, 'banned');
    expect([home.ear.partings, branch.ear.partings]).toEqual([[], ['banned']]);
    leave(branch);
    expect(a.directory.member('ann')).toBe(home.member);
    const again = connect(start('d.1'), {}, new Ear('192.0.2.3'));
    c.setOperator(bob.member, ['kill']);
    expect(outcomeOf(c.expel(bob.member, 'ann', { reason: 'out', parting: 'Killed' }))).toMatchObject({
      kind: 'expelled',
    });
    expect([home, again].map(({ ear }) => ear.partings[0])).toEqual(['Killed', 'Killed']);
    for (const device of [home, again]) leave(device);
    expect([roomOf(a), a.directory.member('ann')]).toEqual([['bob'], undefined]);
  });

  test('keeps its account as long as there are others', () => {
    const { a, b, home, branch } = begin();
    expect([a.isShared(home.member), b.isShared(branch.member)]).toEqual([true, true]);
    leave(home);
    expect([a.isShared(home.member), b.isShared(branch.member)]).toEqual([false, false]);
  });

  test('is not shared by somebody who has logged in to the account that it leaves meanwhile', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const home = connect(a);
    log.become('held', 'd');
    a.setAccount(home.member, null);
    const ear = new Ear();
    const shared = b.arriveAs(b.receive({ host: ear.remoteHost, outlet: ear }), ME);
    expect(outcomeOf(shared)).toBeUndefined();
    log.recover();
    expect([outcomeOf(shared), a.isShared(home.member)]).toEqual([null, false]);
  });

  test('keeps its account if it asks for another one while somebody connects', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const home = connect(a);
    log.become('held', 'd');
    const ear = new Ear();
    b.arriveAs(b.receive({ host: ear.remoteHost, outlet: ear }), ME);
    const changed = a.setAccount(home.member, 'eve');
    log.recover();
    expect(outcomeOf(changed)).toMatchObject({ why: 'not-taken' });
    expect([a, b].map(({ directory }) => directory.member('ann')?.account)).toEqual(['ann', 'ann']);
  });

  test('shows the addresses of all, and is secure if all connections are', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const [one, two] = [new Ear('192.0.2.1'), new Ear('::ffff:192.0.2.2')];
    one.isSecure = true;
    const home = connect(a, {}, one);
    expect(b.securityOf(b.directory.member('ann') ?? expect.fail()).isSecure).toBe(true);
    const branch = connect(b, {}, two);
    for (const { chat, member } of [home, branch]) {
      expect([...chat.addressesOf(member)].sort()).toEqual(['192.0.2.1', '192.0.2.2']);
      expect(chat.securityOf(member).isSecure).toBe(false);
    }
    leave(branch);
    expect([a, b].map((chat) => chat.securityOf(chat.directory.member('ann') ?? expect.fail()).isSecure)).toEqual([
      true,
      true,
    ]);
  });

  test('is found by a node that starts later, with all of that', () => {
    const { a, home, branch } = begin();
    at(branch, () => branch.chat.setAway(branch.member, 'bath'));
    a.keepRooms();
    const d = start('d.1');
    const third = connect(d);
    expect(say(third, '#a', 'three')).toMatchObject({ kind: 'said' });
    for (const device of [home, branch]) leave(device);
    expect(d.directory.member('ann')).toBe(third.member);
    leave(third);
    expect(d.directory.member('ann')).toBeUndefined();
  });

  test('is not let in after it has left while the log was late', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    const home = connect(a);
    log.become('held', 'd');
    const ear = new Ear();
    const own = b.receive({ host: ear.remoteHost, outlet: ear });
    expect(outcomeOf(b.arriveAs(own, ME))).toBeUndefined();
    b.leave(own, ear, 'gone');
    log.recover();
    leave(home);
    expect([a, b].map(({ directory }) => directory.member('ann'))).toEqual([undefined, undefined]);
  });

  test('is one member even if both arrive at once', () => {
    const [a, b] = [start('a.1'), start('b.1')];
    log.become('held', 'd');
    const [one, two] = [a, b].map((chat) => {
      const ear = new Ear();
      const member = chat.receive({ host: ear.remoteHost, outlet: ear });
      expect(outcomeOf(chat.arriveAs(member, ME))).toBeNull();
      return { chat, ear, member, arrived: chat.admit(member, ME) };
    });
    if (one === undefined || two === undefined) expect.fail();
    log.recover();
    expect([outcomeOf(one.arrived), outcomeOf(two.arrived)]).toMatchObject([
      { kind: 'arrived' },
      { why: 'nick-taken' },
    ]);
    const shared = outcomeOf(b.arriveAs(two.member, ME));
    expect(isShared(shared) ? shared.member.session : shared).toBe(one.member.session);
  });
});

describe('a node is lost', () => {
  test('and its members that are connected to another one continue there: nobody sees anything', () => {
    const { a, b, c, home, bob, branch } = begin();
    join(home, '#b');
    at(home, () => a.setTopic(home.member, '#b', 'tea'));
    say(branch, '#a', 'before');
    for (const { ear } of [bob, branch]) ear.words();
    c.giveUp('a.1');
    expect([bob.ear.words(), branch.ear.words()]).toEqual([[], []]);
    expect([roomOf(b), roomOf(c)]).toEqual([
      ['ann', 'bob'],
      ['ann', 'bob'],
    ]);
    expect(c.directory.member('ann')?.session).toMatch(/^b\.1\./);
    expect(say(branch, '#a', 'after')).toMatchObject({ kind: 'said' });
    expect(say(bob, 'ann', 'psst')).toMatchObject({ kind: 'said' });
    expect([bob.ear.words(), branch.ear.words()]).toEqual([['said after'], ['said psst']]);
    expect(c.directory.room('#b')?.ranksOf(c.directory.member('ann') ?? bob.member)).toBe(4);
    expect(roomsOf(b)).toEqual(roomsOf(c));
    at(branch, () => b.rename(branch.member, 'anna'));
    leave(branch);
    expect(bob.ear.words()).toEqual(['renamed anna', 'quit anna']);
    expect([roomOf(b), roomOf(c), roomOf(c, '#b')]).toEqual([['bob'], ['bob'], []]);
  });

  test('and its own members leave, while those of others do only if they were connected to it alone', () => {
    const { a, b, c, home, bob, branch } = begin();
    c.giveUp('b.1');
    expect([bob.ear.words(), home.ear.words(), roomOf(a)]).toEqual([[], [], ['ann', 'bob']]);
    leave(home);
    expect([bob.ear.words(), roomOf(a), roomOf(c)]).toEqual([['quit ann'], ['bob'], ['bob']]);
    // Its clients are still connected, and it comes back.
    b.comeBack('b.2');
    expect(branch.ear.partings).toEqual([]);
    expect(bob.ear.words()).toEqual(['joined ann']);
    expect(branch.ear.words()).toEqual([]);
    expect(say(branch, '#a', 'awake')).toMatchObject({ kind: 'said' });
    expect(bob.ear.words()).toEqual(['said awake']);
    expect(roomsOf(b)).toEqual(roomsOf(c));
  });

  test('by mistake, and comes back: its connections are those of the same members', () => {
    const { a, b, c, home, bob, branch } = begin();
    at(branch, () => b.setOperator(branch.member, ['kill']));
    at(branch, () => b.setAway(branch.member, 'bath'));
    c.giveUp('b.1');
    expect([c.directory.member('ann')?.isOperator, home.ear.words()]).toEqual([false, []]);
    b.comeBack('b.2');
    expect(c.directory.member('ann')?.isOperator).toBe(true);
    expect(say(branch, '#a', 'awake')).toMatchObject({ kind: 'said' });
    expect([bob.ear.words(), home.ear.words()]).toEqual([['said awake'], ['said awake']]);
    leave(home);
    expect(c.directory.member('ann')?.away).toBe('bath');
    leave(branch);
    expect([roomOf(a), c.directory.member('ann')]).toEqual([['bob'], undefined]);
  });

  test('by mistake, and finds its own members on another node when it comes back', () => {
    const { a, b, c, home, bob, branch } = begin();
    c.giveUp('a.1');
    expect(say(branch, '#a', 'meanwhile')).toMatchObject({ kind: 'said' });
    a.comeBack('a.2');
    expect(home.ear.words()).toEqual(['said meanwhile']);
    expect(say(home, '#a', 'awake')).toMatchObject({ kind: 'said' });
    expect(branch.ear.words()).toEqual(['said awake']);
    leave(branch);
    expect(bob.ear.words()).toEqual(['said meanwhile', 'said awake']);
    expect(say(home, '#a', 'alone')).toMatchObject({ kind: 'said' });
    expect(roomsOf(a)).toEqual(roomsOf(c));
    leave(home);
    expect([roomOf(a), roomOf(b), roomOf(c)]).toEqual([['bob'], ['bob'], ['bob']]);
  });

  test('by mistake, and its connections end if the member has another account meanwhile', () => {
    const { a, b, c, home, branch } = begin();
    c.giveUp('b.1');
    a.setAccount(home.member, 'eve');
    expect([home.ear.partings, branch.ear.partings]).toEqual([[], ['Your nick is logged in to another account']]);
    leave(branch);
    b.comeBack('b.2');
    expect(c.isShared(c.directory.member('ann') ?? expect.fail())).toBe(false);
  });

  test('and what was on its way from the others to the log of the domain counts', () => {
    const { b, c, branch } = begin();
    log.become('held', 'd');
    at(branch, () => b.rename(branch.member, 'anna'));
    log.put('d', { session: 'c.1.900', n: 1, atMs: 1, seen: 0, base: 0, kind: 'gone', node: 'a.1' });
    log.recover();
    expect(c.directory.member('anna')?.session).toMatch(/^b\.1\./);
  });

  test('and what was on its way from the others is said', () => {
    const { a, b, c, bob, branch } = begin();
    log.become('held');
    const said = at(branch, () =>
      b.say(
        branch.member,
        { kind: 'room', name: '#a', ranks: 0 },
        {
          ...{ type: 'message', text: 'in time', tags: [], isDivisible: false },
        },
      ),
    );
    log.put('d', { session: 'c.1.900', n: 1, atMs: 1, seen: 0, base: 0, kind: 'gone', node: 'a.1' });
    log.recover();
    log.run();
    expect(outcomeOf(said)).toMatchObject({ kind: 'said' });
    expect(bob.ear.words()).toEqual(['said in time']);
    expect(roomsOf(b)).toEqual(roomsOf(c));
    expect(a.isGone('a.1')).toBe(true);
  });

  test('after another: the member continues on the third', () => {
    const { b, c, bob, branch } = begin();
    const third = connect(start('d.1'));
    c.giveUp('a.1');
    c.giveUp('b.1');
    expect(say(third, '#a', 'here')).toMatchObject({ kind: 'said' });
    expect(bob.ear.words()).toEqual(['said here']);
    expect(roomsOf(third.chat)).toEqual(roomsOf(c));
    expect(b.isGone('b.1')).toBe(true);
    expect(branch.member.session).toMatch(/^d\.1\./);
  });
});

test('two nodes are lost at once: members continue on a third one, or leave', () => {
  const { a, b, c, bob } = begin();
  const eve = { nick: 'eve', account: 'eve' };
  join(connect(a, eve));
  connect(b, eve);
  const third = connect(start('d.1'));
  bob.ear.words();
  // The room hears of the first one when the second one is gone, too.
  log.become('held', 'r:#a');
  c.giveUp('a.1');
  c.giveUp('b.1');
  log.recover();
  expect(bob.ear.words()).toEqual(['quit eve']);
  expect([roomOf(c), roomOf(third.chat)]).toEqual([
    ['ann', 'bob'],
    ['ann', 'bob'],
  ]);
  expect(say(third, '#a', 'here')).toMatchObject({ kind: 'said' });
  expect(roomsOf(third.chat)).toEqual(roomsOf(c));
});

test('a member that was just entering a room when a lost node was reported there enters again', () => {
  const { b, c, bob, branch } = begin();
  log.become('held', 'r:#a');
  c.giveUp('a.1');
  // The one who reports it has not heard of the member.
  log.put('r:#a', { session: 'x.1.1', n: 1, atMs: 1, seen: 0, base: 0, kind: 'gone', node: 'a.1' });
  log.recover();
  expect([roomOf(b), roomOf(c)]).toEqual([
    ['ann', 'bob'],
    ['ann', 'bob'],
  ]);
  expect(c.directory.room('#a')?.ranksOf(c.directory.member('ann') ?? bob.member)).toBe(4);
  expect(say(branch, '#a', 'after')).toMatchObject({ kind: 'said' });
  expect([branch.ear.words(), bob.ear.words()]).toEqual([[], ['joined ann', 'settings', 'said after']]);
  expect(roomsOf(b)).toEqual(roomsOf(c));
});

describe('a member that is always on', () => {
  test.each(['connected', 'left'])('goes if a ban applies to all its connections (%s)', (kind) => {
    const { a, c, home, branch } = begin();
    at(home, () => a.setTrait(home.member, 'always-on', true));
    if (kind === 'left') for (const device of [home, branch]) leave(device);
    const ban = { kind: 'addresses', reason: 'x', by: 'x', atMs: 1, untilMs: null } as const;
    c.setBan(null, { ...ban, mask: '192.0.2.2' }, 'banned');
    expect(c.directory.member('ann')).toBeDefined();
    c.setBan(null, { ...ban, mask: '192.0.2.0/24' }, 'banned');
    expect(c.directory.member('ann')).toBeUndefined();
  });

  test('stays when nobody is connected for it, and goes on on any node', () => {
    const { a, b, c, home, bob, branch } = begin();
    at(home, () => a.setTrait(home.member, 'always-on', true));
    nowMs += 1000;
    leave(home);
    expect(c.directory.member('ann')?.away).toBeNull();
    nowMs += 1000;
    leave(branch);
    expect([c.directory.member('ann')?.away, bob.ear.words()]).toEqual(['Not connected', ['away ann']]);
    const ear = new Ear();
    const own = b.receive({ host: ear.remoteHost, outlet: ear });
    expect(outcomeOf(b.arriveAs(own, ME))).toMatchObject({ kind: 'shared', absentSinceMs: 1_002_000 });
    expect(c.directory.member('ann')?.away).toBeNull();
    c.giveUp('a.1');
    expect(roomOf(c)).toEqual(['ann', 'bob']);
  });

  test('leaves with its node if nobody is connected for it', () => {
    const { a, b, c, home, bob, branch } = begin();
    at(home, () => a.setTrait(home.member, 'always-on', true));
    for (const device of [home, branch]) leave(device);
    bob.ear.words();
    c.giveUp('a.1');
    expect([bob.ear.words(), b.directory.member('ann')]).toEqual([['quit ann'], undefined]);
  });
});

describe('a node that follows another process of the same name', () => {
  test('lets clients continue as their members, which are connected elsewhere', () => {
    const { a, c, home, bob, branch } = begin();
    const described = [a.describe(home.member, home.ear)];
    const next = start('a.2');
    const ear = new Ear();
    const [member] = described.map((each) => next.restore(each, ear));
    if (member === null || member === undefined) expect.fail();
    expect([bob.ear.words(), branch.ear.words()]).toEqual([[], []]);
    const again = { chat: next, member, ear };
    expect(say(again, '#a', 'new version')).toMatchObject({ kind: 'said' });
    expect(branch.ear.words()).toEqual(['said new version']);
    expect(roomsOf(next)).toEqual(roomsOf(c));
    leave(branch);
    leave(again);
    expect(roomOf(c)).toEqual(['bob']);
  });

  test('lets two clients of one account continue as one member', () => {
    const [a, c] = [start('a.1'), start('c.1')];
    const [one, two] = [connect(a), connect(a)];
    join(one);
    const described = [one, two].map(({ member, ear }) => a.describe(member, ear));
    const next = start('a.2');
    const members = described.map((each) => next.restore(each, new Ear()));
    expect(members[0]).toBe(members[1]);
    expect([c.directory.memberCount, roomOf(c)]).toEqual([1, ['ann']]);
  });

  test('does not bring in a member that stayed, if it is here by now', () => {
    const a = start('a.1');
    const home = connect(a);
    at(home, () => a.setTrait(home.member, 'always-on', true));
    leave(home);
    const described = a.describe(home.member);
    const b = start('b.1');
    b.giveUp('a.1');
    connect(b);
    const next = start('a.2');
    next.restore(described, null);
    expect([...b.directory.members()].map(({ nick }) => nick)).toEqual(['ann']);
  });
});
