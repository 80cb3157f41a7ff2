import { beforeEach, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import { MemoryBanStore, type ServerBan, ServerBans } from '../../src/chat/server-bans.js';
import { identityOfPeer } from '../../src/chat/user-mask.js';

let nowMs = 0;
const fold = (text: string): string => text.toLowerCase();
const now = (): number => nowMs;
const peer = (host: string, user = '') => identityOfPeer(host, user, fold);

function ban(changes: Partial<ServerBan> = {}): ServerBan {
  return { kind: 'users', mask: '*@192.0.2.*', reason: 'why', by: 'ann', atMs: nowMs, untilMs: null, ...changes };
}

beforeEach(() => {
  nowMs = 1000;
});

test('a ban of users holds for its hosts and users; one of a user does not hold while the user is not known', () => {
  const bans = new ServerBans({ fold, now });
  bans.add(ban());
  bans.add(ban({ mask: 'Bob@*' }));
  expect(bans.find(peer('192.0.2.7'))?.mask).toBe('*@192.0.2.*');
  expect(bans.find(peer('198.51.100.1'))).toBeNull();
  expect(bans.find(peer('198.51.100.1', 'bob'))?.mask).toBe('Bob@*');
});

test('a ban of addresses holds for a network, and never for a peer without an address', () => {
  const bans = new ServerBans({ fold, now });
  bans.add(ban({ kind: 'addresses', mask: '2001:db8::/32' }));
  bans.add(ban({ kind: 'addresses', mask: '192.0.2.1' }));
  expect(bans.find(peer('2001:db8::5'))).not.toBeNull();
  expect(bans.find(peer('::ffff:192.0.2.1'))).not.toBeNull();
  expect(bans.find(peer('192.0.2.2'))).toBeNull();
  expect(bans.find(peer('localhost'))).toBeNull();
});

test('a ban ends with its time, in the store as well', () => {
  const store = new MemoryBanStore();
  const bans = new ServerBans({ fold, now, store });
  bans.add(ban({ untilMs: 2000 }));
  nowMs = 1999;
  expect(bans.find(peer('192.0.2.7'))).not.toBeNull();
  expect(bans.list('users')).toHaveLength(1);
  nowMs = 2000;
  expect(bans.find(peer('192.0.2.7'))).toBeNull();
  expect(bans.list('users')).toEqual([]);
  expect([...store.all()]).toEqual([]);
  expect(bans.remove('users', '*@192.0.2.*')).toBeNull();
});

test('a ban of the same mask takes the place of the first, and is removed under any spelling', () => {
  const store = new MemoryBanStore();
  const bans = new ServerBans({ fold, now, store });
  bans.add(ban({ mask: '*@HOST.example' }));
  bans.add(ban({ mask: '*@host.example', reason: 'other' }));
  expect([...store.all()].map(({ reason }) => reason)).toEqual(['other']);
  expect(bans.list('addresses')).toEqual([]);
  expect(bans.remove('users', '*@Host.Example')?.reason).toBe('other');
  expect([...store.all()]).toEqual([]);
});

test('bans that a store holds from before hold', () => {
  const store = new MemoryBanStore();
  store.put(ban());
  expect(new ServerBans({ fold, now, store }).find(peer('192.0.2.7'))?.reason).toBe('why');
});

test('there are no more than so many at once, with those from before; one that has ended makes room', () => {
  const store = new MemoryBanStore();
  store.put(ban({ untilMs: 2000 }));
  const chat = new Chat({ now, bans: { store, maxBans: 2 } });
  const set = (changes: Partial<ServerBan>): unknown => chat.setBan(null, ban(changes), 'Banned');
  expect(set({ mask: '*@other' })).toMatchObject({ kind: 'ban-set' });
  expect(set({ mask: '*@third' })).toMatchObject({ why: 'too-many-bans' });
  expect(set({ mask: '*@OTHER', reason: 'again' })).toMatchObject({ kind: 'ban-set' });
  nowMs = 2000;
  expect(set({ mask: '*@third' })).toMatchObject({ kind: 'ban-set' });
  expect(chat.bans.all().map(({ mask }) => mask)).toEqual(['*@OTHER', '*@third']);
  expect([...store.all()].map(({ mask }) => mask)).toEqual(['*@OTHER', '*@third']);
});
