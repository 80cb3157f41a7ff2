import { beforeEach, describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { ChatEvent } from '../../src/chat/event.js';
import type { Encoder, Member, Outlet } from '../../src/chat/member.js';
import type { LogTrouble } from '../../src/chat/replica.js';
import { roomStateOf } from '../../src/chat/room-state.js';
import { type Answer, whenSettled } from '../../src/chat/ticket.js';
import type { DomainEntry, LogName, RoomEntry, Who } from '../../src/log/entry.js';
import { MemoryLog } from '../../src/log/memory-log.js';
import { HeldLog } from '../support/held-log.js';

const NOTHING = new Uint8Array(0);

/** What a member hears; it may be made to fail. */
class Ear implements Outlet, Encoder {
  readonly isSecure = false;
  readonly certificate = null;
  readonly remoteHost = '192.0.2.1';
  readonly encoder = this;
  readonly heard: ChatEvent[] = [];
  isBroken = false;

  encode(event: ChatEvent): Uint8Array {
    if (this.isBroken) throw new Error('broken');
    this.heard.push(event);
    return NOTHING;
  }

  isDroppable(): boolean {
    return false;
  }

  send(): void {
    // It has been heard already.
  }

  expel(): void {
    // Nobody is connected.
  }

  /** What was said since the last call. */
  texts(): string[] {
    return this.heard.splice(0).flatMap((event) => (event.kind === 'said' ? [event.text] : []));
  }
}

/** How an answer has ended; filled in when it has. */
function ending(answer: Answer<{ readonly kind: string } | null> | null): string[] {
  const ended: string[] = [];
  if (answer !== null) {
    whenSettled<{ readonly kind: string; readonly why?: string } | null>(answer, (outcome) => {
      ended.push(outcome?.why ?? outcome?.kind ?? 'nothing');
    });
  }
  return ended;
}

let nowMs: number;
let log: HeldLog;
let chat: Chat;
let troubles: LogTrouble[];

function receive(ear = new Ear()): Member {
  return chat.receive({ host: '192.0.2.1', outlet: ear });
}

function enter(nick: string, ...rooms: readonly string[]): { member: Member; ear: Ear } {
  const ear = new Ear();
  const member = receive(ear);
  expect(ending(chat.admit(member, { nick, user: 'u', realName: 'r' }))).toEqual(['arrived']);
  for (const room of rooms) expect(join(member, room)).toEqual(['joined']);
  return { member, ear };
}

function join(member: Member, room: string): string[] {
  return ending(chat.join(member, room, { key: null, maxRooms: 100_000, flags: [] }));
}

function saying(member: Member, room: string, text: string): ReturnType<Chat['say']> {
  const words = { type: 'message', text, tags: [], isDivisible: false } as const;
  return chat.say(member, { kind: 'room', name: room, ranks: 0 }, words);
}

function say(member: Member, room: string, text: string): string[] {
  return ending(saying(member, room, text));
}

/** Lets time pass. */
function wait(ms: number): void {
  nowMs += ms;
  chat.tick();
}

beforeEach(() => {
  nowMs = 1_000_000;
  log = new HeldLog();
  troubles = [];
  chat = new Chat({ log, now: () => nowMs, onTrouble: (_log, trouble) => troubles.push(trouble) });
});

describe('an error while an entry is shown', () => {
  test('is reported, and the room goes on', () => {
    const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
    bob.ear.isBroken = true;
    expect(say(ann.member, '#a', 'one')).toEqual(['said']);
    expect(troubles).toEqual([{ kind: 'unshown', seq: expect.any(Number), error: new Error('broken') }]);
    bob.ear.isBroken = false;
    expect(say(ann.member, '#a', 'two')).toEqual(['said']);
    expect(bob.ear.texts()).toEqual(['two']);
    expect(ending(chat.part(ann.member, '#a', ''))).toEqual(['left']);
  });

  test('leaves the door open for those who arrive later and for those who leave', () => {
    let isBroken = true;
    const appeared = (): void => {
      if (isBroken) throw new Error('broken');
    };
    chat.observe({ appeared, disappeared: () => undefined, followersOf: () => [] });
    const ann = enter('ann');
    isBroken = false;
    enter('bob');
    expect(ending(chat.quit(ann.member, ''))).toEqual(['quit']);
    expect(chat.directory.memberCount).toBe(1);
  });

  test('is answered although the log is late', () => {
    const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
    bob.ear.isBroken = true;
    log.become('held');
    const said = [say(ann.member, '#a', 'one'), say(ann.member, '#a', 'two')];
    log.run();
    expect(said).toEqual([['said'], ['said']]);
  });
});

test('a message that has failed is not delivered, although its sender says something else when it learns of that', () => {
  const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
  log.become('away');
  const ended: string[] = [];
  for (const text of ['one', 'two']) {
    whenSettled(saying(ann.member, '#a', text), ({ kind }) => {
      log.become('prompt');
      ended.push(kind, ...say(ann.member, '#a', `not ${text}`));
    });
  }
  wait(5_000);
  expect(ended).toEqual(['refused', 'said', 'refused', 'said']);
  expect(bob.ear.texts()).toEqual(['not one', 'not two']);
});

describe('what must happen', () => {
  test('happens when the log is back: one who has left during an outage is gone, and its nick is free', () => {
    const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
    log.become('away');
    chat.quit(ann.member, 'gone');
    for (let second = 0; second < 60; second += 1) wait(1000);
    expect(chat.directory.memberCount).toBe(2);
    log.recover();
    wait(1000);
    expect(bob.ear.heard.map(({ kind }) => kind)).toContain('quit');
    expect(chat.directory.room('#a')?.size).toBe(1);
    enter('ann', '#a');
  });

  test('happens however much of it there is: everybody may leave at once', () => {
    const people = Array.from({ length: 1500 }, (_, index) => enter(`n${index}`, `#${index % 150}`));
    log.become('held');
    for (const { member } of people) chat.quit(member, '');
    log.run();
    expect(chat.directory.memberCount).toBe(0);
    expect([...chat.directory.rooms()]).toEqual([]);
  });

  test('happens once: one who is thrown out twice leaves once', () => {
    const { member } = enter('ann', '#a');
    log.become('held');
    expect(ending(chat.quit(member, ''))).toEqual([]);
    expect(chat.quit(member, '')).toBeNull();
    log.run();
    expect(chat.directory.memberCount).toBe(0);
  });

  test("reaches a room whose log was late: an operator's rights end there, too", () => {
    const [owner, ann] = [enter('owner', '#a'), enter('ann', '#a')];
    chat.setOperator(ann.member, ['override']);
    log.become('away', 'r:#a');
    chat.setOperator(ann.member, null);
    wait(5000);
    log.recover();
    wait(1000);
    expect(ending(chat.kick(ann.member, '#a', { nick: 'owner', reason: '' }))).toEqual(['not-allowed']);
    expect(say(owner.member, '#a', 'still here')).toEqual(['said']);
  });

  test('takes one entry, whatever has changed meanwhile: a room learns the last of many nicks', async () => {
    const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
    log.become('held', 'r:#a');
    for (let count = 0; count < 100; count += 1) chat.rename(bob.member, `bob${count}`);
    log.recover();
    const excerpt = await log.read('r:#a', { after: 0, maxPacks: 1000 });
    const entries = excerpt?.packs.flatMap((pack) => (pack.kind === 'pack' ? pack.entries : [])) ?? [];
    expect(entries.filter(({ kind }) => kind === 'identity').length).toBeLessThan(3);
    const mask = { kind: 'mask', on: true, list: 'ban', mask: 'bob99!*@*' } as const;
    chat.amend(ann.member, '#a', [mask], { maxMasks: 9, maxValues: 9 });
    expect(say(bob.member, '#a', 'hello')).toEqual(['banned']);
  });

  test('undoes what came too late: a guest that has left is no guest of a room that stays', () => {
    chat.openRoom('#a');
    const [ann, bob] = [enter('ann', '#a'), enter('bob')];
    log.become('held', 'r:#a');
    const invited = ending(chat.invite(ann.member, 'bob', '#a'));
    chat.quit(bob.member, '');
    log.recover();
    expect(invited).toEqual(['invited']);
    const room = roomStateOf(chat.directory.room('#a') ?? expect.fail());
    expect([...room.sessions()]).toEqual([ann.member.session]);
  });
});

describe('a pack of the domain', () => {
  const stamp = { n: 1, atMs: 1, seen: 0, base: 0 };
  const who = (nick: string): Who => ({
    ...{ nick, user: 'u', host: 'h', address: 'h', realName: 'r' },
    ...{ account: null, privileges: null },
  });
  const arrival = (nick: string): DomainEntry => ({ ...stamp, session: `b.1.${nick}`, kind: 'arrive', who: who(nick) });
  const joining = (nick: string, seen: number): RoomEntry => {
    const session = `b.1.${nick}`;
    return { ...stamp, seen, session, kind: 'join', who: who(nick), name: '#a', key: null, flags: [] };
  };
  /** The number of the domain's last pack. */
  const top = async (): Promise<number> => (await log.read('d', { after: 0, maxPacks: 1 }))?.top ?? 0;

  test('is applied whole before the rooms go on that wait for it', async () => {
    enter('ann', '#a');
    log.put('r:#a', joining('two', (await top()) + 1));
    log.put('d', arrival('one'), arrival('two'));
    expect(chat.directory.member('two')?.seats).toHaveLength(1);
    expect(chat.directory.room('#a')?.seatOf(chat.directory.member('two') ?? expect.fail())).toBeDefined();
  });

  test('that cannot be read, or is lost, is waited for no longer', async () => {
    enter('ann', '#a');
    const seq = await top();
    log.put('r:#a', joining('one', seq + 1));
    expect(chat.directory.room('#a')?.size).toBe(1);
    for (const sink of log.sinks('d')) sink.unreadable(seq + 1, { kind: 'malformed' });
    expect(chat.directory.room('#a')?.size).toBe(2);
    log.put('r:#a', joining('two', seq + 9));
    for (const sink of log.sinks('d')) sink.missing(seq + 2, seq + 9);
    expect(chat.directory.room('#a')?.size).toBe(3);
  });

  test('that never comes keeps a room waiting for some seconds', () => {
    const ann = enter('ann', '#a');
    log.put('r:#a', joining('one', 500));
    const said = say(ann.member, '#a', 'hello');
    expect(said).toEqual([]);
    wait(5000);
    expect(chat.directory.room('#a')?.size).toBe(2);
    expect(say(ann.member, '#a', 'again')).toEqual(['said']);
  });

  test('says since when somebody is here, whatever the clock says when it is applied', () => {
    nowMs += 500;
    log.put('d', { ...arrival('one'), atMs: nowMs - 100 });
    expect(chat.directory.member('one')?.sinceMs).toBe(nowMs - 100);
  });
});

describe('bounds', () => {
  test('hold for each session: one who floods a late log takes no place of others', () => {
    const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
    log.become('held');
    for (let count = 0; count < 2000; count += 1) say(ann.member, '#a', `${count}`);
    expect(say(ann.member, '#a', 'too much')).toEqual(['not-taken']);
    const said = say(bob.member, '#a', 'hello');
    log.run();
    expect(said).toEqual(['said']);
  });

  test('hold for rooms: those that an outage leaves behind are few, and fewer when it is over', () => {
    const { member } = enter('ann');
    log.become('away');
    const ended = Array.from({ length: 3000 }, (_, index) => join(member, `#${index}`));
    expect(log.followed().length).toBeLessThan(1100);
    expect(ended.at(-1)).toEqual(['not-taken']);
    wait(5000);
    log.recover();
    wait(1000);
    expect(log.followed().length).toBeLessThan(1100);
    expect(join(member, '#after')).toEqual(['joined']);
  });

  test('of time hold although the clock is set back', () => {
    const ann = enter('ann', '#a');
    log.become('away');
    const said = say(ann.member, '#a', 'hello');
    nowMs -= 3_600_000;
    chat.tick();
    for (let second = 0; second < 5; second += 1) wait(1000);
    expect(said).toEqual(['not-taken']);
  });
});

test('many who speak to one person at once are all heard, round after round', () => {
  const people = Array.from({ length: 300 }, (_, index) => enter(`n${index}`));
  const words = { type: 'message', text: 'x', tags: [], isDivisible: false } as const;
  for (let round = 0; round < 3; round += 1) {
    log.become('held');
    const ended = people.map(({ member }) => ending(chat.say(member, { kind: 'member', nick: 'n0' }, words)));
    log.run();
    expect(ended.filter(([how]) => how !== 'said')).toEqual([]);
  }
});

test('two replicas agree on a straggler whose number is that of a proposal which has none', () => {
  const other = new Chat({ log, node: 'c.1', now: () => nowMs });
  const [one, two] = [enter('ann', '#a'), other.receive({ host: 'h', outlet: null })];
  other.admit(two, { nick: 'bob', user: 'u', realName: 'r' });
  other.join(two, '#a', { key: null, maxRooms: 9, flags: [] });
  log.become('held', 'r:#a');
  log.put('d', { session: 'a.1.9', n: 1, atMs: 1, seen: 0, base: 0, kind: 'gone', node: 'c.1' });
  log.put('r:#a', { session: two.session, n: 2, atMs: 1, seen: 0, base: 0, kind: 'topic', text: 'straggler' });
  const topics = [chat, other].map(({ directory }) => directory.room('#a')?.topic?.text);
  expect(topics).toEqual(['straggler', 'straggler']);
  log.recover();
  expect([chat, other].map(({ directory }) => directory.room('#a')?.size)).toEqual([1, 1]);
  expect(say(one.member, '#a', 'hello')).toEqual(['said']);
});

test('after its log has lost its end, a room names no message as it has named another', () => {
  const ann = enter('ann', '#a');
  const idOf = (text: string): string => {
    const said = saying(ann.member, '#a', text);
    return said.kind === 'said' ? said.id : expect.fail('not said');
  };
  const ids = [idOf('one'), idOf('two')];
  for (const sink of log.sinks('r:#a')) sink.regressed(3, 1);
  for (const sink of log.sinks('r:#a')) {
    const words = { type: 'message', text: 'x', tags: [], isDivisible: false, who: null, ranks: 0 } as const;
    const stamp = { session: ann.member.session, atMs: 1, seen: 0, base: 0 };
    sink.pack(2, [{ ...stamp, n: 4, kind: 'say', ...words }]);
  }
  const [heard] = ann.ear.heard.filter(({ kind }) => kind === 'said').slice(-1);
  expect(heard).toMatchObject({ kind: 'said', text: 'x' });
  expect(ids).not.toContain(heard?.kind === 'said' ? heard.id : '');
});

test.each(['restored', 'regressed'] as const)('those inside learn once that the log of the room was %s', (kind) => {
  const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
  const eve = enter('eve', '#b');
  for (const { ear } of [ann, bob, eve]) ear.texts();
  const lose = (name: LogName): void => {
    for (const sink of log.sinks(name)) sink[kind]?.(1, 1);
  };
  lose('r:#a');
  lose('d');
  const [notice, ...more] = ann.ear.heard.filter((event) => event.kind === 'said');
  expect(notice).toMatchObject({ kind: 'said', type: 'notice', by: null, id: '', room: { name: '#a' } });
  expect(more).toEqual([]);
  for (const { ear } of [ann, bob]) {
    expect(ear.texts()).toEqual([expect.stringMatching(/^The database ha[sd] lost the last messages of this room\. /)]);
  }
  expect(eve.ear.texts()).toEqual([]);
  expect(troubles.map((trouble) => trouble.kind)).toEqual([kind, kind]);
  expect(say(bob.member, '#a', 'hello')).toEqual(['said']);
});

test('one who acts from a second connection is answered there, however late the log is', () => {
  const ann = enter('ann', '#a');
  const second = new Ear();
  chat.attach(ann.member, second);
  log.become('held');
  const said = ending(chat.through(ann.member, second, () => saying(ann.member, '#a', 'one')));
  say(ann.member, '#a', 'two');
  log.run();
  expect(said).toEqual(['said']);
  expect([ann.ear.texts(), second.texts()]).toEqual([['one'], ['two']]);
});

test('one whose message is refused has not spoken', () => {
  const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
  chat.amend(ann.member, '#a', [{ kind: 'flag', on: true, flag: 'moderated' }], { maxMasks: 9, maxValues: 9 });
  const before = bob.member.lastSpokeMs;
  nowMs += 5000;
  expect(say(bob.member, '#a', 'hello')).toEqual(['moderated']);
  expect(bob.member.lastSpokeMs).toBe(before);
  expect(say(ann.member, '#a', 'hello')).toEqual(['said']);
  expect(ann.member.lastSpokeMs).toBe(nowMs);
});

test('a room that all had left when the last run ended is followed once when it opens again', () => {
  const memory = new MemoryLog();
  chat = new Chat({ log: memory, now: () => nowMs });
  const { member } = enter('ann', '#a');
  expect(ending(chat.part(member, '#a', ''))).toEqual(['left']);
  const beginning = { id: 'a', seq: 0, snapshot: null, atMs: nowMs + 1_000 };
  const kept = { logs: ['r:#a'] as const, beginningOf: () => beginning, keep: () => undefined };
  // Its times go on from there, too, although the clock is behind.
  chat = new Chat({ log: memory, node: 'b', now: () => nowMs, keeper: kept });
  chat.reviveRooms();
  const { ear } = enter('bob', '#a');
  enter('cid', '#a');
  const joins = ear.heard.flatMap((event) => (event.kind === 'joined' ? [event.atMs] : []));
  expect(joins).toEqual([nowMs + 1_000]);
});
