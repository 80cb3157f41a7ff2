/** The node that holds a link, and a home that means ill. */
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { RoomSnapshot } from '../../src/chat/snapshot.js';
import { decodeRoom, encodeRoom } from '../../src/chat/snapshot-codec.js';
import { Bus } from '../../src/domains/bus.js';
import { isVisit, LINK_VERSION, type Visit } from '../../src/domains/messages.js';
import type { Relayed } from '../../src/domains/relayed.js';
import { encodeSessions } from '../../src/domains/roll-call.js';
import { SharedLink } from '../../src/domains/shared-link.js';
import type { ChannelEvents } from '../../src/log/channel.js';
import { decodePack, encodePack } from '../../src/log/codec.js';
import type { Heir } from '../../src/log/entry.js';
import { encodeFrame, FrameReader } from '../../src/log/frames.js';
import { MemoryLog } from '../../src/log/memory-log.js';
import { QuietChannel } from '../support/quiet-channel.js';
import { emptyRoom, eve, stamp, words } from './entries.js';

const nothing = (): void => undefined;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The channel of a node to a home that the test plays. */
class HomeChannel extends QuietChannel {
  readonly visits: Visit[] = [];
  /** The people who leave the room, with the numbers of their entries. */
  readonly leaving: [session: string, n: number][] = [];
  readonly #frames = new FrameReader();
  readonly #events: ChannelEvents;

  constructor(events: ChannelEvents) {
    super();
    this.#events = events;
  }

  override send(bytes: Uint8Array): void {
    this.#frames.push(bytes);
    for (let frame = this.#frames.next(); frame !== null && frame !== 'malformed'; frame = this.#frames.next()) {
      if (!isVisit(frame.head)) continue;
      this.visits.push(frame.head);
      const pack = frame.head.kind === 'append' ? decodePack(frame.body) : null;
      if (pack?.kind !== 'pack') continue;
      for (const { kind, session, n } of pack.entries) if (kind === 'over') this.leaving.push([session, n]);
    }
  }

  open(): void {
    this.#events.opened();
  }

  say(head: object, body?: Uint8Array): void {
    this.#events.received(encodeFrame(head, body));
  }

  override close(): void {
    if (this.isClosed) return;
    super.close();
    this.#events.closed();
  }
}

/** A node that holds the link, and another one. */
class Scene {
  readonly logs = new MemoryLog({ maxEntries: 0 });
  /** What the nodes have said, with the bytes of each message. */
  readonly heard: { readonly node: string; readonly message: Relayed; readonly body: Uint8Array }[] = [];
  readonly records: string[] = [];
  readonly gone = new Set<string>();
  heirs: readonly Heir[] = [];
  /** The sessions that the other node has inside; null while it does not answer. */
  inside: readonly string[] | null = [];
  nowMs = 0;
  channel: HomeChannel | null = null;
  readonly other: Bus;
  readonly #link: SharedLink;

  constructor() {
    const record = (message: string, details?: object): void => {
      this.records.push(`${message} ${JSON.stringify(details)}`);
    };
    const log = { info: nothing, warn: record, error: record };
    const bus = { domain: 'home.example', logs: this.logs, release: nothing, applied: () => 0, log };
    const now = (): number => this.nowMs;
    this.#link = new SharedLink({
      ...bus,
      node: () => 'a.1',
      now,
      own: 'far.example',
      run: 'r',
      lineage: 'x1-',
      isGone: (node) => this.gone.has(node),
      goneVersion: () => this.gone.size,
      goneNodes: () => [...this.gone],
      heirs: () => this.heirs,
      insidersOf: () => ['a.1.1'],
      dial: () => (events) => {
        this.channel = new HomeChannel(events);
        return this.channel;
      },
      attendance: { admitted: nothing, left: nothing, repeat: nothing },
      lastTurn: 0,
      carryOut: nothing,
    });
    this.other = new Bus({ ...bus, node: () => 'b.1', now });
    onTestFinished(() => {
      this.#link.close();
      this.other.close();
      this.logs.close();
    });
  }

  /** Lets the node take the link, and follow a room. @returns the home's end, and the number of the following */
  async start(): Promise<{ readonly home: HomeChannel; readonly id: number }> {
    this.other.open({
      heard: (_, node, message, body) => {
        this.heard.push({ node, message, body });
        const { inside } = this;
        if (message.kind !== 'roll-call' || inside === null) return;
        this.other.say({ kind: 'inside', term: message.term, call: message.call }, encodeSessions(inside));
      },
      repeat: nothing,
      missed: nothing,
      away: nothing,
      back: nothing,
    });
    this.#link.open();
    await this.settle();
    const home = this.channel ?? expect.fail('nobody is dialled');
    home.open();
    const hello = { label: 'far', epoch: 'e', rooms: ['#tea'] };
    home.say({ kind: 'hello', version: LINK_VERSION, domain: 'home.example', ...hello });
    this.#link.bus.say({ kind: 'want', room: '#tea', isFresh: true });
    await this.settle();
    return { home, id: this.id };
  }

  /** The number of the last following. */
  get id(): number {
    const follows = this.channel?.visits.filter((visit) => visit.kind === 'follow') ?? [];
    return follows.at(-1)?.id ?? expect.fail('no room is followed');
  }

  async settle(): Promise<void> {
    for (let round = 0; round < 4; round += 1) {
      this.#link.tick();
      await vi.advanceTimersByTimeAsync(0);
    }
  }

  /** The rooms that have been copied. */
  get rooms(): RoomSnapshot[] {
    return this.heard.flatMap(({ message, body }) => {
      const decoded = message.kind === 'state' ? decodeRoom(Buffer.from(body).toString('utf8')) : null;
      return decoded?.kind === 'state' ? [decoded.state] : [];
    });
  }

  get copiedBytes(): number {
    return this.heard.reduce((sum, { body }) => sum + body.length, 0);
  }
}

const seats = [
  'a.1.9',
  'far.example/x1-a.1.1',
  'far.example/x1-b.1.1',
  'far.example/x1-b.1.7',
  'far.example/x1-z.1.1',
].map((session) => ({ session, who: eve(), ranks: 0, sinceMs: 1, last: 1 }));

function sendState(home: HomeChannel, id: number, some: Partial<RoomSnapshot>): void {
  const state = new TextEncoder().encode(encodeRoom({ ...emptyRoom(), ...some }));
  home.say({ kind: 'state', id, log: 'x', seq: 3, bytes: state.length }, state);
}

test('a home cannot show people as present whom no node has in the room', async () => {
  const scene = new Scene();
  scene.inside = ['b.1.1'];
  const { home } = await scene.start();
  // They are told to leave first, three times.
  for (let count = 0; count < 4; count += 1) {
    sendState(home, scene.id, { seats });
    home.say({ kind: 'caught-up', id: scene.id });
    await scene.settle();
    // A node that nobody knows is waited for.
    expect(scene.rooms).toEqual([]);
    scene.nowMs += 10_000;
    await scene.settle();
    if (count === 3) break;
    const [append] = home.visits.splice(0).filter((visit) => visit.kind === 'append');
    expect(home.leaving.splice(0)).toEqual([
      ['x1-b.1.7', 2],
      ['x1-z.1.1', 2],
    ]);
    home.say({ kind: 'appended', turn: append?.turn ?? 0 });
  }
  expect(home.leaving).toEqual([]);
  expect(scene.rooms.map((room) => room.seats.map(({ session }) => session))).toEqual([
    ['a.1.9', 'far.example/x1-a.1.1', 'far.example/x1-b.1.1'],
  ]);
  expect(scene.records).toEqual([expect.stringContaining('people who are not in its room')]);
  // The messages after the room are copied after it.
  const kinds = scene.heard.map(({ message }) => message.kind);
  expect(kinds.indexOf('caught-up')).toBeGreaterThan(kinds.indexOf('state'));
});

test('a node that has lost its people is not waited for', async () => {
  const scene = new Scene();
  scene.inside = null;
  const { home, id } = await scene.start();
  sendState(home, id, { seats: seats.slice(0, 3) });
  await scene.settle();
  expect(scene.rooms).toEqual([]);
  scene.gone.add('b.1');
  await scene.settle();
  expect(scene.rooms.map((room) => room.seats.map(({ session }) => session))).toEqual([
    ['a.1.9', 'far.example/x1-a.1.1'],
  ]);
});

test.each<[string, (home: HomeChannel, id: number) => void]>([
  ['that a living node is gone', (home, id) => sendState(home, id, { gone: ['far.example/x1-b.1'] })],
  ['no room', (home, id) => home.say({ kind: 'state', id, log: 'x', seq: 1, bytes: 3 }, new Uint8Array([1, 2, 3]))],
  ['more of a room than it has', (home, id) => home.say({ kind: 'state', id, log: 'x', seq: 1, bytes: 1 }, seq(2))],
])('a home that says %s with a room is not believed', async (_, spoil) => {
  const scene = new Scene();
  const { home, id } = await scene.start();
  spoil(home, id);
  await scene.settle();
  expect([home.isClosed, scene.rooms]).toEqual([true, []]);
});

function seq(length: number): Uint8Array {
  return new Uint8Array(length);
}

test('what a home can have written to the database in a second has a bound, after a burst', async () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  const scene = new Scene();
  const { home, id } = await scene.start();
  sendState(home, id, {});
  home.say({ kind: 'caught-up', id });
  await scene.settle();
  const text = 'x'.repeat(16_000);
  for (let at = 4; at < 160; at += 1) {
    const entries = Array.from({ length: 20 }, (_, n) => ({ ...stamp, n, kind: 'say', ...words, text }) as const);
    const encoded = encodePack(entries);
    if (encoded.kind === 'bytes') home.say({ kind: 'pack', id, seq: at }, encoded.bytes);
  }
  let seconds = 0;
  const pass = async (count: number): Promise<void> => {
    for (const end = seconds + count; seconds < end;) {
      seconds += 1;
      clock.mockReturnValue(seconds * 1_000);
      await vi.advanceTimersByTimeAsync(1_000);
      await scene.settle();
    }
  };
  await pass(5);
  expect(scene.copiedBytes).toBeGreaterThan(33_000_000);
  expect(scene.copiedBytes).toBeLessThan(33_554_432 + 6 * 1_048_576);
  expect(home.isPaused).toBe(true);
  const burst = scene.copiedBytes;
  await pass(8);
  expect(scene.copiedBytes - burst).toBeGreaterThan(6_000_000);
  expect(scene.copiedBytes - burst).toBeLessThan(9 * 1_048_576);
  // Messages without a body cost something, too.
  for (let count = 0; count < 3_000; count += 1) home.say({ kind: count % 2 === 0 ? 'away' : 'back', id });
  const before = seconds;
  while (scene.heard.every(({ message }) => message.kind !== 'away')) await pass(1);
  expect(seconds).toBeGreaterThan(before);
  const few = scene.heard.length;
  await pass(1);
  expect(scene.heard.length - few).toBeLessThan(2_100);
  expect([home.isClosed, scene.records]).toEqual([false, []]);
});
