/** Private messages between people of several nodes and of another domain. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Letter, LetterAnswer } from '../../src/chat/abroad.js';
import type { Member } from '../../src/chat/member.js';
import { whenSettled } from '../../src/chat/ticket.js';
import { LetterRelay } from '../../src/domains/letter-relay.js';
import { LetterShares } from '../../src/domains/letter-shares.js';
import type { LetterTaker } from '../../src/domains/open-letters.js';
import type { Errand, Relayed } from '../../src/domains/relayed.js';
import { SILENT } from '../../src/server/log.js';
import { JOIN, type NodeOfFar, NodesScene, personOf, ROOM } from './nodes-scene.js';
import type { World } from './worlds.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** Sends a private message. @returns a list that gets its outcome */
function tell({ chat }: World, by: Member, nick: string, text: string): string[] {
  const outcomes: string[] = [];
  const words = { type: 'message', text, tags: [], isDivisible: false } as const;
  whenSettled(chat.say(by, { kind: 'member', nick }, words), (outcome) => {
    outcomes.push(outcome.kind === 'said' ? 'said' : outcome.why);
  });
  return outcomes;
}

/** How often a world has recorded a text. */
const timesOf = ({ said }: World, text: string): number => said.filter((line) => line.endsWith(` ${text}`)).length;

/** Returns the node that holds the link, and the other one. */
function roles({ nodes }: NodesScene): readonly [holder: NodeOfFar, other: NodeOfFar] {
  const holder = nodes.find(({ ways }) => ways.isConnected) ?? expect.fail('no node holds the link');
  return [holder, nodes.find((node) => node !== holder) ?? expect.fail('there is one node')];
}

test('people of each node reach somebody of another domain, and are reached', async () => {
  const scene = await NodesScene.startInside('a.1', 'b.1');
  for (const [index, { world }] of scene.nodes.entries()) {
    const sent = tell(world, personOf(world), 'ann/home', `to ann ${String(index)}`);
    await scene.settle();
    expect([sent, timesOf(scene.home, `to ann ${String(index)}`)]).toEqual([['said'], 1]);
    const { nick } = personOf(world);
    const answered = tell(scene.home, personOf(scene.home), `${nick}/far`, `to ${nick}`);
    await scene.settle();
    expect([answered, timesOf(world, `to ${nick}`)]).toEqual([['said'], 1]);
  }
});

test('somebody who shares no room is not reached, and a domain that is out of reach is answered at once', async () => {
  const scene = await NodesScene.startInside('a.1', 'b.1');
  const [holder, { world }] = roles(scene);
  const stranger = tell(world, personOf(world), 'joe/home', 'x');
  expect(stranger).toEqual(['no-such-member']);
  for (const { ways } of scene.nodes) ways.cut();
  await scene.settle();
  for (const one of [holder.world, world]) {
    const sent = tell(one, personOf(one), 'ann/home', 'x');
    await scene.settle(1);
    expect(sent).toEqual(['unreachable']);
  }
  for (const { ways } of scene.nodes) ways.isCut = false;
  await scene.settle(80);
  const sent = tell(world, personOf(world), 'ann/home', 'again');
  await scene.settle();
  expect([sent, timesOf(scene.home, 'again')]).toEqual([['said'], 1]);
});

test('the node that holds the link is killed: the sender is answered, and the letter has arrived at most once', async () => {
  for (const steps of [0, 1, 2, 4, 8]) {
    const scene = await NodesScene.startInside('a.1', 'b.1');
    const [holder, { world }] = roles(scene);
    const { node } = holder.world.chat;
    const sent = tell(world, personOf(world), 'ann/home', 'once');
    await vi.advanceTimersByTimeAsync(0);
    for (let step = 0; step < steps; step += 1) {
      scene.network.run(1);
      holder.ways.step(1);
      await vi.advanceTimersByTimeAsync(0);
    }
    await scene.kill(holder, node);
    await scene.settle(60);
    expect(sent).toHaveLength(1);
    expect(timesOf(scene.home, 'once')).toBeLessThanOrEqual(1);
    if (sent[0] === 'said') expect(timesOf(scene.home, 'once')).toBe(1);
    const again = tell(world, personOf(world), 'ann/home', 'over the next one');
    await scene.settle();
    expect([again, timesOf(scene.home, 'over the next one')]).toEqual([['said'], 1]);
    await scene.close();
  }
});

test('nodes that link the domain anew repeat no letter, and the next ones arrive', async () => {
  const scene = await NodesScene.startInside('a.1', 'b.1');
  const said: string[] = [];
  const talk = async (): Promise<void> => {
    for (const { world } of scene.nodes) {
      const nick = personOf(world).nick;
      for (const [from, to] of [
        [scene.home, `${nick}/far`],
        [world, 'ann/home'],
      ] as const) {
        const text = `${personOf(from).nick}>${to}:${String(said.length)}`;
        said.push(text);
        const sent = tell(from, personOf(from), to, text);
        await scene.settle();
        expect([text, ...sent]).toEqual([text, 'said']);
      }
    }
  };
  await talk();
  for (const { domains, settings, chat, members } of scene.nodes.map(({ world }) => world)) {
    domains.reload({ ...settings, links: settings.links.map((link) => ({ ...link, at: null })) });
    await scene.settle();
    domains.reload(settings);
    await scene.settle(16);
    for (const member of members) chat.join(member, ROOM, JOIN);
    await scene.settle();
    await talk();
  }
  const heard = [scene.home, ...scene.nodes.map(({ world }) => world)];
  for (const text of said) expect([text, Math.max(...heard.map((world) => timesOf(world, text)))]).toEqual([text, 1]);
});

const LETTER = {
  by: 'b.1.1',
  to: 'home.example/a.1.1',
  type: 'message',
  text: 'x',
  tags: [],
  isDivisible: false,
} as const;

/** A relay, with what it has said and carried out. */
function oneRelay(gone: ReadonlySet<string> = new Set()) {
  const said: { message: Relayed; body: Uint8Array }[] = [];
  const carried: { errand: Errand; letter: Letter; take: LetterTaker }[] = [];
  const relay = new LetterRelay({
    domain: 'home.example',
    log: SILENT,
    bus: {
      isReady: true,
      node: 'a.1',
      say: (message, body) => void said.push({ message, body: body ?? new Uint8Array() }),
    },
    lastTurn: 0,
    isGone: (node) => gone.has(node),
    carryOut: (errand, letter, take) => void carried.push({ errand, letter, take }),
  });
  return { relay, said, carried };
}

test('a letter that the log has twice is carried once', () => {
  const one = oneRelay();
  const other = oneRelay();
  other.relay.ask('a.1', 'link', LETTER, () => undefined);
  for (const { message, body } of [...other.said, ...other.said]) one.relay.heard('b.1', message, body);
  expect(one.carried).toMatchObject([{ errand: 'link', letter: LETTER }]);
});

test('a letter to a node that is gone, or does not answer, has failed, and an answer counts once', () => {
  const gone = new Set<string>();
  const { relay, said } = oneRelay(gone);
  const answers: LetterAnswer[] = [];
  const unreachable = { kind: 'refused', why: 'unreachable' };
  for (const node of ['b.1', 'c.1']) relay.ask(node, 'link', LETTER, (answer) => void answers.push(answer));
  gone.add('b.1');
  relay.tick();
  expect(answers).toEqual([unreachable]);
  vi.advanceTimersByTime(12_000);
  expect(answers).toEqual([unreachable, unreachable]);
  relay.ask('b.1', 'link', LETTER, (answer) => void answers.push(answer));
  expect([answers.length, said.length]).toEqual([3, 2]);
  relay.ask('c.1', 'link', LETTER, (answer) => void answers.push(answer));
  const body = new TextEncoder().encode(JSON.stringify({ kind: 'delivered', away: null }));
  for (let count = 0; count < 2; count += 1) relay.heard('c.1', { kind: 'letter-answer', to: 'a.1', turn: 3 }, body);
  expect(answers.slice(3)).toEqual([{ kind: 'delivered', away: null }]);
});

test('a sender that cannot take its answer keeps no other one from its own', () => {
  const gone = new Set<string>();
  const { relay } = oneRelay(gone);
  const answers: LetterAnswer[] = [];
  relay.ask('b.1', 'link', LETTER, () => {
    throw new Error('a fault');
  });
  relay.ask('b.1', 'link', LETTER, (answer) => void answers.push(answer));
  gone.add('b.1');
  relay.tick();
  expect(answers).toHaveLength(1);
});

test('however many letters some senders have on their way, there is a place for another one', () => {
  const shares = new LetterShares();
  const takenBy = (sender: string): number => {
    let count = 0;
    while (shares.take(sender)) count += 1;
    return count;
  };
  expect(takenBy('one')).toBe(20);
  for (let sender = 0; sender < 200; sender += 1) takenBy(`greedy ${String(sender)}`);
  expect(shares.take('late')).toBe(true);
  shares.free('one');
  expect(shares.take('one')).toBe(false);
  for (let sender = 0; sender < 1_000; sender += 1) shares.take(`new ${String(sender)}`);
  expect(shares.take('last')).toBe(false);
});
