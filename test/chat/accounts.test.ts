/** What depends on the account of a member, whatever has logged it in. */
import { describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import { settled } from '../support/settled.js';

const limits = { maxMasks: 100, maxValues: 100 };

function arrive(chat: Chat, nick: string, account: string | null = null) {
  const member = chat.receive({ host: '192.0.2.1', outlet: null });
  expect(settled(chat.admit(member, { nick, user: 'u', realName: 'r', account })).kind).toBe('arrived');
  return member;
}

function enter(chat: Chat, nick: string, account: string | null = null) {
  const member = arrive(chat, nick, account);
  const joined = settled(chat.join(member, '#a', { key: null, maxRooms: 10, flags: [] }));
  return { member, how: joined.kind === 'refused' ? joined.why : joined.kind };
}

const say = (chat: Chat, by: ReturnType<typeof arrive>) => {
  const words = { type: 'message', text: 'hi', tags: [], isDivisible: false } as const;
  const said = settled(chat.say(by, { kind: 'room', name: '#a', ranks: 0 }, words));
  return said.kind === 'refused' ? said.why : said.kind;
};

describe('a mask of an account', () => {
  test('bans whoever has logged in to it, and nobody else', () => {
    const chat = new Chat();
    const { member: op } = enter(chat, 'op');
    chat.amend(op, '#a', [{ kind: 'mask', on: true, list: 'ban', mask: '~a:Eve' }], limits);
    expect(enter(chat, 'x', 'eVE').how).toBe('banned');
    expect(enter(chat, 'eve').how).toBe('joined');
    expect(enter(chat, 'y', 'evelyn').how).toBe('joined');
  });

  test('exempts from a ban of everybody', () => {
    const chat = new Chat();
    const { member: op } = enter(chat, 'op');
    const masks = [['ban', '*!*@*'] as const, ['exception', '~a:*'] as const];
    const changes = masks.map(([list, mask]) => ({ kind: 'mask', on: true, list, mask }) as const);
    chat.amend(op, '#a', changes, limits);
    expect(enter(chat, 'x').how).toBe('banned');
    expect(enter(chat, 'y', 'bob').how).toBe('joined');
  });

  test('lets its account into a room for invited members', () => {
    const chat = new Chat();
    const { member: op } = enter(chat, 'op');
    const flag = { kind: 'flag', on: true, flag: 'invite-only' } as const;
    chat.amend(op, '#a', [flag, { kind: 'mask', on: true, list: 'invitation', mask: '~a:bob' }], limits);
    expect(enter(chat, 'x').how).toBe('invite-only');
    expect(enter(chat, 'y', 'bob').how).toBe('joined');
  });

  test('mutes its account', () => {
    const chat = new Chat();
    const { member: op } = enter(chat, 'op');
    chat.amend(op, '#a', [{ kind: 'mask', on: true, list: 'mute', mask: '~a:bob' }], limits);
    expect(say(chat, enter(chat, 'x', 'bob').member)).toBe('muted');
    expect(say(chat, enter(chat, 'y', 'cat').member)).toBe('said');
  });
});

test('a room for those who have logged in takes them alone', () => {
  const chat = new Chat();
  const { member: op } = enter(chat, 'op');
  chat.amend(op, '#a', [{ kind: 'flag', on: true, flag: 'accounts-only' }], limits);
  expect(enter(chat, 'x').how).toBe('needs-account');
  expect(enter(chat, 'y', 'bob').how).toBe('joined');
});

test('a room in which only those speak who have logged in lets the others listen', () => {
  const chat = new Chat();
  const { member: op } = enter(chat, 'op');
  chat.amend(op, '#a', [{ kind: 'flag', on: true, flag: 'accounts-speak' }], limits);
  expect(say(chat, enter(chat, 'x').member)).toBe('speaker-needs-account');
  expect(say(chat, enter(chat, 'y', 'bob').member)).toBe('said');
});

test('a member may take messages of those alone who have logged in', () => {
  const chat = new Chat();
  const op = arrive(chat, 'op');
  chat.setTrait(op, 'hears-accounts-only', true);
  const words = { type: 'message', text: 'hi', tags: [], isDivisible: false } as const;
  const told = (by: ReturnType<typeof arrive>) => settled(chat.say(by, { kind: 'member', nick: 'op' }, words));
  expect(told(arrive(chat, 'x'))).toMatchObject({ kind: 'refused', why: 'needs-account' });
  expect(told(arrive(chat, 'y', 'bob')).kind).toBe('said');
  expect(told(op).kind).toBe('said');
});
