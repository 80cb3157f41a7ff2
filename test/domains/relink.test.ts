/** A link that is removed from the configuration, and added again before anybody has noticed that it was lost. */
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Member } from '../../src/chat/member.js';
import { FrameChannel } from '../../src/domains/frame-channel.js';
import { isVisit, LINK_VERSION, type Visit } from '../../src/domains/messages.js';
import { QuietChannel } from '../support/quiet-channel.js';
import { JOIN, NodesScene, personOf, ROOM } from './nodes-scene.js';
import { closeAfterTest, startTwo, type Two, type World } from './worlds.js';

function unlink({ domains, settings }: World): void {
  domains.reload({ ...settings, links: [] });
}

function relink({ domains, settings }: World): void {
  domains.reload(settings);
}

function cut({ ways }: Two): void {
  ways.cut();
  ways.step(1);
}

function nicksIn(world: World, room: string): string[] {
  return (
    world
      .room(room)
      ?.seats.map(({ who }) => who.nick)
      .sort() ?? []
  );
}

function nicksOf(members: readonly Member[], room: string): string[] {
  const inside = members.filter(({ seats }) => seats.some((seat) => seat.room.name === room));
  return inside.map(({ nick }) => nick);
}

/** Expects that the home has those in the room who are in it, under the names that they have, and nobody else. */
function expectOneRoom({ home, far }: Two): void {
  const [here, there] = [nicksOf(home.members, '#a'), nicksOf(far.members, ROOM)];
  expect(nicksIn(home, '#a')).toEqual([...here, ...there.map((nick) => `${nick}/far`)].sort());
  // In the words of the home: nobody has another name there.
  if (far.chat.directory.room(ROOM) !== undefined) expect(nicksIn(far, ROOM)).toEqual(nicksIn(home, '#a'));
}

/** Two domains, of which people are in one room: ann and bob of the home, cid and dan of the other one. */
async function startInside(): Promise<Two> {
  const two = await startTwo(['ann', 'bob'], ['cid', 'dan', 'eve']);
  const { home, far, settle } = two;
  closeAfterTest(far, home);
  settle();
  for (const member of home.members) home.chat.join(member, '#a', JOIN);
  for (const member of far.members.slice(0, 2)) far.chat.join(member, ROOM, JOIN);
  settle();
  expectOneRoom(two);
  return two;
}

const of = (world: World, index: number): Member => world.members[index] ?? expect.fail('nobody is there');

describe.each(['far', 'home', 'both'] as const)('a link that is removed by %s, and added again', (side) => {
  const remove = ({ far, home }: Two): void => {
    if (side !== 'home') unlink(far);
    if (side !== 'far') unlink(home);
  };
  const add = (two: Two): void => {
    if (side !== 'home') relink(two.far);
    if (side !== 'far') relink(two.home);
    two.ways.isCut = false;
    two.settle();
  };

  test.each<readonly [string, (two: Two) => void]>([
    ['at once', remove],
    [
      'when everybody has noticed',
      (two) => {
        remove(two);
        // A domain that is refused calls again for ever.
        for (let count = 0; count < 20; count += 1) two.ways.step(1_000);
      },
    ],
    [
      'while it was lost',
      (two) => {
        cut(two);
        remove(two);
      },
    ],
    [
      'after people have left, entered, and taken other names',
      (two) => {
        const { home, far } = two;
        cut(two);
        far.chat.rename(of(far, 0), 'cim');
        far.chat.part(of(far, 1), ROOM, '');
        remove(two);
        far.chat.rename(of(far, 0), 'cis');
        home.chat.part(of(home, 0), '#a', '');
        home.chat.rename(of(home, 1), 'bea');
      },
    ],
    [
      'with proposals on their way',
      (two) => {
        const { far, ways } = two;
        far.chat.setTopic(of(far, 0), ROOM, 'tea');
        far.chat.rename(of(far, 1), 'dom');
        far.chat.join(of(far, 2), ROOM, JOIN);
        ways.step(1);
        remove(two);
      },
    ],
  ])('leaves nobody who is not there: %s', async (_, happen) => {
    const two = await startInside();
    happen(two);
    add(two);
    expectOneRoom(two);
    // Everybody can enter, under the name of today, and leave.
    for (const member of two.far.members) two.far.chat.join(member, ROOM, JOIN);
    two.settle();
    expect(nicksOf(two.far.members, ROOM)).toHaveLength(3);
    expectOneRoom(two);
    two.far.chat.part(of(two.far, 0), ROOM, '');
    two.far.chat.quit(of(two.far, 1), '');
    two.settle();
    expectOneRoom(two);
  });
});

test('a domain that connects again and again, as another run each time, is refused for a while', async () => {
  const { home, far } = await startTwo([], []);
  closeAfterTest(far, home);
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => clock.mockRestore());
  const greet = (run: string): unknown => {
    const channel = new FrameChannel<Visit>(new QuietChannel(), isVisit, { heard: vi.fn(), violated: vi.fn() });
    const admitted = home.domains.admit({ kind: 'hello', version: LINK_VERSION, domain: 'far.example', run }, channel);
    channel.end();
    if (typeof admitted !== 'string') admitted.ended();
    return admitted;
  };
  for (let count = 0; count < 100; count += 1) expect(greet(`run ${count}`)).not.toBe('it connects too often');
  expect(greet('one more')).toBe('it connects too often');
  clock.mockReturnValue(1_000);
  expect(greet('later')).not.toBe('it connects too often');
});

describe('a link of several nodes that is removed, and added again', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  /** The links of all nodes are removed and added again; the home keeps its own. */
  async function relinkAll(scene: NodesScene): Promise<void> {
    for (const { world } of scene.nodes) unlink(world);
    await scene.settle();
    for (const { world } of scene.nodes) relink(world);
    await scene.settle();
  }

  const insiders = ({ home }: NodesScene): string[] => nicksIn(home, '#a');

  test('leaves nobody in a room that one of them enters again, and those can enter who were there', async () => {
    const scene = await NodesScene.startInside('a.1', 'b.1');
    expect(insiders(scene)).toEqual(['a/far', 'ann', 'b/far']);
    await relinkAll(scene);
    const { world } = scene.node(0);
    world.chat.join(personOf(world), ROOM, JOIN);
    await scene.settle();
    expect(insiders(scene)).toEqual(['a/far', 'ann']);
    expect(nicksIn(world, ROOM)).toEqual(['a/far', 'ann']);
    const { world: other } = scene.node(1);
    other.chat.join(personOf(other), ROOM, JOIN);
    await scene.settle();
    for (const { world: each } of scene.nodes) expect(nicksIn(each, ROOM)).toEqual(['a/far', 'ann', 'b/far']);
    expect(insiders(scene)).toEqual(['a/far', 'ann', 'b/far']);
    other.chat.part(personOf(other), ROOM, '');
    await scene.settle();
    expect(insiders(scene)).toEqual(['a/far', 'ann']);
  });

  test('leaves nobody in a room that nobody enters again', async () => {
    const scene = await NodesScene.startInside('a.1', 'b.1');
    await relinkAll(scene);
    expect(insiders(scene)).toEqual(['a/far', 'ann', 'b/far']);
    await scene.settle(64);
    expect(insiders(scene)).toEqual(['ann']);
  });
});
