/** Members that are connected several times or not at all, and nicks that belong to accounts. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { ChatEvent } from '../../src/chat/event.js';
import { type Member, type Outlet, type Privilege, PRIVILEGES } from '../../src/chat/member.js';
import { stateOf } from '../../src/chat/member-state.js';
import { likenessOf } from '../../src/protocol/lookalikes.js';
import { foldPrecis } from '../../src/protocol/precis.js';
import { HeldLog } from '../support/held-log.js';
import { settled } from '../support/settled.js';

/** Keeps the kinds of the events that it gets. */
class Ear implements Outlet {
  readonly isSecure = false;
  readonly certificate = null;
  readonly remoteHost: string;
  expelledWith: string | null = null;
  readonly heard: string[] = [];
  readonly encoder = {
    encode: (event: ChatEvent): Uint8Array => {
      this.heard.push(event.kind === 'renamed' ? `renamed ${event.member.nick}` : event.kind);
      return new Uint8Array(0);
    },
    isDroppable: () => false,
  };

  constructor(remoteHost = '192.0.2.1') {
    this.remoteHost = remoteHost;
  }

  send(): void {
    // It has been encoded for this one.
  }

  expel(reason: string): void {
    this.expelledWith = reason;
  }

  take(): string[] {
    return this.heard.splice(0);
  }
}

let chat = new Chat();
beforeEach(() => {
  chat = new Chat();
});

const WORDS = { type: 'message', text: 'hi', tags: [], isDivisible: false } as const;

function arrive(nick: string, account: string | null = null, privileges: readonly Privilege[] | null = null) {
  const ear = new Ear();
  const member = chat.receive({ host: ear.remoteHost, outlet: ear });
  stateOf(member).become({ privileges });
  const admitted = settled(chat.admit(member, { nick, user: 'u', realName: 'r', account }));
  return { member, ear, how: admitted.kind === 'refused' ? admitted.why : admitted.kind };
}

function enter(member: Member) {
  return settled(chat.join(member, '#a', { key: null, maxRooms: 9, flags: [] }));
}

describe('a member that is connected twice', () => {
  function twice() {
    const ann = arrive('ann', 'ann');
    const bob = arrive('bob');
    enter(ann.member);
    enter(bob.member);
    const second = new Ear();
    chat.share(ann.member, second);
    for (const ear of [ann.ear, bob.ear, second]) ear.take();
    return { ann, bob, second };
  }

  test('quits with the last connection only', () => {
    const { ann, bob, second } = twice();
    expect(chat.leave(ann.member, ann.ear, 'x')).toBeNull();
    expect([bob.ear.take(), chat.directory.member('ann')]).toEqual([[], ann.member]);
    expect(settled(chat.leave(ann.member, second, 'x') ?? expect.fail())?.kind).toBe('quit');
    expect([bob.ear.take(), chat.directory.member('ann')]).toEqual([['quit'], undefined]);
    expect(chat.leave(ann.member, second, 'x')).toBeNull();
  });

  test('is away when nobody is at either', () => {
    const { ann, bob, second } = twice();
    chat.through(ann.member, ann.ear, () => chat.setAway(ann.member, 'lunch'));
    expect([ann.member.away, bob.ear.take()]).toEqual([null, []]);
    chat.through(ann.member, second, () => chat.setAway(ann.member, 'bath'));
    expect([ann.member.away, bob.ear.take()]).toEqual(['bath', ['away']]);
    chat.through(ann.member, ann.ear, () => chat.setAway(ann.member, null));
    expect([ann.member.away, bob.ear.take()]).toEqual([null, ['away']]);
  });

  test('is away when the one leaves where somebody was', () => {
    const { ann, second } = twice();
    chat.through(ann.member, second, () => chat.setAway(ann.member, 'bath'));
    chat.leave(ann.member, ann.ear, 'x');
    expect(ann.member.away).toBe('bath');
  });

  test('is back when it connects once more', () => {
    const { ann, second } = twice();
    chat.leave(ann.member, second, 'x');
    chat.setAway(ann.member, 'lunch');
    chat.share(ann.member, new Ear());
    expect(ann.member.away).toBeNull();
  });

  test('gets what it says to somebody, and to itself, once at the other one', () => {
    const { ann, second } = twice();
    chat.through(ann.member, ann.ear, () => chat.say(ann.member, { kind: 'member', nick: 'bob' }, WORDS));
    expect([ann.ear.take(), second.take()]).toEqual([[], ['said']]);
    chat.through(ann.member, ann.ear, () => chat.say(ann.member, { kind: 'member', nick: 'ann' }, WORDS));
    expect([ann.ear.take(), second.take()]).toEqual([['said'], ['said']]);
  });

  test('is not found while it may be about to get another account', () => {
    const log = new HeldLog();
    chat = new Chat({ log });
    const ann = arrive('ann', 'ann');
    log.become('held');
    chat.setAccount(ann.member, 'eve');
    expect(chat.memberOfAccount('ann', 'ann')).toBeUndefined();
    log.run();
    expect(chat.memberOfAccount('eve', 'ann')).toBe(ann.member);
  });

  test('is found by its account, by its nick first', () => {
    const { ann } = twice();
    const other = arrive('annie', 'Ann');
    expect(chat.memberOfAccount('ANN', 'x')).toBe(ann.member);
    expect(chat.memberOfAccount('ANN', 'annie')).toBe(other.member);
    expect(chat.memberOfAccount('bob', 'bob')).toBeUndefined();
  });
});

describe('an operator that is connected twice', () => {
  const WANTED = { maxMasks: 9, maxValues: 9 };
  const at = <T>(member: Member, ear: Ear, act: () => T): T => chat.through(member, ear, act);

  function twice() {
    const ann = arrive('ann', 'ann');
    const second = new Ear();
    chat.share(ann.member, second);
    at(ann.member, ann.ear, () => chat.setOperator(ann.member, PRIVILEGES));
    arrive('eve');
    return { member: ann.member, first: ann.ear, second };
  }

  test('has the rights through the connection that has given the password, and no other', () => {
    const { member, first, second } = twice();
    const kill = () => settled(chat.expel(member, 'eve', { reason: 'x', parting: 'x' }));
    const ban = () => chat.setBan(member, { ...BAN, mask: 'nobody@*' }, 'x');
    const tell = () => settled(chat.broadcast(member, 'notice', 'x'));
    const announce = () => settled(chat.announce(member, 'x'));
    const acts: readonly (() => { readonly kind: string })[] = [kill, ban, tell, announce];
    for (const act of acts) {
      expect(at(member, second, act)).toMatchObject({ why: 'not-privileged' });
      expect(at(member, first, act).kind).not.toBe('refused');
    }
    expect([
      at(member, first, () => member.may('see-hosts')),
      at(member, second, () => member.may('see-hosts')),
    ]).toEqual([true, false]);
    expect(member.isOperator).toBe(true);
  });

  test('is an ordinary member of a room through the other one', () => {
    const { member, first, second } = twice();
    const bob = arrive('bob');
    enter(bob.member);
    enter(member);
    const secret = [{ kind: 'flag', on: true, flag: 'secret' }] as const;
    const close = () => settled(chat.amend(member, '#a', secret, WANTED));
    const acts: readonly (() => { readonly kind: string } | null)[] = [
      () => settled(chat.kick(member, '#a', { nick: 'bob', reason: 'x' })),
      () => settled(chat.setTopic(member, '#a', 'tea')),
      () => settled(chat.say(member, { kind: 'room', name: '#a', ranks: 0 }, WORDS)),
      () => settled(chat.invite(member, 'eve', '#a')),
      () => settled(chat.annotateRoom(member, '#a', { key: 'url', value: 'x', maxKeys: 9 })),
      () => settled(chat.retitle(member, '#a', '#b', '')),
    ];
    const flags = (['topic-protected', 'moderated', 'invite-only'] as const).map(
      (flag) => ({ kind: 'flag', on: true, flag }) as const,
    );
    chat.amend(bob.member, '#a', flags, WANTED);
    expect(at(member, second, close)).toMatchObject({ refusals: [{ why: 'not-allowed' }] });
    for (const act of acts) expect(at(member, second, act)).toMatchObject({ kind: 'refused' });
    for (const act of acts.slice(1)) expect(at(member, first, act)?.kind).not.toBe('refused');
  });

  test('opens no ban by an invitation through the other one', () => {
    const { member, first, second } = twice();
    const [bob, eve] = [arrive('bob'), chat.directory.member('eve') ?? expect.fail()];
    enter(bob.member);
    enter(member);
    const ban = { kind: 'mask', on: true, list: 'ban', mask: 'eve!*@*' } as const;
    chat.amend(bob.member, '#a', [ban], WANTED);
    const invite = () => settled(chat.invite(member, 'eve', '#a'));
    const come = () => settled(chat.join(eve, '#a', { key: null, maxRooms: 9, flags: [] }));
    expect([at(member, second, invite).kind, come()]).toMatchObject(['invited', { why: 'banned' }]);
    expect([at(member, first, invite).kind, come()]).toMatchObject(['invited', { kind: 'joined' }]);
  });

  test('registers no room of others through the other one, and sees no secret ones', () => {
    const { member, first, second } = twice();
    const bob = arrive('bob');
    enter(bob.member);
    enter(member);
    expect(at(member, second, () => settled(chat.registerRoom(member, '#a', 9)))).toMatchObject({ why: 'not-allowed' });
    settled(chat.join(bob.member, '#b', { key: null, maxRooms: 9, flags: ['secret'] }));
    const seen = () => chat.directory.visibleRoom(member, '#b')?.name;
    expect([at(member, second, seen), at(member, first, seen)]).toEqual([undefined, '#b']);
  });

  test('gives up the rights of the connection at hand only', () => {
    const { member, first, second } = twice();
    const end = () => settled(chat.setOperator(member, null));
    expect(at(member, second, end)).toBeNull();
    expect(member.isOperator).toBe(true);
    at(member, second, () => chat.setOperator(member, ['kill']));
    expect(at(member, first, end)).toMatchObject({ kind: 'changed' });
    const may = (ear: Ear) => PRIVILEGES.filter((one) => at(member, ear, () => member.may(one)));
    expect([may(first), may(second)]).toEqual([[], ['kill']]);
    at(member, second, end);
    expect([member.isOperator, chat.directory.operatorCount]).toEqual([false, 0]);
  });

  test('is none any more when the connection that has given the password ends', () => {
    const { member, first, second } = twice();
    at(member, second, () => chat.setOperator(member, ['kill']));
    chat.leave(member, first, 'x');
    expect(PRIVILEGES.filter((one) => member.may(one))).toEqual(['kill']);
    chat.share(member, first);
    chat.leave(member, second, 'x');
    expect(member.isOperator).toBe(false);
  });

  test('is described with the rights of each connection, and brought in with those', () => {
    const { member, first, second } = twice();
    const described = [first, second].map((ear) => chat.describe(member, ear));
    expect(described.map(({ who }) => who.privileges)).toEqual([PRIVILEGES, null]);
    chat = new Chat();
    const again = chat.restore(described[0] ?? expect.fail(), first) ?? expect.fail();
    chat.share(again, second);
    expect([at(again, first, () => again.may('kill')), at(again, second, () => again.may('kill'))]).toEqual([
      true,
      false,
    ]);
  });
});

describe('a member that is connected from two addresses', () => {
  function twice() {
    const ann = arrive('ann', 'ann');
    const second = new Ear('192.0.2.2');
    chat.share(ann.member, second);
    const boss = new Ear('198.51.100.1');
    const by = chat.receive({ host: boss.remoteHost, outlet: boss });
    settled(chat.admit(by, { nick: 'boss', user: 'b', realName: 'r' }));
    chat.setOperator(by, PRIVILEGES);
    const ban = (kind: 'users' | 'addresses', mask: string) => chat.setBan(by, { ...BAN, kind, mask }, 'banned');
    return { ann, second, ban };
  }

  test.each([
    ['addresses', '192.0.2.2'],
    ['addresses', '192.0.2.2/31'],
    ['users', 'u@192.0.2.2'],
    ['users', '*@192.0.2.*2'],
  ] as const)('loses the connection that a ban of %s holds for (%s), and stays', (kind, mask) => {
    const { ann, second, ban } = twice();
    expect(ban(kind, mask)).toMatchObject({ expelledCount: 1 });
    expect([second.expelledWith, ann.ear.expelledWith]).toEqual(['banned', null]);
    expect(chat.directory.member('ann')).toBe(ann.member);
  });

  test('loses the first one as well as the second', () => {
    const { ann, second, ban } = twice();
    expect(ban('addresses', '192.0.2.1')).toMatchObject({ expelledCount: 1 });
    expect([second.expelledWith, ann.ear.expelledWith]).toEqual([null, 'banned']);
  });

  test('goes when a ban holds for all of its connections', () => {
    const { ann, second, ban } = twice();
    chat.setTrait(ann.member, 'always-on', true);
    expect(ban('addresses', '192.0.2.0/24')).toMatchObject({ expelledCount: 2 });
    expect([second.expelledWith, ann.ear.expelledWith]).toEqual(['banned', 'banned']);
    expect(chat.directory.member('ann')).toBeUndefined();
  });

  test('is not where it has arrived from, once that connection has ended', () => {
    const { ann, second, ban } = twice();
    chat.leave(ann.member, ann.ear, 'x');
    expect(chat.addressesOf(ann.member)).toEqual(['192.0.2.2']);
    expect(ban('addresses', '192.0.2.1')).toMatchObject({ expelledCount: 0 });
    expect(ban('addresses', '192.0.2.2')).toMatchObject({ expelledCount: 1 });
    expect(second.expelledWith).toBe('banned');
  });

  test('goes by the host that others see, although the connection from there has ended', () => {
    const { ann, second, ban } = twice();
    chat.leave(ann.member, ann.ear, 'x');
    expect(ban('users', `*@${ann.member.host}`)).toMatchObject({ expelledCount: 1 });
    expect(second.expelledWith).toBe('banned');
  });

  test('is spared by a ban that it would set for one of its own connections', () => {
    const { ann } = twice();
    chat.setOperator(ann.member, PRIVILEGES);
    const ban = { ...BAN, kind: 'addresses', mask: '192.0.2.2' } as const;
    expect(chat.setBan(ann.member, ban, 'x')).toMatchObject({ why: 'holds-for-oneself' });
  });

  test('neither enters a room nor speaks there through the one that is banned from it', () => {
    const { ann, second } = twice();
    const bob = arrive('bob');
    enter(bob.member);
    const ban = [{ kind: 'mask', on: true, list: 'ban', mask: '*!*@192.0.2.2' }] as const;
    chat.amend(bob.member, '#a', ban, { maxMasks: 9, maxValues: 9 });
    const speak = () => settled(chat.say(ann.member, { kind: 'room', name: '#a', ranks: 0 }, WORDS)).kind;
    const at = (ear: Ear, act: () => string) => chat.through(ann.member, ear, act);
    expect(at(second, () => enter(ann.member).kind)).toBe('refused');
    expect(at(ann.ear, () => enter(ann.member).kind)).toBe('joined');
    expect([at(ann.ear, speak), at(second, speak)]).toEqual(['said', 'refused']);
    expect(at(second, () => settled(chat.setTopic(ann.member, '#a', 'tea'))?.kind ?? '')).toBe('refused');
  });
});

describe('a member that is always on', () => {
  function alone() {
    const ann = arrive('ann', 'ann');
    const bob = arrive('bob');
    enter(ann.member);
    enter(bob.member);
    chat.setTrait(ann.member, 'always-on', true);
    chat.leave(ann.member, ann.ear, 'gone home');
    return { ann, bob };
  }

  test('stays when nobody is connected, and is away until somebody is', () => {
    const { ann, bob } = alone();
    expect(bob.ear.take().at(-1)).toBe('away');
    expect([chat.directory.member('ann')?.away, chat.directory.room('#a')?.size]).toEqual(['Not connected', 2]);
    const ear = new Ear();
    chat.share(ann.member, ear);
    expect([ann.member.away, bob.ear.take()]).toEqual([null, ['away']]);
    chat.say(bob.member, { kind: 'room', name: '#a', ranks: 0 }, WORDS);
    expect(ear.take()).toEqual(['said']);
  });

  test('goes if another of its account is here, so that logins under other nicks do not add up', () => {
    alone();
    for (const nick of ['annie', 'anna']) {
      const other = arrive(nick, 'Ann');
      chat.setTrait(other.member, 'always-on', true);
      chat.leave(other.member, other.ear, 'gone home');
    }
    expect([...chat.directory.members()].map((member) => member.nick)).toEqual(['ann', 'bob']);
  });

  test('is no operator any more when nobody is connected, here or after another start', () => {
    const ann = arrive('ann', 'ann');
    chat.setOperator(ann.member, PRIVILEGES);
    chat.setTrait(ann.member, 'always-on', true);
    const described = chat.describe(ann.member);
    chat.leave(ann.member, ann.ear, 'gone home');
    expect([ann.member.isOperator, chat.directory.operatorCount]).toEqual([false, 0]);
    chat = new Chat();
    expect(chat.restore(described, null)?.isOperator).toBe(false);
    chat = new Chat();
    expect(chat.restore(described, new Ear())?.isOperator).toBe(true);
  });

  test.each([
    ['killed', (by: Member) => chat.expel(by, 'ann', { reason: 'x', parting: 'killed' })],
    ['banned', (by: Member) => chat.setBan(by, { ...BAN, mask: 'u@192.0.2.1' }, 'banned')],
  ])('goes when it is %s', (_, act) => {
    const { bob } = alone();
    const root = chat.receive({ host: '192.0.2.9', outlet: new Ear() });
    stateOf(root).become({ privileges: PRIVILEGES });
    settled(chat.admit(root, { nick: 'root', user: 'root', realName: 'r' }));
    bob.ear.take();
    act(root);
    expect(chat.directory.member('ann')).toBeUndefined();
    expect(bob.ear.take()).toContain('quit');
  });

  test('is described, and brought in again without a connection', () => {
    const { ann } = alone();
    const described = chat.describe(ann.member);
    chat = new Chat();
    const again = chat.restore(described, null);
    expect(again).toMatchObject({ nick: 'ann', account: 'ann', away: 'Not connected' });
    expect(chat.directory.room('#a')?.seatOf(again ?? expect.fail())).toBeDefined();
    expect(chat.memberOfAccount('ann', 'ann')).toBe(again);
  });
});

const BAN = { kind: 'users', reason: 'x', by: 'root', setAtMs: 0, atMs: 0, untilMs: null } as const;

describe('the nick of an account', () => {
  test('is for the account alone', () => {
    chat.reserveNicks(['Ann'], true);
    expect(arrive('ann').how).toBe('nick-reserved');
    expect(arrive('ANN', 'bob').how).toBe('nick-reserved');
    const other = arrive('other', 'bob');
    expect(settled(chat.rename(other.member, 'ann'))).toMatchObject({ why: 'nick-reserved' });
    expect(arrive('ann', 'ann').how).toBe('arrived');
    chat.reserveNicks(['ann'], false);
    expect(settled(chat.rename(other.member, 'Anna')).kind).toBe('renamed');
  });

  test('is taken from somebody else who uses it, and others hear of that', () => {
    const [guest, bob] = [arrive('ann'), arrive('bob')];
    enter(guest.member);
    enter(bob.member);
    chat.reserveNicks(['ann'], true);
    expect(guest.member.nick).toMatch(/^Guest\d+$/);
    expect(guest.ear.take().at(-1)).toBe(`renamed ${guest.member.nick}`);
    expect(bob.ear.take().at(-1)).toBe(`renamed ${guest.member.nick}`);
    expect(bob.member.nick).toBe('bob');
  });

  test('is taken from somebody who may not speak, too', () => {
    const [op, guest] = [arrive('op'), arrive('ann')];
    enter(op.member);
    enter(guest.member);
    chat.amend(op.member, '#a', [{ kind: 'mask', on: true, list: 'mute', mask: 'ann!*@*' }], {
      maxMasks: 9,
      maxValues: 9,
    });
    chat.reserveNicks(['ann'], true);
    expect(guest.member.nick).toMatch(/^Guest/);
  });

  test('stays with its owner, by whatever it is called', () => {
    const ann = arrive('ann', 'ann');
    chat.reserveNicks(['ann'], true);
    expect(ann.member.nick).toBe('ann');
  });

  test('keeps others from nicks that look like it', () => {
    chat = new Chat({ naming: { fold: foldPrecis, likenessOf } });
    chat.reserveNicks(['evan'], true);
    expect(arrive('\u0435van').how).toBe('nick-reserved');
    chat.reserveNicks(['evan'], false);
    expect(arrive('\u0435van').how).toBe('arrived');
  });

  test('keeps what it looks like, whatever else looks like that', () => {
    chat = new Chat({ naming: { fold: foldPrecis, likenessOf } });
    const [cyrillic, other] = ['\u0435van', 'ev\u0430n'];
    chat.reserveNicks(['evan', cyrillic], true);
    expect(arrive(other, cyrillic).how).toBe('nick-reserved');
    chat.reserveNicks([cyrillic], false);
    expect(arrive(other).how).toBe('nick-reserved');
  });
});

describe('ghosting', () => {
  test('puts out whoever uses the nick of the account, or has logged in to it', () => {
    const [ann, squatter] = [arrive('ann1', 'ann'), arrive('ann')];
    expect(settled(chat.ghost(ann.member, 'ann', 'bob'))).toMatchObject({ why: 'not-allowed' });
    expect(squatter.ear.expelledWith).toBeNull();
    const own = arrive('annie', 'ANN');
    expect(settled(chat.ghost(ann.member, 'annie', 'ann')).kind).toBe('expelled');
    expect(own.ear.expelledWith).toBe('Ghosted by ann1');
    expect(settled(chat.ghost(ann.member, 'ann1', 'ann'))).toMatchObject({ why: 'oneself' });
    expect(settled(chat.ghost(ann.member, 'nobody', 'ann'))).toMatchObject({ why: 'no-such-member' });
  });

  test('ends a member that nobody is connected for', () => {
    const old = arrive('ann', 'ann');
    chat.setTrait(old.member, 'always-on', true);
    chat.leave(old.member, old.ear, 'x');
    const ann = arrive('ann1', 'ann');
    chat.ghost(ann.member, 'ann', 'ann');
    expect(chat.directory.member('ann')).toBeUndefined();
  });
});
