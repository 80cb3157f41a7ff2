/** What the one who runs a server does to members, without being one. */
import { beforeEach, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { Member, Outlet } from '../../src/chat/member.js';
import { settled } from '../support/settled.js';

/** Keeps why it was put out. */
class Door implements Outlet {
  readonly isSecure = false;
  readonly certificate = null;
  readonly remoteHost: string;
  readonly encoder = { encode: () => null, isDroppable: () => true };
  readonly heard: string[] = [];

  constructor(host = '192.0.2.1') {
    this.remoteHost = host;
  }

  send(): void {
    // Nothing is encoded for it.
  }

  expel(reason: string, ban?: string): void {
    this.heard.push(ban === undefined ? reason : `${reason}: ${ban}`);
  }
}

let chat = new Chat();
beforeEach(() => {
  chat = new Chat();
});

function arrive(nick: string, host?: string): { member: Member; door: Door } {
  const door = new Door(host);
  const member = chat.receive({ host: door.remoteHost, outlet: door });
  expect(settled(chat.admit(member, { nick, user: 'u', realName: 'r' })).kind).toBe('arrived');
  return { member, door };
}

test('somebody is put out on all its devices', () => {
  const { member, door } = arrive('ann');
  const second = new Door();
  chat.share(member, second);
  expect(chat.putOut('ANN', 'enough')).toBe(member);
  expect([door.heard, second.heard]).toEqual([['enough'], ['enough']]);
  expect(chat.putOut('bob', 'enough')).toBeNull();
});

test('one who would stay although nobody is connected for it is gone as well', () => {
  const { member, door } = arrive('ann');
  chat.setTrait(member, 'always-on', true);
  chat.detach(member, door);
  expect(chat.putOut('ann', 'enough')).toBe(member);
  expect(chat.directory.member('ann')).toBeUndefined();
});

test('a ban holds for everybody, and is lifted by nobody in particular', () => {
  const [ann, bob] = [arrive('ann'), arrive('bob', '198.51.100.1')];
  const ban = { kind: 'addresses', mask: '192.0.2.0/24', reason: 'spam', by: 'us', atMs: 0, untilMs: null } as const;
  expect(chat.setBan(null, ban, 'banned')).toMatchObject({ kind: 'ban-set', expelledCount: 1 });
  expect([ann.door.heard, bob.door.heard]).toEqual([['banned: spam'], []]);
  expect(chat.liftBan(null, 'addresses', '192.0.2.0/24')).toMatchObject({ kind: 'ban-lifted' });
  expect(chat.liftBan(null, 'addresses', '192.0.2.0/24')).toMatchObject({ kind: 'refused', why: 'no-such-ban' });
});
