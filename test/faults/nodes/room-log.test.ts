import { expect, test } from 'vitest';
import type { RoomEntry, Who } from '../../../src/log/entry.js';
import { happeningsOf } from './room-log.js';

const who = (nick: string): Who => ({
  nick,
  user: 'u',
  host: 'h',
  address: 'a',
  realName: 'r',
  account: null,
  privileges: null,
});
const stamp = (session: string, n: number) => ({ session, n, atMs: 0, seen: 0, base: 0 });
const join = (session: string, n: number, nick: string): RoomEntry => ({
  ...stamp(session, n),
  kind: 'join',
  who: who(nick),
  name: '#a',
  key: null,
  flags: [],
});
const say = (session: string, n: number, text: string): RoomEntry => ({
  ...stamp(session, n),
  kind: 'say',
  who: null,
  ranks: 0,
  type: 'message',
  text,
  tags: [],
  isDivisible: false,
});
const withdrawn = (session: string, n: number): RoomEntry => ({ ...stamp(session, n), kind: 'withdrawn' });
const part = (session: string, n: number): RoomEntry => ({ ...stamp(session, n), kind: 'part', reason: '' });
const gone = (node: string): RoomEntry => ({ ...stamp('b.1.1', 0), kind: 'gone', node });

/** What happens if each entry is a pack. */
const happen = (...entries: readonly RoomEntry[]): string[] =>
  happeningsOf(entries.map((entry, index) => ({ seq: index + 1, entries: [entry] }))).map((one) =>
    one.kind === 'said' ? `${one.seq} ${one.text}` : `${one.seq} ${one.kind} ${one.nick}`,
  );

test('an entry counts once, and only after the one before', () => {
  const entries = [join('a.1.1', 1, 'ann'), say('a.1.1', 2, 'one'), say('a.1.1', 2, 'one'), say('a.1.1', 4, 'three')];
  expect(happen(...entries)).toEqual(['1 joined ann', '2 one']);
});

test('a message of one who is not inside is refused, and one that was given up does not count', () => {
  const entries = [say('a.1.1', 1, 'no'), join('a.1.1', 2, 'ann'), withdrawn('a.1.1', 3), say('a.1.1', 3, 'late')];
  expect(happen(...entries, say('a.1.1', 4, 'next'))).toEqual(['2 joined ann', '5 next']);
});

test('a node that is gone takes its members with it, once, and no others', () => {
  const entries = [join('a.1.1', 1, 'ann'), join('a.11.1', 1, 'bob'), gone('a.1'), gone('a.1')];
  expect(happen(...entries, say('a.1.1', 2, 'late'))).toEqual(['1 joined ann', '2 joined bob', '3 left ann']);
});

test('nothing that a node still says counts after it is gone', () => {
  const entries = [join('a.1.1', 1, 'ann'), gone('a.2'), join('a.1.2', 1, 'bob'), join('a.3.1', 1, 'eve')];
  expect(happen(...entries)).toEqual(['1 joined ann', '2 left ann', '4 joined eve']);
});

test('those who were inside a single server are gone when its next run writes', () => {
  const packs = [join('a.1.1', 1, 'ann'), join('a.2.1', 1, 'bob')].map((entry, index) => ({
    seq: index + 1,
    entries: [entry],
  }));
  expect(happeningsOf(packs, true).map(({ kind }) => kind)).toEqual(['joined', 'left', 'joined']);
  expect(happeningsOf(packs).map(({ kind }) => kind)).toEqual(['joined', 'joined']);
});

test('who parts is no longer inside', () => {
  expect(happen(join('a.1.1', 1, 'ann'), part('a.1.1', 2), say('a.1.1', 3, 'late'))).toEqual([
    '1 joined ann',
    '2 left ann',
  ]);
});

test('the entries of one pack have places in it', () => {
  const [first] = happeningsOf([{ seq: 7, entries: [join('a.1.1', 1, 'ann'), say('a.1.1', 2, 'one')] }]).slice(1);
  expect(first).toMatchObject({ seq: 7, part: 1, text: 'one' });
});
