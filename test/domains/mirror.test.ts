import { expect, test } from 'vitest';
import { foldCase as fold } from '../../src/chat/case-mapping.js';
import type { RoomSnapshot } from '../../src/chat/snapshot.js';
import { encodeRoom } from '../../src/chat/snapshot-codec.js';
import { Border } from '../../src/domains/border.js';
import { MAX_INVITATIONS, MAX_KEYS, MAX_MASKS, MAX_SEATS } from '../../src/domains/customs.js';
import { type Crowd, Mirror } from '../../src/domains/mirror.js';
import { Visa } from '../../src/domains/visa.js';
import type { Entry, Pack } from '../../src/log/entry.js';
import { emptyRoom, eve, stamp, words } from './entries.js';

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;
const who = eve();
const say = { ...stamp, kind: 'say', ...words, text: 'hi' } as const;
const seat = { session: 'a.1.1', who, ranks: 0, sinceMs: 1, last: 1 };
const by = { nick: 'eve', user: 'eve', host: '192.0.2.1' };
const border = new Border({
  own: 'shanghai.example',
  lineage: '',
  ownLabel: 'shanghai',
  home: 'beijing.example',
  homeLabel: 'beijing',
});

/** A room of beijing in shanghai, without a link. */
class Scene {
  /** The room as the chat has it; null before it is there. */
  room: RoomSnapshot | null = null;
  readonly taken: Entry[] = [];
  readonly sent: Entry[] = [];
  readonly records: string[] = [];
  isStopped = false;
  crowd: Crowd = { seats: 0, masks: 0, invitations: 0 };
  readonly mirror: Mirror;

  constructor(name = '#tea') {
    const owner = {
      border,
      now: () => NOW,
      seen: 0,
      observer: {
        renewed: () => undefined,
        withdrawn: () => {
          this.isStopped = true;
        },
      },
      isOwn: (session: string) => session.startsWith('b.1.'),
      isInside: () => true,
      isHeir: () => false,
      isGone: (node: string) => node !== 'b.1',
      crowdOf: () => this.crowd,
      fold,
      log: { warn: (event: string) => void this.records.push(event) },
      send: (_: Mirror, pack: Pack) => {
        this.sent.push(...pack);
        return true;
      },
      stopped: () => {
        this.isStopped = true;
      },
    };
    this.mirror = new Mirror(`r:${name}:beijing.example`, name, owner, (origin) => {
      this.room = origin?.snapshot ?? null;
    });
  }

  /** The home sends a room that differs from an empty one. @returns whether it is taken */
  state(some: Partial<RoomSnapshot> = {}): boolean {
    return this.receive(some) && this.room !== null;
  }

  /** The same. @returns whether the link stays */
  receive(some: Partial<RoomSnapshot>): boolean {
    const bytes = new TextEncoder().encode(encodeRoom({ ...emptyRoom(), ...some }));
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

test('a home cannot end the sessions of other domains, nor those of a node here that lives', () => {
  const nodes = ['b.1', 'shanghai.example/a.1', 'tokyo.example/b.1'];
  const scene = new Scene().begin({ gone: nodes.slice(1, 2) });
  expect(scene.room?.gone).toEqual(['a.1']);
  for (const [index, node] of nodes.entries()) scene.hear({ ...stamp, kind: 'gone', n: index + 1, node });
  expect(scene.taken.map((entry) => entry.kind === 'gone' && entry.node)).toEqual([
    'beijing.example/b.1',
    'a.1',
    'beijing.example/tokyo.example/b.1',
  ]);
  const own = 'shanghai.example/b.1';
  expect(scene.hear({ ...stamp, kind: 'gone', n: 4, node: own })).toContain('a node of this domain that lives');
  expect(new Scene().state({ gone: [own] })).toBe(false);
});

test('a state asks once for each of our places whether somebody is inside', () => {
  const seats = [1, 2].map((index) => ({ ...seat, session: `shanghai.example/b.1.${index}`, last: index }));
  const asked: string[] = [];
  const isInside = (session: string): boolean => {
    asked.push(session);
    return session === 'b.1.1';
  };
  const room = border.roomHere({ ...emptyRoom(), seats: [seat, ...seats] }, 5, NOW, { isInside, isHeir: () => false });
  expect(asked).toEqual(['b.1.1', 'b.1.2']);
  expect(room.seats.map(({ session }) => session)).toEqual(['beijing.example/a.1.1', 'b.1.1']);
  expect(room.numbers.last).toEqual([['b.1.2', 2, 5]]);
});

const BAD = 'x\r\n:irc.local NOTICE * :!';
const masks = { ban: [], exception: [], invitation: [], mute: [], 'mute-exception': [] };
const mask = { mask: 'eve!*@*', by, atMs: 1 };

test.each<[string, Partial<RoomSnapshot>]>([
  ['name', { name: `#tea${BAD}` }],
  ['other name', { name: '#lobby' }],
  ['topic', { topic: { text: BAD, by, atMs: 1 } }],
  ['author of the topic', { topic: { text: 'x', by: { ...by, nick: BAD }, atMs: 1 } }],
  ['key', { key: BAD }],
  ['mask', { masks: { ...masks, mute: [{ ...mask, mask: BAD }] } }],
  ['author of a mask', { masks: { ...masks, ban: [{ ...mask, by: { ...by, host: BAD } }] } }],
  ['note', { metadata: [['x', BAD]] }],
  ['name of a note', { metadata: [[BAD, 'x']] }],
  ['founder', { registration: { founder: BAD, atMs: 1, access: [] } }],
  ['account with ranks', { registration: { founder: 'eve', atMs: 1, access: [{ account: BAD, ranks: 1 }] } }],
  ['member', { seats: [{ ...seat, who: { ...who, realName: BAD } }] }],
  ['guest', { invitations: [{ guest: 'a.1.1', who: { ...who, nick: BAD }, by: null, opens: true }] }],
  ['session of a guest', { invitations: [{ guest: BAD, who, by: null, opens: true }] }],
])('a state with an unfit %s is not taken', (_, some) => {
  const scene = new Scene();
  expect(scene.receive(some)).toBe(true);
  expect([scene.room, scene.isStopped]).toEqual([null, true]);
});

test('a state with everything that a room can have is taken, and no time in it is far ahead', () => {
  const atMs = Number.MAX_SAFE_INTEGER;
  const { room } = new Scene().begin({
    name: '#Tea',
    createdAtMs: atMs,
    registration: { founder: 'eve', atMs, access: [{ account: 'ann@tokyo.example', ranks: 1 }] },
    topic: { text: 'tea', by, atMs },
    key: 'k\u00a0y',
    // The server itself has no nick.
    masks: { ...masks, ban: [{ mask: 'e\u0001\u00a0e!*@*', by: { nick: '', user: '', host: '' }, atMs }] },
    metadata: [['color', 'green']],
    seats: [{ ...seat, sinceMs: atMs }],
    invitations: [{ guest: 'tokyo.example/a.1.2', who, by: 'a.1.1', opens: true }],
    knocks: [{ session: 'a.1.3', atMs }],
    retitledAtMs: [atMs],
    atMs,
  });
  expect(room?.name).toBe('#Tea:beijing.example');
  const latest = NOW + DAY;
  const times = [room?.createdAtMs, room?.registration?.atMs, room?.topic?.atMs, room?.masks.ban[0]?.atMs];
  expect(times).toEqual([latest, latest, latest, latest]);
  const more = [room?.seats[0]?.sinceMs, room?.knocks[0]?.atMs, room?.retitledAtMs[0], room?.atMs];
  expect(more).toEqual([latest, latest, latest, latest]);
});

test('a room keeps its name here, whatever its home calls it', () => {
  const scene = new Scene().begin();
  const join = { ...stamp, kind: 'join', who, key: null, flags: [] } as const;
  for (const [index, name] of ['#Tea', '#lobby', BAD].entries()) {
    expect(scene.hear({ ...join, n: index + 1, name })).toBeNull();
  }
  expect(scene.hear({ ...stamp, n: 4, kind: 'retitle', who: null, name: '#lobby', reason: '' })).toBeNull();
  expect(scene.taken.map((entry) => (entry.kind === 'join' ? entry.name : entry.kind))).toEqual([
    '#Tea:beijing.example',
    '#tea:beijing.example',
    '#tea:beijing.example',
    'withdrawn',
  ]);
});

const server = {
  nick: '',
  user: '',
  host: '',
  address: '',
  realName: '',
  account: null,
  privileges: ['override'],
} as const;
const change = { kind: 'mask', on: true, list: 'ban', mask: 'e\u0001\u00a0e!*@*' } as const;
const settings = { ...stamp, kind: 'settings', who: null, changes: [], maxMasks: 1, maxValues: 1 } as const;

test.each<[string, Entry]>([
  ['a text of several lines', { ...say, text: 'one\ntwo\rthree' }],
  ['a tag with an escaped line end', { ...say, tags: [['x', 'one\r\ntwo']] }],
  ['a tag with a long name', { ...say, tags: [['x'.repeat(200), '']] }],
  ['a mask of strange characters', { ...settings, changes: [change] }],
  ['a key of strange characters', { ...settings, changes: [{ kind: 'key', on: true, key: 'k\u00a0y' }] }],
  ['a change by the server', { ...settings, who: server }],
  ['ranks by the server', { ...stamp, kind: 'grant', who: server, account: 'eve', ranks: 0 }],
  ['the end of a registration by the server', { ...stamp, kind: 'unregister', who: server }],
])('%s is taken from a home', (_, entry) => {
  const scene = new Scene().begin();
  expect(scene.hear(entry)).toBeNull();
  expect(scene.taken.map(({ kind }) => kind)).toEqual([entry.kind]);
});

test.each<[string, Entry]>([
  ['a text with a null character', { ...say, text: 'x\0' }],
  ['a topic with a line end', { ...stamp, kind: 'topic', text: BAD }],
  ['a word by nobody', { ...say, who: server }],
  ['a kind for no room', { ...stamp, kind: 'quit', reason: '' }],
])('%s does nothing, and the link stays', (_, entry) => {
  const scene = new Scene().begin();
  expect(scene.hear(entry)).toBeNull();
  expect(scene.hear({ ...say, n: 2 })).toBeNull();
  expect(scene.taken.map(({ kind, n }) => [kind, n])).toEqual([
    ['withdrawn', 1],
    ['say', 2],
  ]);
  expect(scene.records).toEqual(['an entry of another domain is ignored']);
});

const own = { ...stamp, session: 'b.1.1' };
const rank = { kind: 'rank', on: true, rank: 'operator', target: 'tokyo.example/a.1.1' } as const;

test.each<Entry>([
  { ...own, kind: 'redact', who: null, message: 'x', reason: '' },
  { ...own, kind: 'redact', who: null, message: 'beijing.example.x-1', reason: '' },
  { ...own, kind: 'kick', who: null, target: 'tokyo.example/a.1.1', reason: '' },
  { ...own, kind: 'kick', who: null, target: 'beijing.example/a.1.1', reason: '' },
  { ...own, ...settings, session: own.session, changes: [rank] },
  { ...own, ...say, session: own.session },
  { ...say, session: 'c.1.4', via: 'b.1.1' },
])('an entry of somebody here is known when it returns: %j', (entry) => {
  const scene = new Scene().begin();
  scene.mirror.append([entry], { appended: () => undefined, failed: () => expect.fail('it has not been sent') });
  const visa = new Visa({ domain: 'shanghai.example', label: 'shanghai', maxMasks: 1 });
  for (const sent of scene.sent) expect(scene.hear(visa.stamped(sent, NOW) ?? expect.fail('a violation'))).toBeNull();
  expect(scene.taken.map(({ kind, session, via }) => [kind, session, via])).toEqual([
    [entry.kind, entry.session, entry.via],
  ]);
});

const device = { ...say, session: 'shanghai.example/c.1.4', via: 'shanghai.example/b.1.1' } as const;

test.each<[string, Pick<Partial<Entry>, 'session' | 'via'>]>([
  ['by a session of its own', { via: 'a.1.1' }],
  ['by one of a third domain', { via: 'tokyo.example/b.1.1' }],
  ['by one here that speaks for another member', { session: 'shanghai.example/c.1.5' }],
  ['by one here for somebody of the home', { session: 'a.1.1' }],
])('a home cannot speak for a member that is connected to several nodes %s', (_, forged) => {
  const scene = new Scene().begin();
  const entry = { ...say, session: 'c.1.4', via: 'b.1.1' };
  scene.mirror.append([entry], { appended: () => undefined, failed: () => expect.fail('it has not been sent') });
  expect(scene.hear({ ...device, ...forged })).toBe('it has spoken for somebody of this domain');
  expect(scene.taken).toEqual([]);
});

test('members of the home that are connected to several of its nodes are one here, and continue when one is gone', () => {
  const scene = new Scene().begin({ heirs: [['a.1.1', 'b.1.1']] });
  expect(scene.room?.heirs).toEqual([['beijing.example/a.1.1', 'beijing.example/b.1.1']]);
  expect(scene.hear({ ...say, session: 'a.1.4', via: 'c.1.1' })).toBeNull();
  const heirs = [
    ['a.1.4', 'c.1.1'],
    ['a.1.5', 'shanghai.example/b.1.1'],
    ['shanghai.example/b.1.1', 'shanghai.example/b.1.2'],
  ] as const;
  expect(scene.hear({ ...stamp, kind: 'gone', n: 2, node: 'a.1', heirs })).toBeNull();
  expect(scene.taken).toMatchObject([
    { session: 'beijing.example/a.1.4', via: 'beijing.example/c.1.1' },
    { node: 'beijing.example/a.1', heirs: [['beijing.example/a.1.4', 'beijing.example/c.1.1']] },
  ]);
});

test.each<Partial<Crowd>>([{ seats: MAX_SEATS + 1 }, { masks: MAX_MASKS + 1 }, { invitations: MAX_INVITATIONS + 1 }])(
  'a room that grows beyond its bounds is left, and the link stays: %j',
  (some) => {
    const scene = new Scene().begin();
    scene.crowd = { seats: MAX_SEATS, masks: MAX_MASKS, invitations: MAX_INVITATIONS };
    expect(scene.hear(say)).toBeNull();
    expect(scene.isStopped).toBe(false);
    scene.crowd = { ...scene.crowd, ...some };
    expect(scene.hear({ ...say, n: 2 })).toBeNull();
    expect(scene.isStopped).toBe(true);
  },
);

test.each<Partial<RoomSnapshot>>([
  { masks: { ...masks, ban: Array.from({ length: MAX_MASKS }, () => mask), mute: [mask] } },
  { metadata: Array.from({ length: MAX_KEYS + 1 }, (_, index) => [`x${String(index)}`, ''] as const) },
])('a state with more than a room can have is not taken', (some) => {
  expect(new Scene().state(some)).toBe(false);
});

test('a home cannot lift the bounds of masks and notes', () => {
  const scene = new Scene().begin();
  const most = Number.MAX_SAFE_INTEGER;
  scene.hear({ ...settings, maxMasks: most });
  scene.hear({ ...stamp, n: 2, kind: 'annotate', who: null, key: 'x', value: '', maxKeys: most });
  expect(scene.taken).toMatchObject([{ maxMasks: MAX_MASKS }, { maxKeys: MAX_KEYS }]);
});

test.each(['tokyo.example/anything', 'x'])('a home cannot invite %j', (guest) => {
  const scene = new Scene().begin();
  expect(scene.hear({ ...stamp, kind: 'invite', guest, who })).toBeNull();
  expect(scene.taken.map(({ kind }) => kind)).toEqual(['withdrawn']);
});

test('a home cannot give people of this domain another session, and speak by it', () => {
  const own = 'shanghai.example/b.1.1';
  const scene = new Scene().begin({ seats: [{ ...seat, session: own }], heirs: [['c.1.1', own]] });
  expect([scene.room?.seats[0]?.session, scene.room?.heirs]).toEqual(['b.1.1', []]);
});
