import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChatEvent } from '../../src/chat/event.js';
import type { Member, Outlet } from '../../src/chat/member.js';
import { RANK_BITS } from '../../src/chat/room.js';
import type { RoomSnapshot } from '../../src/chat/snapshot.js';
import { whenSettled } from '../../src/chat/ticket.js';
import { Border } from '../../src/domains/border.js';
import { Ear as Listener } from '../chat/ear.js';
import { closeAfterTest, startTwo, World } from './worlds.js';

const LIMITS = { maxMasks: 5, maxValues: 9 };
const JOIN = { key: null, maxRooms: 9, flags: [] };
const nick = fc.constantFrom('ann', 'bob', 'cid', 'dan', 'ann/far', 'bob/far', 'cid/home', 'dan/home', 'nobody');
const mask = fc.constantFrom('ann!*@*', 'ann/far!*@*', '*!u@*', 'b*!*@*', '*n!*@*', 'cid/home!*@*');
const deed = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('say' as const), text: fc.string({ maxLength: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('join' as const) }) },
  fc.record({ kind: fc.constant('part' as const) }),
  fc.record({ kind: fc.constant('topic' as const), text: fc.constantFrom('x', 'y', '') }),
  fc.record({ kind: fc.constant('kick' as const), nick }),
  fc.record({ kind: fc.constant('nick' as const), nick: fc.constantFrom('ann', 'bob', 'cid', 'dan', 'eve', 'fay') }),
  fc.record({
    kind: fc.constant('rank' as const),
    nick,
    on: fc.boolean(),
    rank: fc.constantFrom('operator' as const, 'voice' as const),
  }),
  fc.record({
    kind: fc.constant('mask' as const),
    mask,
    on: fc.boolean(),
    list: fc.constantFrom('ban' as const, 'mute' as const, 'exception' as const),
  }),
  fc.record({
    kind: fc.constant('flag' as const),
    on: fc.boolean(),
    flag: fc.constantFrom('moderated' as const, 'invite-only' as const, 'no-outsiders' as const),
  }),
  fc.record({ kind: fc.constant('invite' as const), nick }),
  fc.record({ kind: fc.constant('key' as const), on: fc.boolean() }),
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('deed' as const), isFar: fc.boolean(), who: fc.nat(1), deed }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('deliver' as const), count: fc.nat(6) }) },
  fc.constant({ kind: 'cut' as const }),
  fc.constant({ kind: 'mend' as const }),
);

type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

function act({ chat }: World, by: Member, name: string, what: Deed): void {
  switch (what.kind) {
    case 'say':
      chat.say(
        by,
        { kind: 'room', name, ranks: 0 },
        { type: 'message', text: what.text.replace(/[\r\n\0]/g, ''), tags: [], isDivisible: false },
      );
      return;
    case 'join':
      chat.join(by, name, JOIN);
      return;
    case 'part':
      chat.part(by, name, 'bye');
      return;
    case 'topic':
      chat.setTopic(by, name, what.text);
      return;
    case 'kick':
      chat.kick(by, name, { nick: what.nick, reason: '' });
      return;
    case 'nick':
      chat.rename(by, what.nick);
      return;
    case 'invite':
      chat.invite(by, what.nick, name);
      return;
    case 'rank':
      chat.amend(by, name, [{ kind: 'rank', on: what.on, rank: what.rank, nick: what.nick }], LIMITS);
      return;
    case 'mask':
      chat.amend(by, name, [{ kind: 'mask', on: what.on, list: what.list, mask: what.mask }], LIMITS);
      return;
    case 'flag':
      chat.amend(by, name, [{ kind: 'flag', on: what.on, flag: what.flag }], LIMITS);
      return;
    case 'key':
      chat.amend(by, name, [{ kind: 'key', on: what.on, key: 'k' }], LIMITS);
  }
}

/** What a room is, without what has no order. */
function facts(room: RoomSnapshot | null): unknown {
  if (room === null) return null;
  const { numbers, ...rest } = room;
  return {
    ...rest,
    numbers: [...numbers.last].sort(),
    flags: [...room.flags].sort(),
    seats: [...room.seats].sort((one, other) => (one.session < other.session ? -1 : 1)),
  };
}

test('whatever people of two domains do, and whatever becomes of the link, both have the same room', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
      const { home, ways, far, settle } = await startTwo(['ann', 'bob'], ['cid', 'dan']);
      settle();
      for (const one of steps) {
        if (one.kind === 'cut') {
          ways.cut();
        } else if (one.kind === 'mend') {
          ways.isCut = false;
        } else if (one.kind === 'deliver') {
          ways.step(one.count);
        } else {
          const world = one.isFar ? far : home;
          const by = world.members[one.who] ?? expect.fail('nobody');
          act(world, by, one.isFar ? '#a:home.example' : '#a', one.deed);
        }
      }
      ways.isCut = false;
      settle();
      await Promise.all([far.domains.close(), home.domains.close()]);
      // Otherwise nobody there has followed it.
      if (far.chat.directory.room('#a:home.example') === undefined) return;
      const border = new Border({
        own: 'far.example',
        lineage: '',
        ownLabel: 'far',
        home: 'home.example',
        homeLabel: 'home',
      });
      const there = home.room('#a');
      const expected = there && border.roomHere(there, 0, Infinity, { isInside: () => true, isHeir: () => true });
      expect(facts(far.room('#a:home.example'))).toEqual(facts(expected));
      const heard = far.said.filter((line) => line.startsWith('home.example.'));
      expect(new Set(heard).size).toBe(heard.length);
      const known = new Map(home.said.map((line, index) => [`home.example.${line.split(' ')[0] ?? ''}`, index]));
      const places = heard.map((line) => known.get(line.split(' ')[0] ?? '') ?? -1);
      expect(places).toEqual([...places].sort((one, other) => one - other));
      expect(places).not.toContain(-1);
    }),
    { numRuns: 60 },
  );
}, 120_000);

test('what is said while the link is down fails after 30 seconds, and is not said later', async () => {
  const { home, ways, far, settle } = await startTwo(['ann'], ['cid']);
  closeAfterTest(far, home);
  settle();
  const [cid] = far.members;
  if (cid === undefined) return;
  far.chat.join(cid, '#a:home.example', JOIN);
  settle();
  ways.cut();
  const words = { type: 'message', text: 'hello', tags: [], isDivisible: false } as const;
  const answers: unknown[] = [];
  whenSettled(far.chat.say(cid, { kind: 'room', name: '#a:home.example', ranks: 0 }, words), (outcome) => {
    answers.push(outcome);
  });
  for (let second = 0; second < 32; second += 1) {
    if (second === 29) expect(answers).toEqual([]);
    far.nowMs += 1_000;
    far.chat.tick();
  }
  expect(answers).toEqual([expect.objectContaining({ kind: 'refused', why: 'not-taken' })]);
  ways.isCut = false;
  settle();
  far.chat.say(cid, { kind: 'room', name: '#a:home.example', ranks: 0 }, { ...words, text: 'again' });
  settle();
  expect(home.said.map((line) => line.split(' ')[2])).toEqual(['again']);
});

function noticesTo({ heard }: Listener): string[] {
  return heard.flatMap((event) => (event.kind === 'said' && event.type === 'notice' ? [event.text] : []));
}

test('those in a room are notified when its home has been away for five seconds, and when it is back', async () => {
  const { home, ways, far, settle } = await startTwo(['ann'], []);
  closeAfterTest(far, home);
  settle();
  const ear = new Listener();
  const cid = far.chat.receive({ host: ear.remoteHost, outlet: ear });
  far.chat.admit(cid, { nick: 'cid', user: 'u', realName: 'r' });
  far.chat.join(cid, '#a:home.example', JOIN);
  settle();
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      far.nowMs += 1_000;
      far.chat.tick();
    }
  };
  const cut = 'The domain of this room cannot be reached. Nothing arrives from there, and what you say here waits.';
  // The link is lost; while the way is cut, it would be dialled for ever.
  ways.cut();
  ways.step(1);
  pass(3);
  ways.isCut = false;
  settle();
  pass(9);
  expect(noticesTo(ear)).toEqual([]);
  ways.cut();
  ways.step(1);
  pass(9);
  expect(noticesTo(ear)).toEqual([cut]);
  ways.isCut = false;
  settle();
  pass(9);
  expect(noticesTo(ear)).toEqual([cut, 'The domain of this room can be reached again.']);
});

/** Keeps the rooms that its member is shown to have left. */
class Ear implements Outlet {
  readonly isSecure = false;
  readonly certificate = null;
  readonly remoteHost = '203.0.113.7';
  readonly left: string[] = [];
  readonly encoder = {
    encode: (event: ChatEvent): Uint8Array => {
      if (event.kind === 'left') this.left.push(event.room.name);
      return new Uint8Array(0);
    },
    isDroppable: () => false,
  };

  send(): void {
    // It has been encoded for this one.
  }

  expel(): void {
    expect.fail('it stays');
  }
}

test('after an upgrade, somebody is in the rooms of other domains again, or is shown that it is not', async () => {
  const { home, ways, far, settle } = await startTwo(['ann'], []);
  closeAfterTest(far, home);
  const [ann] = home.members;
  if (ann === undefined) return;
  home.chat.join(ann, '#a', JOIN);
  const ear = new Ear();
  const known = { nick: 'dan', user: 'u', host: 'hidden.example', address: ear.remoteHost, realName: 'r' };
  const names = ['#a:home.example', '#b:home.example', '#c:home.example', '#a:nowhere.example'];
  const dan = far.chat.restore(
    {
      who: { ...known, account: null, privileges: null },
      label: null,
      sinceMs: 0,
      lastSpokeMs: 0,
      away: null,
      traits: [],
      metadata: [],
      rooms: names.map((name) => ({ name, ranks: RANK_BITS.operator })),
    },
    ear,
  );
  expect(ear.left).toEqual([]);
  settle();
  await Promise.resolve();
  expect([dan?.seats.map(({ room }) => room.name), ear.left.sort()]).toEqual([
    ['#a:home.example'],
    ['#a:nowhere.example', '#b:home.example', '#c:home.example'],
  ]);
  // The home learns no more than the host.
  expect(home.room('#a')?.seats.map(({ who }) => who.host)).toEqual(['192.0.2.1', 'hidden.example']);
  expect(Buffer.concat(ways.taken).includes(ear.remoteHost)).toBe(false);
});

test('a room that somebody is still being brought into goes along with the next upgrade', async () => {
  const { home, far, settle } = await startTwo([], []);
  closeAfterTest(far, home);
  const who = { nick: 'dan', user: 'u', host: 'h', address: 'h', realName: 'r', account: null, privileges: null };
  const rooms = [{ name: '#a:home.example', ranks: 0 }];
  const rest = { label: null, sinceMs: 0, lastSpokeMs: 0, away: null, traits: [], metadata: [] };
  const dan = far.chat.restore({ who, rooms, ...rest }, null);
  if (dan === null) expect.fail('dan is not let in');
  expect([dan.seats.length, far.chat.describe(dan).rooms]).toEqual([0, rooms]);
  settle();
  const entered = [{ name: '#a:home.example', ranks: RANK_BITS.operator }];
  expect([dan.seats.length, far.chat.describe(dan).rooms]).toEqual([1, entered]);
});

test('somebody who had ranks in a room of another domain has them again after an upgrade', async () => {
  const { home, ways, far: before, settle } = await startTwo(['ann'], ['cid'], { node: 'a.1', lineage: 'x1-' });
  settle();
  const [[ann], [cid]] = [home.members, before.members];
  if (ann === undefined || cid === undefined) return;
  home.chat.join(ann, '#a', JOIN);
  before.chat.join(cid, '#a:home.example', JOIN);
  settle();
  home.chat.amend(ann, '#a', [{ kind: 'rank', on: true, rank: 'operator', nick: 'cid/far' }], LIMITS);
  settle();
  const estate = before.chat.describe(cid);
  await before.domains.close();
  settle();
  const after = new World(ways, { node: 'a.2', lineage: 'x1-' });
  await after.start([]);
  closeAfterTest(after, home);
  after.chat.restore(estate, null);
  settle();
  const ranks = home.room('#a')?.seats.map(({ session, ranks: each }) => [session, each]);
  expect(ranks).toEqual([
    ['a.1.1', RANK_BITS.operator],
    ['far.example/x1-a.2.1', RANK_BITS.operator],
  ]);
  expect(after.room('#a:home.example')?.seats.map(({ ranks: each }) => each)).toEqual([
    RANK_BITS.operator,
    RANK_BITS.operator,
  ]);
});
