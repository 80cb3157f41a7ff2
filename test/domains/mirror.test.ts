import { expect, test } from 'vitest';
import { foldCase as fold } from '../../src/chat/case-mapping.js';
import { RoomState } from '../../src/chat/room-state.js';
import type { RoomSnapshot } from '../../src/chat/snapshot.js';
import { encodeRoom } from '../../src/chat/snapshot-codec.js';
import { Border } from '../../src/domains/border.js';
import { Mirror } from '../../src/domains/mirror.js';
import type { Entry, Who } from '../../src/log/entry.js';

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;
const who: Who = {
  nick: 'eve',
  user: 'eve',
  host: '192.0.2.1',
  address: '192.0.2.1',
  realName: 'eve',
  account: null,
  privileges: null,
};
const stamp = { session: 'a.1.1', n: 1, atMs: 1, seen: 0, base: 0 };
const words = { type: 'message', tags: [], isDivisible: true, ranks: 0, who: null, text: 'hi' } as const;
const say = { ...stamp, kind: 'say', ...words } as const;
const seat = { session: 'a.1.1', who, ranks: 0, sinceMs: 1, last: 1 };
const by = { nick: 'eve', user: 'eve', host: '192.0.2.1' };
const border = new Border({
  own: 'shanghai.example',
  ownLabel: 'shanghai',
  home: 'beijing.example',
  homeLabel: 'beijing',
});

/** A room of beijing in shanghai, without a link. */
class Scene {
  /** The room as the chat has it; null before it is there. */
  room: RoomSnapshot | null = null;
  readonly taken: Entry[] = [];
  readonly mirror: Mirror;

  constructor(name = '#tea') {
    const owner = {
      border,
      now: () => NOW,
      observer: { renewed: () => undefined, withdrawn: () => undefined },
      isOwn: (session: string) => session.startsWith('b.1.'),
      isInside: () => true,
      send: () => true,
      stopped: () => undefined,
    };
    this.mirror = new Mirror(`r:${name}:beijing.example`, name, owner, (origin) => {
      this.room = origin?.snapshot ?? null;
    });
  }

  /** The home sends a room that differs from an empty one. @returns whether it is taken */
  state(some: Partial<RoomSnapshot> = {}): boolean {
    const cast = (): never => expect.fail('nobody');
    const empty = new RoomState({ name: '#tea', id: 'x', fold, cast, permanentSinceMs: null }).snapshot();
    const bytes = new TextEncoder().encode(encodeRoom({ ...empty, ...some }));
    return this.mirror.state({ log: 'x', seq: 0, bytes: bytes.length }, bytes);
  }

  /** The same, after which entries follow. */
  begin(some: Partial<RoomSnapshot> = {}): this {
    expect(this.state(some)).toBe(true);
    this.mirror.follow(0, {
      pack: (_, entries) => void this.taken.push(...entries),
      unreadable: () => undefined,
      missing: () => undefined,
      regressed: () => undefined,
      caughtUp: () => undefined,
      away: () => undefined,
      back: () => undefined,
    });
    this.mirror.caughtUp();
    return this;
  }

  /** The home sends an entry. @returns why it is not acceptable; null if it is */
  hear(entry: Entry): string | null {
    return this.mirror.pack(this.mirror.applied + 1, [entry]);
  }
}

test.each([
  'shanghai.example/tokyo.example/a.1.7',
  'tokyo.example/shanghai.example/a.1.7',
  'shanghai.example/',
  '/a.1.7',
  'a.1.7\r\n',
])('a home cannot name the session %j', (session) => {
  expect(new Scene().begin().hear({ ...say, session })).not.toBeNull();
  expect(new Scene().state({ seats: [{ ...seat, session }] })).toBe(false);
});

test('sessions that differ at home differ here, and those of a third domain belong to the home', () => {
  const sessions = ['a.1.7', 'shanghai.example/a.1.7', 'tokyo.example/a.1.7', 'shanghai.example/tokyo.example/a.1.7'];
  const here = sessions.map((session) => border.sessionHere(session));
  expect(here).toEqual([
    'beijing.example/a.1.7',
    'a.1.7',
    'beijing.example/tokyo.example/a.1.7',
    'beijing.example/shanghai.example/tokyo.example/a.1.7',
  ]);
  expect(here.map((session) => border.sessionThere(session))).toEqual(sessions);
});

test('a home cannot end the sessions of other domains', () => {
  const nodes = ['b.1', 'shanghai.example/b.1', 'shanghai.example/tokyo.example/b.1'];
  const scene = new Scene().begin({ gone: nodes.slice(1, 2) });
  expect(scene.room?.gone).toEqual(['beijing.example/shanghai.example/b.1']);
  for (const [index, node] of nodes.entries()) scene.hear({ ...stamp, kind: 'gone', n: index + 1, node });
  expect(scene.taken.map((entry) => entry.kind === 'gone' && entry.node)).toEqual(
    nodes.map((node) => `beijing.example/${node}`),
  );
});

test('a state asks once for each of our places whether somebody is inside', () => {
  const cast = (): never => expect.fail('nobody');
  const empty = new RoomState({ name: '#tea', id: 'x', fold, cast, permanentSinceMs: null }).snapshot();
  const seats = [1, 2].map((index) => ({ ...seat, session: `shanghai.example/b.1.${index}`, last: index }));
  const asked: string[] = [];
  const room = border.roomHere({ ...empty, seats: [seat, ...seats] }, 5, (session) => {
    asked.push(session);
    return session === 'b.1.1';
  });
  expect(asked).toEqual(['b.1.1', 'b.1.2']);
  expect(room.seats.map(({ session }) => session)).toEqual(['beijing.example/a.1.1', 'b.1.1']);
  expect(room.numbers.last).toEqual([['b.1.2', 2, 5]]);
});
