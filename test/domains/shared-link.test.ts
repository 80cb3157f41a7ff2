/** A domain of several nodes: one of them holds the link, and all have its rooms. */
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { RANK_BITS } from '../../src/chat/room.js';
import { FrameChannel } from '../../src/domains/frame-channel.js';
import { isVisit, LINK_VERSION, type Visit } from '../../src/domains/messages.js';
import { MemoryCheckpoints } from '../support/memory-checkpoints.js';
import { QuietChannel } from '../support/quiet-channel.js';
import { SimulatedNetwork } from '../support/simulated-network.js';
import { LogServer, SocketLog } from '../support/socket-log.js';
import { JOIN, LIMITS, NodesScene, personOf, ROOM } from './nodes-scene.js';
import { World } from './worlds.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

function say(world: World, text: string): void {
  const words = { type: 'message', text, tags: [], isDivisible: false } as const;
  world.chat.say(personOf(world), { kind: 'room', name: ROOM, ranks: 0 }, words);
}

function nicksIn(home: World): string[] | undefined {
  return home
    .room('#a')
    ?.seats.map(({ who }) => who.nick)
    .sort();
}

function textsOf({ said }: World): string[] {
  return said.map((line) => line.split(' ')[2] ?? '');
}

test('one node holds the link, and the people of all are in the room with its one order', async () => {
  const scene = await NodesScene.startInside('a.1', 'b.1');
  const [a, b] = [scene.node(0).world, scene.node(1).world];
  expect(scene.holders).toBe(1);
  for (let index = 0; index < 5; index += 1) {
    say(a, `a${index}`);
    say(b, `b${index}`);
    if (index % 2 === 0) await scene.settle(1);
  }
  await scene.settle();
  const said = textsOf(scene.home);
  expect(said.filter((text) => text.startsWith('a'))).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
  expect(said.filter((text) => text.startsWith('b'))).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
  expect([textsOf(a), textsOf(b)]).toEqual([said, said]);
  expect(nicksIn(scene.home)).toEqual(['a/far', 'ann', 'b/far']);
  expect(
    [a, b].map((world) =>
      world
        .room(ROOM)
        ?.seats.map(({ session }) => session)
        .sort(),
    ),
  ).toEqual([
    ['a.1.1', 'b.1.1', 'home.example/a.1.1'],
    ['a.1.1', 'b.1.1', 'home.example/a.1.1'],
  ]);
});

test('the node that holds the link is killed: another one takes it over, and nothing is lost or doubled', async () => {
  const scene = await NodesScene.startInside('a.1', 'b.1', 'c.1');
  const [first, second, third] = [scene.node(0), scene.node(1), scene.node(2)];
  expect(first.ways.isConnected).toBe(true);
  for (let index = 0; index < 4; index += 1) {
    for (const { world } of [second, third]) say(world, `${personOf(world).nick}${index}`);
  }
  // Some of it is in the log, some is at home, and some has come back.
  scene.network.run(20);
  first.ways.step(2);
  scene.network.run(10);
  await scene.kill(first, 'a.1');
  for (let index = 4; index < 8; index += 1) {
    for (const { world } of [second, third]) say(world, `${personOf(world).nick}${index}`);
  }
  await scene.settle(16);
  expect(scene.holders).toBe(1);
  const said = textsOf(scene.home);
  for (const nick of ['b', 'c']) {
    const own = said.filter((text) => text.startsWith(nick));
    expect(own).toEqual(Array.from({ length: 8 }, (_, index) => `${nick}${index}`));
  }
  expect([second, third].map(({ world }) => textsOf(world))).toEqual([said, said]);
  expect(nicksIn(scene.home)).toEqual(['ann', 'b/far', 'c/far']);
  expect(second.world.room(ROOM)?.seats).toHaveLength(3);
});

test('a node that enters later has the room, and the others miss nothing meanwhile', async () => {
  const scene = await NodesScene.startInside('a.1');
  const a = scene.node(0);
  say(a.world, 'one');
  const b = await scene.add('b.1');
  b.world.chat.join(personOf(b.world), ROOM, JOIN);
  say(a.world, 'two');
  scene.network.run(5);
  say(a.world, 'three');
  await scene.settle();
  say(b.world, 'four');
  await scene.settle();
  expect(textsOf(scene.home)).toEqual(['one', 'two', 'three', 'four']);
  expect(textsOf(a.world)).toEqual(['one', 'two', 'three', 'four']);
  expect(textsOf(b.world).at(-1)).toBe('four');
  expect(b.world.room(ROOM)?.seats).toHaveLength(3);
});

test('a room that all have left, and that no node follows any more, can be entered again', async () => {
  const scene = await NodesScene.startInside('a.1', 'b.1');
  for (const { world } of scene.nodes) world.chat.part(personOf(world), ROOM, '');
  await scene.settle();
  // An empty room is dropped after a minute.
  for (let second = 0; second < 62; second += 1) for (const { world } of scene.nodes) world.chat.tick();
  await scene.settle();
  const { world } = scene.node(0);
  expect(world.domains.readings.map(({ mirrored }) => mirrored)).toEqual([0]);
  world.chat.join(personOf(world), ROOM, JOIN);
  await scene.settle();
  expect(nicksIn(scene.home)).toEqual(['a/far', 'ann']);
  expect(personOf(world).seats).toHaveLength(1);
});

test('a node that was given up by mistake comes back: its people are in the room again with their ranks', async () => {
  const scene = await NodesScene.startInside('a.1', 'b.1');
  const [a, b] = [scene.node(0), scene.node(1)];
  scene.home.chat.amend(
    personOf(scene.home),
    '#a',
    [{ kind: 'rank', on: true, rank: 'operator', nick: 'a/far' }],
    LIMITS,
  );
  await scene.settle();
  b.world.chat.giveUp('a.1');
  say(a.world, 'unheard');
  await scene.settle();
  expect(a.isGivenUp).toBe(true);
  a.world.chat.comeBack('a.2');
  await scene.settle(16);
  expect(scene.holders).toBe(1);
  say(a.world, 'back');
  await scene.settle();
  expect(textsOf(scene.home)).toEqual(['unheard', 'back']);
  expect(textsOf(b.world)).toEqual(['unheard', 'back']);
  const seats = scene.home.room('#a')?.seats.map(({ who, ranks }) => [who.nick, ranks]);
  expect(seats).toContainEqual(['a/far', RANK_BITS.operator]);
  expect(seats).toHaveLength(3);
});

test('a node that cannot reach the logs gives the link up, and does not take it back from another one', async () => {
  const scene = await NodesScene.startInside('a.1', 'b.1');
  const [a, b] = [scene.node(0), scene.node(1)];
  expect(a.ways.isConnected).toBe(true);
  a.log.detach();
  b.world.chat.giveUp('a.1');
  await scene.settle();
  expect([a.ways.isConnected, b.ways.isConnected]).toEqual([false, true]);
  say(b.world, 'heard');
  await scene.settle();
  expect(textsOf(scene.home)).toEqual(['heard']);
  a.log.attach();
  await scene.settle();
  a.world.chat.comeBack('a.2');
  await scene.settle(16);
  expect([a.ways.isConnected, b.ways.isConnected]).toEqual([false, true]);
  say(a.world, 'back');
  await scene.settle();
  expect([scene.home, a.world, b.world].map(textsOf)).toEqual(new Array(3).fill(['heard', 'back']));
});

test('a node that has the logs again after a moment takes the link again', async () => {
  const scene = await NodesScene.startInside('a.1');
  const a = scene.node(0);
  a.log.detach();
  await scene.settle();
  expect(scene.holders).toBe(0);
  say(a.world, 'waits');
  a.log.attach();
  await scene.settle();
  expect(scene.holders).toBe(1);
  expect([scene.home, a.world].map(textsOf)).toEqual([['waits'], ['waits']]);
});

test('a node that cannot reach the home lets another one try', async () => {
  const scene = await NodesScene.start();
  const a = await scene.add('a.1', true);
  const b = await scene.add('b.1');
  expect(scene.holders).toBe(0);
  for (let seconds = 0; seconds < 18; seconds += 1) {
    for (const { world } of [a, b]) world.nowMs += 1_000;
    await scene.settle(1);
  }
  expect(b.ways.isConnected).toBe(true);
});

const NO_TLS = { cert: '', key: '', ca: '' };

test('a node that serves a domain says so, again if the logs have not taken it, and when that is over', async () => {
  const network = new SimulatedNetwork(1);
  const logs = new LogServer(1_000_000, () => 1_000_000);
  const checkpoints = new MemoryCheckpoints();
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 8; round += 1) {
      network.run();
      await vi.advanceTimersByTimeAsync(250);
    }
  };
  const start = async (node: string): Promise<{ readonly world: World; readonly log: SocketLog }> => {
    const log = new SocketLog(network, logs);
    const sharing = { checkpoints, onGivenUp: () => expect.fail(`${node} is given up`) };
    const world = new World(null, { node, lineage: 'x1-', nodes: { logs: log, sharing } });
    onTestFinished(() => world.domains.close());
    await settle();
    await world.start([]);
    await settle();
    return { world, log };
  };
  const [one, other] = [await start('a.1'), await start('b.1')];
  const channel = new FrameChannel<Visit>(new QuietChannel(), isVisit, {
    heard: () => undefined,
    violated: (why) => expect.fail(why),
  });
  const hello = { kind: 'hello', version: LINK_VERSION, domain: 'far.example', run: 'r' } as const;
  expect(one.world.domains.admit(hello, channel)).toBeTypeOf('object');
  one.log.detach();
  await settle();
  one.log.attach();
  await settle();
  expect(other.world.domains.readings).toMatchObject([{ isServed: true }]);
  one.world.domains.reload({ name: 'home.example', listen: null, rooms: [], links: [], tls: NO_TLS });
  await settle();
  expect(one.world.domains.readings).toEqual([]);
  expect(other.world.domains.readings).toMatchObject([{ isServed: false }]);
});

test('the link is cut: what is said on any node waits, and is said once when it is back', async () => {
  const scene = await NodesScene.startInside('a.1', 'b.1');
  const [a, b] = [scene.node(0), scene.node(1)];
  for (const { ways } of scene.nodes) ways.cut();
  await scene.settle(2);
  expect([a, b].map(({ world }) => world.domains.readings[0]?.isUp)).toEqual([false, false]);
  say(b.world, 'waits');
  await scene.settle(2);
  expect(textsOf(scene.home)).toEqual([]);
  for (const { ways } of scene.nodes) ways.isCut = false;
  await scene.settle();
  expect([scene.home, a.world, b.world].map(textsOf)).toEqual([['waits'], ['waits'], ['waits']]);
});

test('a domain that is linked by a reload is reached by all nodes, whichever reads it first', async () => {
  const scene = await NodesScene.start('a.1', 'b.1');
  const [a, b] = [scene.node(0).world, scene.node(1).world];
  const none = { ...a.settings, links: [] };
  for (const world of [a, b]) expect(world.domains.reload(none)).toBe(false);
  await scene.settle();
  expect(scene.holders).toBe(0);
  expect(a.domains.objectionTo(ROOM)).toBe('unknown-domain');
  b.domains.reload(b.settings);
  await scene.settle();
  a.domains.reload(a.settings);
  await scene.settle();
  expect(scene.holders).toBe(1);
  scene.home.chat.join(personOf(scene.home), '#a', JOIN);
  for (const world of [a, b]) world.chat.join(personOf(world), ROOM, JOIN);
  await scene.settle();
  say(a, 'one');
  say(b, 'two');
  await scene.settle();
  expect(textsOf(scene.home).sort()).toEqual(['one', 'two']);
  expect(nicksIn(scene.home)).toEqual(['a/far', 'ann', 'b/far']);
});
