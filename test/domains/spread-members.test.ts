/** Members of a domain that are connected to several of its nodes, in a room of another domain. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Member } from '../../src/chat/member.js';
import { RANK_BITS } from '../../src/chat/room.js';
import type { RoomSnapshot } from '../../src/chat/snapshot.js';
import { whenSettled } from '../../src/chat/ticket.js';
import { Border } from '../../src/domains/border.js';
import { Ear } from '../chat/ear.js';
import { JOIN, LIMITS, type NodeOfFar, NodesScene, personOf, ROOM } from './nodes-scene.js';
import type { World } from './worlds.js';

const CID = { nick: 'cid', user: 'u', realName: 'r', account: 'cid' };

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** A connection of cid to a node. */
class Device {
  readonly world: World;
  readonly ear = new Ear();
  member: Member | null = null;

  private constructor(world: World) {
    this.world = world;
  }

  static async connect(scene: NodesScene, { world }: NodeOfFar): Promise<Device> {
    const { chat } = world;
    const device = new Device(world);
    const own = chat.receive({ host: device.ear.remoteHost, outlet: device.ear });
    whenSettled(chat.arriveAs(own, CID), (shared) => {
      if (shared !== null && shared.kind !== 'shared') expect.fail('it is kept out');
      device.member = shared?.member ?? own;
      if (shared === null) chat.admit(own, CID);
    });
    await scene.settle();
    return device;
  }

  #act(act: (member: Member) => void): void {
    const { chat } = this.world;
    const member = this.member ?? expect.fail('it is not connected');
    chat.through(member, this.ear, () => {
      act(member);
    });
  }

  join(): void {
    this.#act((member) => this.world.chat.join(member, ROOM, JOIN));
  }

  part(): void {
    this.#act((member) => this.world.chat.part(member, ROOM, ''));
  }

  topic(text: string): void {
    this.#act((member) => this.world.chat.setTopic(member, ROOM, text));
  }

  say(text: string): void {
    const words = { type: 'message', text, tags: [], isDivisible: false } as const;
    this.#act((member) => this.world.chat.say(member, { kind: 'room', name: ROOM, ranks: 0 }, words));
  }
}

/** Two domains with cid on the first two of three nodes. */
async function start() {
  const scene = await NodesScene.startInside('a.1', 'b.1', 'c.1');
  const first = await Device.connect(scene, scene.node(0));
  first.join();
  await scene.settle();
  const second = await Device.connect(scene, scene.node(1));
  const promote = { kind: 'rank', on: true, rank: 'operator', nick: 'cid/far' } as const;
  scene.home.chat.amend(personOf(scene.home), '#a', [promote], LIMITS);
  await scene.settle();
  return { scene, home: scene.home, first, second };
}

/** Lets the nodes reach the home, or cuts their links. */
function setLinks({ nodes }: NodesScene, isUp: boolean): void {
  for (const { ways } of nodes) {
    if (isUp) ways.isCut = false;
    else ways.cut();
  }
}

/** Returns the lines that are said. */
function linesOf({ said }: World): string[] {
  return said.map((line) => line.split(' ').slice(2).join(' '));
}

function seatOfCid(home: World): unknown {
  const seats = home.room('#a')?.seats.filter(({ who }) => who.nick === 'cid/far');
  return seats?.map(({ session, ranks }) => [session.replace(/\.\d+$/, ''), ranks]);
}

/** Returns the facts of a room, without what has no order. */
function facts(room: RoomSnapshot | null): unknown {
  if (room === null) return null;
  const by = ([one]: readonly [string, ...unknown[]], [other]: readonly [string, ...unknown[]]): number =>
    one < other ? -1 : 1;
  return {
    ...room,
    numbers: [...room.numbers.last].sort(by),
    heirs: [...room.heirs].sort(by),
    seats: [...room.seats].sort((one, other) => (one.session < other.session ? -1 : 1)),
  };
}

/** Expects that all nodes have the room as the home has it. */
function expectOneRoom({ home, nodes }: NodesScene): void {
  const border = new Border({
    own: 'far.example',
    lineage: 'x1-',
    ownLabel: 'far',
    home: 'home.example',
    homeLabel: 'home',
  });
  const there = home.room('#a');
  const all = { isInside: () => true, isHeir: () => true };
  const expected = facts(there && border.roomHere(there, 0, Infinity, all));
  for (const { world } of nodes) expect(facts(world.room(ROOM))).toEqual(expected);
}

describe('a member that is connected to two nodes, in a room of another domain', () => {
  test('is one there, and acts from both', async () => {
    const { scene, home, first, second } = await start();
    second.say('from two');
    await scene.settle();
    first.say('from one');
    second.topic('tea');
    await scene.settle();
    expect(linesOf(home)).toEqual(['from two', 'from one']);
    expect(home.room('#a')?.topic?.text).toBe('tea');
    expect(seatOfCid(home)).toEqual([['far.example/x1-a.1', RANK_BITS.operator]]);
    expectOneRoom(scene);
  });

  test('keeps its place and its rank when its own node is gone, and what it has said counts once', async () => {
    const { scene, home, first, second } = await start();
    second.say('one');
    first.say('two');
    await scene.settle();
    second.say('three');
    scene.network.run(5);
    await scene.kill(scene.node(0), 'a.1');
    second.say('four');
    await scene.settle(16);
    second.say('five');
    second.topic('tea');
    await scene.settle();
    expect(linesOf(home).sort()).toEqual(['five', 'four', 'one', 'three', 'two']);
    expect(home.room('#a')?.topic?.text).toBe('tea');
    expect(seatOfCid(home)).toEqual([['far.example/x1-b.1', RANK_BITS.operator]]);
    expectOneRoom(scene);
    // Later nodes have the same room.
    await scene.add('d.1');
    const late = scene.nodes.at(-1) ?? expect.fail('no node');
    late.world.chat.join(personOf(late.world), ROOM, JOIN);
    await scene.settle();
    expectOneRoom(scene);
  });

  test('stays when the other node is gone', async () => {
    const { scene, home, first } = await start();
    await scene.kill(scene.node(1), 'b.1');
    await scene.settle(16);
    first.say('still here');
    await scene.settle();
    expect(linesOf(home)).toEqual(['still here']);
    expect(seatOfCid(home)).toEqual([['far.example/x1-a.1', RANK_BITS.operator]]);
    expectOneRoom(scene);
  });

  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('say' as const), isFirst: fc.boolean() }) },
    fc.record({ kind: fc.constantFrom('join' as const, 'part' as const), isFirst: fc.boolean() }),
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('run' as const), count: fc.nat(9) }) },
    fc.constantFrom({ kind: 'cut' as const }, { kind: 'mend' as const }, { kind: 'kick' as const }),
  );

  test('whatever it does, and whatever becomes of the link and of its node, all have the same room', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), fc.nat(14), fc.boolean(), async (steps, killAt, isFirst) => {
        const { scene, home, first, second } = await start();
        let alive = [first, second];
        for (const [index, one] of steps.entries()) {
          if (index === killAt) {
            alive = [isFirst ? second : first];
            await scene.kill(scene.node(isFirst ? 0 : 1), isFirst ? 'a.1' : 'b.1');
          }
          const device = alive['isFirst' in one && one.isFirst ? 0 : alive.length - 1];
          if (one.kind === 'say') device?.say(`line ${String(index)}`);
          else if (one.kind === 'join') device?.join();
          else if (one.kind === 'part') device?.part();
          else if (one.kind === 'kick') home.chat.kick(personOf(home), '#a', { nick: 'cid/far', reason: '' });
          else if (one.kind === 'run') scene.network.run(one.count);
          else setLinks(scene, one.kind === 'mend');
        }
        setLinks(scene, true);
        await scene.settle(24);
        expectOneRoom(scene);
        const lines = linesOf(home);
        expect(new Set(lines).size).toBe(lines.length);
        expect(linesOf(scene.node(0).world)).toEqual(lines);
        // Otherwise its links would be silent while the next one runs.
        await scene.close();
      }),
      { numRuns: 10 },
    );
  }, 120_000);
});
