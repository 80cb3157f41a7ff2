/** Rooms that get other names while several nodes have them: one order decides, and all end with the same names. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { Member, Outlet } from '../../src/chat/member.js';
import { isClosed } from '../../src/chat/snapshot.js';
import { decodeRoom } from '../../src/chat/snapshot-codec.js';
import { type Answer, whenSettled } from '../../src/chat/ticket.js';
import { MemoryLog } from '../../src/log/memory-log.js';
import type { SharedLog } from '../../src/log/shared-log.js';
import { HeldLog } from '../support/held-log.js';
import { LateView } from '../support/late-view.js';
import { MemoryCheckpoints } from '../support/memory-checkpoints.js';
import { Domain, domainWithHistory, type Process } from './domain.js';
import { Ear } from './ear.js';
import { act, JOIN } from './processes.js';

const NAMES = ['#a', '#b', '#c', '#d', '#e'];

/** Returns what has become of an answer: the kind of the outcome, or why it was refused. */
function outcomeOf(answer: Answer<{ readonly kind: string; readonly why?: string } | null>): { said: string } {
  const found = { said: 'nothing' };
  whenSettled(answer, (outcome) => {
    found.said = outcome?.why ?? outcome?.kind ?? 'null';
  });
  return found;
}

/** The rooms that a node shows: each name with the nicks inside. */
function shown({ node }: Process): unknown {
  const { directory } = node.chat;
  return [...directory.rooms()]
    .filter(({ size }) => size > 0)
    .map(({ name, seats }) => [name, seats.map(({ member }) => member.nick).sort()])
    .sort();
}

/** Two nodes with a member each, who are let in. */
function pairOf(domain: Domain): [Process, Process, Member, Member] {
  const one = domain.start('a.1');
  const other = domain.start('b.1');
  domain.settle();
  const [ann, bob] = [one.node.arrive('ann'), other.node.arrive('bob')];
  domain.settle();
  return [one, other, ann, bob];
}

interface StartOptions {
  readonly now?: () => number;
  readonly checkpoints?: MemoryCheckpoints;
}

/** Starts a node on logs that others may also have. */
function start(
  node: string,
  log: SharedLog,
  { now = () => 1_000_000, checkpoints = new MemoryCheckpoints() }: StartOptions = {},
): Chat {
  return new Chat({
    log,
    node,
    now,
    newLogId: (name) => name.replace(/[^a-z0-9]/g, ''),
    sharing: { checkpoints, onGivenUp: () => undefined },
  });
}

function letIn(chat: Chat, nick: string, outlet: Outlet | null = null): Member {
  const member = chat.receive({ host: '192.0.2.1', outlet });
  chat.admit(member, { nick, user: 'u', realName: nick });
  return member;
}

/** The rooms that a chat shows, with the nicks inside. */
function roomsOf({ directory }: Chat): unknown {
  return [...directory.rooms()].map(({ name, seats }) => [name, seats.map(({ member }) => member.nick)]).sort();
}

test('a room that is renamed on one node has the name on all, and keeps it for one that begins late', () => {
  const domain = new Domain(1);
  const [one, other, ann, bob] = pairOf(domain);
  one.node.chat.join(ann, '#a', JOIN);
  domain.settle();
  other.node.chat.join(bob, '#a', JOIN);
  domain.settle();
  const renamed = outcomeOf(one.node.chat.retitle(ann, '#a', '#b', 'x'));
  domain.settle();
  expect(renamed.said).toBe('retitled');
  const late = domain.start('c.1');
  domain.settle();
  for (const process of [one, other, late]) expect(shown(process)).toEqual([['#b', ['ann', 'bob']]]);
  const cid = late.node.arrive('cid');
  domain.settle();
  // The name that the room was opened with stays its own, and leads to it.
  const joined = outcomeOf(late.node.chat.join(cid, '#a', JOIN));
  domain.settle();
  expect(joined.said).toBe('joined');
  for (const process of [one, other, late]) expect(shown(process)).toEqual([['#b', ['ann', 'bob', 'cid']]]);
});

test('a renamed room that has been closed for an hour leaves nothing that a store must keep', () => {
  const [log, checkpoints] = [new MemoryLog({ maxEntries: 1_000 }), new MemoryCheckpoints()];
  let nowMs = 1_000_000;
  const chats: Chat[] = [];
  const begin = (node: string): Chat => {
    const chat = start(node, log, { now: () => nowMs, checkpoints });
    chats.push(chat);
    return chat;
  };
  const wait = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      nowMs += 1_000;
      for (const chat of chats) chat.tick();
    }
  };
  const areClosed = (): boolean[] => {
    for (const chat of chats) chat.keepRooms();
    return (['r:#a', 'r:#b'] as const).map((name) => {
      const decoded = decodeRoom(checkpoints.of(name)?.state ?? '');
      return decoded.kind === 'state' && isClosed(decoded.state);
    });
  };
  const one = begin('a.1');
  const ann = letIn(one, 'ann');
  one.join(ann, '#a', JOIN);
  one.retitle(ann, '#a', '#b', '');
  wait(12);
  expect(roomsOf(one)).toEqual([['#b', ['ann']]]);
  one.part(ann, '#b', '');
  wait(12);
  // Something about the request may still be on its way.
  expect(areClosed()).toEqual([false, true]);
  nowMs += 3_600_000;
  wait(1);
  expect(areClosed()).toEqual([true, true]);
  // A node that begins with nothing applies the same requests.
  for (const name of ['r:#a', 'r:#b'] as const) checkpoints.forgetState(name);
  const two = begin('b.1');
  const bob = letIn(two, 'bob');
  one.join(ann, '#a', JOIN);
  two.join(bob, '#a', JOIN);
  two.retitle(bob, '#a', '#b', '');
  expect(roomsOf(two)).toEqual([['#a', ['ann', 'bob']]]);
  one.retitle(ann, '#a', '#b', '');
  wait(12);
  for (const chat of chats) expect(roomsOf(chat)).toEqual([['#b', ['ann', 'bob']]]);
});

test('of two rooms that ask for one name at once, the first one in the order gets it, and the other one is told so', () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 12; seed += 1) {
    const domain = new Domain(seed);
    const [one, other, ann, bob] = pairOf(domain);
    one.node.chat.join(ann, '#a', JOIN);
    other.node.chat.join(bob, '#b', JOIN);
    domain.settle();
    const ours = outcomeOf(one.node.chat.retitle(ann, '#a', '#c', ''));
    const theirs = outcomeOf(other.node.chat.retitle(bob, '#b', '#c', ''));
    domain.settle();
    expect([ours.said, theirs.said].sort()).toEqual(['name-taken', 'retitled']);
    seen.add(ours.said);
    const named =
      ours.said === 'retitled'
        ? [
            ['#b', ['bob']],
            ['#c', ['ann']],
          ]
        : [
            ['#a', ['ann']],
            ['#c', ['bob']],
          ];
    for (const process of [one, other]) expect(shown(process)).toEqual(named);
  }
  expect(seen.size).toBe(2);
});

test('who enters by a name that a room is about to get is in that room, or opens one and keeps the name from it', () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const domain = new Domain(seed);
    const [one, other, ann, bob] = pairOf(domain);
    one.node.chat.join(ann, '#a', JOIN);
    domain.settle();
    const renamed = outcomeOf(one.node.chat.retitle(ann, '#a', '#b', ''));
    const joined = outcomeOf(other.node.chat.join(bob, '#b', JOIN));
    domain.settle();
    expect(joined.said).toBe('joined');
    const isTogether = renamed.said === 'retitled';
    const named = isTogether
      ? [['#b', ['ann', 'bob']]]
      : [
          ['#a', ['ann']],
          ['#b', ['bob']],
        ];
    for (const process of [one, other]) expect(shown(process)).toEqual(named);
  }
});

test('a name that a room has no more, or that was given to one that has closed, is free again', () => {
  const domain = new Domain(3);
  const [one, other, ann, bob] = pairOf(domain);
  one.node.chat.join(ann, '#a', JOIN);
  domain.settle();
  for (const [from, to] of [
    ['#a', '#b'],
    ['#b', '#c'],
  ] as const) {
    const renamed = outcomeOf(one.node.chat.retitle(ann, from, to, ''));
    domain.settle();
    expect(renamed.said).toBe('retitled');
  }
  other.node.chat.join(bob, '#b', JOIN);
  domain.settle();
  for (const process of [one, other])
    expect(shown(process)).toEqual([
      ['#b', ['bob']],
      ['#c', ['ann']],
    ]);
  one.node.chat.part(ann, '#c', '');
  domain.settle();
  one.node.chat.join(ann, '#c', JOIN);
  other.node.chat.join(bob, '#a', JOIN);
  domain.settle();
  for (const process of [one, other]) {
    expect(shown(process)).toEqual([
      ['#a', ['bob']],
      ['#b', ['bob']],
      ['#c', ['ann']],
    ]);
  }
});

test('a room whose node dies while it asks for a name gets it by the others, for all alike', () => {
  for (let steps = 0; steps < 40; steps += 1) {
    const domain = new Domain(5);
    const [one, other, ann, bob] = pairOf(domain);
    one.node.chat.join(ann, '#a', JOIN);
    domain.settle();
    other.node.chat.join(bob, '#a', JOIN);
    domain.settle();
    one.node.chat.retitle(ann, '#a', '#b', '');
    domain.network.run(steps);
    domain.kill(one);
    other.node.chat.giveUp(one.name);
    domain.settle();
    const late = domain.start('c.1');
    domain.settle();
    expect(shown(late)).toEqual(shown(other));
    // A name is not lost, whatever has become of the request.
    const cid = late.node.arrive('cid');
    domain.settle();
    const joined = outcomeOf(late.node.chat.join(cid, '#b', JOIN));
    domain.settle();
    expect(joined.said).toBe('joined');
    expect(shown(late)).toEqual(shown(other));
  }
});

test('a thousand rooms that have been renamed leave place for another one', () => {
  const chat = start('a.1', new HeldLog());
  const [ann, bob] = [letIn(chat, 'ann'), letIn(chat, 'bob')];
  const many = { ...JOIN, maxRooms: 5_000 };
  for (let count = 1; count <= 1_001; count += 1) {
    chat.join(ann, `#a${count}`, many);
    expect(outcomeOf(chat.retitle(ann, `#a${count}`, `#b${count}`, '')).said).toBe('retitled');
  }
  expect(outcomeOf(chat.join(bob, '#new', many)).said).toBe('joined');
  // The names that lead to others are known all the same.
  expect(outcomeOf(chat.join(bob, '#a1', many)).said).toBe('joined');
  expect(chat.directory.room('#b1')?.size).toBe(2);
  chat.part(ann, '#b2', '');
  expect(outcomeOf(chat.join(bob, '#b2', many)).said).toBe('joined');
  expect(outcomeOf(chat.retitle(ann, '#b3', '#b2', '')).said).toBe('name-taken');
});

test('nodes with other rooms in their configurations agree on every name', () => {
  const log = new HeldLog();
  const [one, other] = [start('a.1', log), start('b.1', log)];
  one.openRoom('#lobby');
  one.openRoom('#a');
  const [ann, bob] = [letIn(one, 'ann'), letIn(other, 'bob')];
  const names = (): (readonly string[])[] =>
    [one, other].map(({ directory }) =>
      [...directory.rooms()]
        .filter(({ size }) => size > 0)
        .map(({ name }) => name)
        .sort(),
    );
  one.join(ann, '#x', JOIN);
  other.join(bob, '#y', JOIN);
  // The one that has the room in its configuration does not have the name given away; the other one may.
  expect(outcomeOf(one.retitle(ann, '#x', '#lobby', '')).said).toBe('name-taken');
  expect(names()).toEqual([
    ['#x', '#y'],
    ['#x', '#y'],
  ]);
  expect(outcomeOf(other.retitle(bob, '#y', '#lobby', '')).said).toBe('retitled');
  expect(names()).toEqual([
    ['#lobby', '#x'],
    ['#lobby', '#x'],
  ]);
  one.join(ann, '#a', JOIN);
  other.join(bob, '#a', JOIN);
  expect(outcomeOf(one.retitle(ann, '#a', '#c', '')).said).toBe('permanent');
});

test('a room that only some nodes have in their configurations has its own name again when everybody has left', () => {
  const log = new HeldLog();
  const [one, other] = [start('a.1', log), start('b.1', log)];
  one.openRoom('#lobby');
  const bob = letIn(other, 'bob');
  other.setOperator(bob, ['override']);
  other.join(bob, '#lobby', JOIN);
  expect(outcomeOf(other.retitle(bob, '#lobby', '#b', '')).said).toBe('retitled');
  for (const chat of [one, other]) expect(roomsOf(chat)).toEqual([['#b', ['bob']]]);
  other.part(bob, '#b', '');
  expect(roomsOf(one)).toEqual([['#lobby', []]]);
  expect(roomsOf(other)).toEqual([]);
  for (const name of ['#b', '#lobby']) other.join(bob, name, JOIN);
  for (const chat of [one, other]) {
    expect(roomsOf(chat)).toEqual([
      ['#b', ['bob']],
      ['#lobby', ['bob']],
    ]);
  }
});

test('a request for a name whose log is of a later version is refused, and another one can be made', () => {
  const log = new HeldLog();
  const chat = start('a.1', log);
  const ann = letIn(chat, 'ann');
  for (const name of ['#a', '#b']) chat.join(ann, name, JOIN);
  chat.part(ann, '#b', '');
  for (const sink of log.sinks('r:#b')) sink.unreadable(99, { kind: 'unknown-version', version: 99 });
  expect(outcomeOf(chat.retitle(ann, '#a', '#b', '')).said).toBe('name-taken');
  expect(outcomeOf(chat.retitle(ann, '#a', '#c', '')).said).toBe('retitled');
});

test('a node that learns late who has left a room gives its name to the room that has got it', () => {
  const log = new HeldLog();
  const chat = start('a.1', log);
  const [ann, bob] = [letIn(chat, 'ann'), letIn(chat, 'bob')];
  chat.join(ann, '#a', JOIN);
  chat.join(bob, '#b', JOIN);
  const view = new LateView(log);
  view.hold('r:#a');
  const late = start('b.1', view);
  view.hold('r:#b');
  chat.part(bob, '#b', '');
  expect(outcomeOf(chat.retitle(ann, '#a', '#b', '')).said).toBe('retitled');
  view.release('r:#a');
  expect(late.directory.room('#b')?.seats.map(({ member }) => member.nick)).toEqual(['bob']);
  view.release('r:#b');
  expect(late.directory.room('#b')?.seats.map(({ member }) => member.nick)).toEqual(['ann']);
});

test('a room whose state was kept before it got its name is shown once, when its log is known', () => {
  const log = new HeldLog();
  const checkpoints = new MemoryCheckpoints();
  const chat = start('a.1', log, { checkpoints });
  const ann = letIn(chat, 'ann');
  chat.join(ann, '#a', JOIN);
  chat.keepRooms();
  expect(outcomeOf(chat.retitle(ann, '#a', '#b', '')).said).toBe('retitled');
  const view = new LateView(log);
  view.hold('r:#a');
  const late = start('b.1', view, { checkpoints });
  expect(roomsOf(late)).toEqual([]);
  view.release('r:#a');
  expect(roomsOf(late)).toEqual([['#b', ['ann']]]);
  expect(late.directory.room('#a')?.name).toBeUndefined();
});

describe('a room whose name another one still has on a node that is late', () => {
  /** Ann's room `#b` is not known to be hers no more by a node that has bob in the next room of that name. */
  function lateNode(leave: (chat: Chat, ann: Member) => void) {
    let nowMs = 1_000_000;
    const log = new HeldLog();
    const view = new LateView(log);
    const [chat, late] = [start('a.1', log), start('b.1', view, { now: () => nowMs })];
    const [ann, bob] = [letIn(chat, 'ann'), letIn(chat, 'bob')];
    chat.join(ann, '#a', JOIN);
    expect(outcomeOf(chat.retitle(ann, '#a', '#b', '')).said).toBe('retitled');
    view.hold('r:#a');
    leave(chat, ann);
    expect(outcomeOf(chat.join(bob, '#b', JOIN)).said).toBe('joined');
    nowMs += 40_000;
    // It waits no longer for the log that is late.
    late.tick();
    late.tick();
    return { log, view, chat, late, bob };
  }

  test('is shown as soon as that one has closed there', () => {
    const { view, late } = lateNode((chat, ann) => chat.part(ann, '#b', ''));
    expect(roomsOf(late)).toEqual([['#b', ['ann']]]);
    expect(late.directory.occupiedRoomCount).toBe(1);
    view.release('r:#a');
    expect(roomsOf(late)).toEqual([['#b', ['bob']]]);
    expect(late.directory.occupiedRoomCount).toBe(1);
  });

  test('is shown as soon as that one has another name there', () => {
    const { view, late } = lateNode((chat, ann) => chat.retitle(ann, '#b', '#c', ''));
    expect(roomsOf(late)).toEqual([['#b', ['ann']]]);
    view.release('r:#a');
    expect(roomsOf(late)).toEqual([
      ['#b', ['bob']],
      ['#c', ['ann']],
    ]);
  });

  test('hears of a guest who leaves the chat, in its own log', async () => {
    const { log, chat, late, bob } = lateNode((node, ann) => node.part(ann, '#b', ''));
    const guest = letIn(late, 'gus');
    chat.invite(bob, 'gus', '#b');
    late.quit(guest, '');
    const { packs } = (await log.read('r:#b', { after: 0, maxPacks: 100 })) ?? expect.fail('no log');
    const kinds = packs.flatMap((pack) => (pack.kind === 'pack' ? pack.entries.map(({ kind }) => kind) : []));
    expect(kinds.slice(-2)).toEqual(['invite', 'over']);
  });
});

test('one who was answered that the room cannot be entered is not led to another one after that', () => {
  let nowMs = 1_000_000;
  const log = new HeldLog();
  const view = new LateView(log);
  const [here, there] = [start('a.1', view, { now: () => nowMs }), start('b.1', log)];
  const [ann, bob] = [letIn(here, 'ann'), letIn(there, 'bob')];
  there.join(bob, '#a', JOIN);
  here.join(ann, '#b', JOIN);
  here.part(ann, '#b', '');
  view.hold('r:#b');
  expect(outcomeOf(there.retitle(bob, '#a', '#b', '')).said).toBe('retitled');
  const joined = outcomeOf(here.join(ann, '#b', JOIN));
  nowMs += 40_000;
  here.tick();
  expect(joined.said).toBe('not-taken');
  view.release('r:#b');
  expect(joined.said).toBe('not-taken');
  expect([ann.seats.length, there.directory.room('#b')?.size]).toEqual([0, 1]);
});

describe('one who enters through a second connection, while the room gets another name', () => {
  const ban = [{ kind: 'mask', on: true, list: 'ban', mask: '*!*@198.51.100.1' }] as const;

  /** Ann has two connections, and bob asks for another name of his room. */
  function renaming(changes: readonly (typeof ban)[number][]) {
    const log = new HeldLog();
    const chat = start('a.1', log);
    const [first, second] = [new Ear(), new Ear('198.51.100.1')];
    const ann = letIn(chat, 'ann', first);
    chat.share(ann, second);
    const bob = letIn(chat, 'bob');
    chat.join(bob, '#a', JOIN);
    chat.amend(bob, '#a', changes, { maxMasks: 9, maxValues: 9 });
    log.become('held', 'r:#b');
    chat.retitle(bob, '#a', '#b', '');
    const enter = (name: string): { said: string } =>
      outcomeOf(chat.through(ann, second, () => chat.join(ann, name, JOIN)));
    return { log, enter, first, second };
  }

  test('is banned by the address of that connection, by whichever name', () => {
    const { log, enter } = renaming(ban);
    const joined = enter('#b');
    log.recover();
    expect(joined.said).toBe('banned');
    expect(enter('#b').said).toBe('banned');
    expect(enter('#a').said).toBe('banned');
  });

  test('gets the answer there, and the event at the first one', () => {
    const { log, enter, first, second } = renaming([]);
    const joined = enter('#b');
    for (const ear of [first, second]) ear.words();
    log.recover();
    expect(joined.said).toBe('joined');
    expect([first.words(), second.words()]).toEqual([['joined ann'], []]);
  });
});

test('nodes whose people rename rooms, and that die, come back or begin late, agree on every name', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
      const domain = domainWithHistory(seed, (draw, node) => {
        const present = node.members.filter(({ nick }) => nick !== '');
        const member = present[draw(present.length)];
        const [from = '', to = ''] = [NAMES[draw(NAMES.length)], NAMES[draw(NAMES.length)]];
        if (member !== undefined && draw(3) === 0) node.chat.retitle(member, from, to, 'x');
        else if (member !== undefined && draw(3) === 0) node.chat.join(member, to, JOIN);
        else act(draw, node);
      });
      domain.settle();
      const [first, ...others] = domain.processes.map(shown);
      for (const other of others) expect(other).toEqual(first);
      // Everybody can enter by each name, and is where the others see it.
      const [process] = domain.processes;
      const last = process?.node.arrive('last') ?? expect.fail('no node');
      domain.settle();
      for (const { node } of domain.processes) {
        const names = [...node.chat.directory.rooms()].map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
      }
      last.seats.forEach(({ room }) => process?.node.chat.part(last, room.name, ''));
      for (const name of NAMES) process?.node.chat.join(last, name, JOIN);
      domain.settle();
      const [again, ...rest] = domain.processes.map(shown);
      for (const other of rest) expect(other).toEqual(again);
    }),
    // With this seed, a node read the end of a log after it had been shown that another one gave it a name.
    { numRuns: 10, examples: [[868_704]] },
  );
});
