/** Members that are connected several times or not at all, and nicks that belong to accounts. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { ChatEvent } from '../../src/chat/event.js';
import { type Member, type Outlet, type Privilege, PRIVILEGES } from '../../src/chat/member.js';
import { stateOf } from '../../src/chat/member-state.js';
import { likenessOf } from '../../src/protocol/lookalikes.js';
import { foldPrecis } from '../../src/protocol/precis.js';
import { settled } from '../support/settled.js';

/** Keeps the kinds of the events that it gets. */
class Ear implements Outlet {
  readonly isSecure = false;
  readonly certificate = null;
  expelledWith: string | null = null;
  readonly heard: string[] = [];
  readonly encoder = {
    encode: (event: ChatEvent): Uint8Array => {
      this.heard.push(event.kind === 'renamed' ? `renamed ${event.member.nick}` : event.kind);
      return new Uint8Array(0);
    },
    isDroppable: () => false,
  };

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
  const member = chat.receive({ host: '192.0.2.1', outlet: ear });
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
    expect(settled(chat.leave(ann.member, second, 'x') ?? expect.fail()).kind).toBe('quit');
    expect([bob.ear.take(), chat.directory.member('ann')]).toEqual([['quit'], undefined]);
    expect(chat.leave(ann.member, second, 'x')).toBeNull();
  });

  test('is away when nobody is at either', () => {
    const { ann, bob, second } = twice();
    chat.through(ann.ear, () => chat.setAway(ann.member, 'lunch'));
    expect([ann.member.away, bob.ear.take()]).toEqual([null, []]);
    chat.through(second, () => chat.setAway(ann.member, 'bath'));
    expect([ann.member.away, bob.ear.take()]).toEqual(['bath', ['away']]);
    chat.through(ann.ear, () => chat.setAway(ann.member, null));
    expect([ann.member.away, bob.ear.take()]).toEqual([null, ['away']]);
  });

  test('is away when the one leaves where somebody was', () => {
    const { ann, second } = twice();
    chat.through(second, () => chat.setAway(ann.member, 'bath'));
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
    chat.through(ann.ear, () => chat.say(ann.member, { kind: 'member', nick: 'bob' }, WORDS));
    expect([ann.ear.take(), second.take()]).toEqual([[], ['said']]);
    chat.through(ann.ear, () => chat.say(ann.member, { kind: 'member', nick: 'ann' }, WORDS));
    expect([ann.ear.take(), second.take()]).toEqual([['said'], ['said']]);
  });

  test('is found by its account, by its nick first', () => {
    const { ann } = twice();
    const other = arrive('annie', 'Ann');
    expect(chat.memberOfAccount('ANN', 'x')).toBe(ann.member);
    expect(chat.memberOfAccount('ANN', 'annie')).toBe(other.member);
    expect(chat.memberOfAccount('bob', 'bob')).toBeUndefined();
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
    const ann = arrive('ann', 'ann', PRIVILEGES);
    chat.setTrait(ann.member, 'always-on', true);
    const second = new Ear();
    chat.share(ann.member, second);
    chat.leave(ann.member, ann.ear, 'gone home');
    expect(ann.member.isOperator).toBe(true);
    const described = chat.describe(ann.member);
    chat.leave(ann.member, second, 'gone home');
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
