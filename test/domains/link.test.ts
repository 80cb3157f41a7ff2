import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Letter } from '../../src/chat/abroad.js';
import { foldCase as fold } from '../../src/chat/case-mapping.js';
import { Link } from '../../src/domains/link.js';
import { LINK_VERSION } from '../../src/domains/messages.js';
import type { ChannelEvents } from '../../src/log/channel.js';
import { encodePack } from '../../src/log/codec.js';
import type { Entry } from '../../src/log/entry.js';
import { encodeFrame } from '../../src/log/frames.js';
import { stamp } from './entries.js';

const log = 'r:#tea:beijing.example';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A link whose other end is the test. */
class Far {
  readonly link: Link;
  /** The delays before each attempt after the first, in milliseconds. */
  readonly delays: number[] = [];
  readonly errors: unknown[] = [];
  readonly delivered: Letter[] = [];
  isPaused = false;
  #events: ChannelEvents | null = null;

  constructor(take: () => void = () => undefined, lineage = '') {
    const ignore = (): void => undefined;
    this.link = new Link({
      own: 'shanghai.example',
      home: 'beijing.example',
      lineage,
      shared: null,
      deliver: (letter) => void this.delivered.push(letter),
      homeLabel: 'beijing',
      ownLabel: 'shanghai',
      run: 'x',
      rooms: ['#tea'],
      fold,
      dial: () => (events) => {
        this.#events = events;
        let isClosed = false;
        return {
          isFull: false,
          send: ignore,
          pause: () => void (this.isPaused = true),
          resume: () => void (this.isPaused = false),
          close: () => {
            if (!isClosed) process.nextTick(() => events.closed());
            isClosed = true;
          },
        };
      },
      later: (ms, then) => {
        this.delays.push(ms);
        setTimeout(then, ms);
      },
      observer: { renewed: ignore, withdrawn: ignore },
      isInside: () => false,
      isHeir: () => false,
      crowdOf: () => null,
      isOwn: () => false,
      isGone: () => false,
      now: () => 0,
      log: {
        info: ignore,
        warn: ignore,
        error: (_, details) => void this.errors.push(details?.['why'] ?? details?.['error']),
      },
    });
    this.link.begin(log, take);
    onTestFinished(() => this.link.close());
  }

  say(head: object, body?: Uint8Array): void {
    this.#events?.received(encodeFrame(head, body));
  }

  /** Opens the channel, and greets. */
  greet(version = LINK_VERSION): void {
    this.#events?.opened();
    this.say({
      kind: 'hello',
      version,
      domain: 'beijing.example',
      label: 'shanghai',
      epoch: 'e',
      rooms: ['#tea'],
    });
  }

  /** Says something, after which the link is opened again. */
  async lose(head: object, body?: Uint8Array): Promise<void> {
    this.say(head, body);
    await vi.advanceTimersByTimeAsync(0);
    await vi.advanceTimersByTimeAsync(this.delays.at(-1) ?? 0);
  }
}

test('a domain that is refused after each greeting is called less and less often, until the link holds', async () => {
  const far = new Far();
  while (far.delays.length < 3) {
    far.greet();
    await far.lose({ kind: 'nonsense' });
  }
  expect(far.delays).toEqual([20, 40, 80]);
  expect(far.errors).toEqual(['it has sent what is no message']);
  far.greet();
  for (let seconds = 0; seconds < 30; seconds += 10) {
    await vi.advanceTimersByTimeAsync(10_000);
    far.say({ kind: 'pulse' });
  }
  await far.lose({ kind: 'nonsense' });
  expect(far.delays.at(-1)).toBe(20);
  expect(far.errors).toHaveLength(2);
});

test('a letter to somebody of an earlier run of this domain has no recipient, and ends no link', () => {
  const far = new Far(undefined, 'x12345678-');
  far.greet();
  far.say({ kind: 'caught-up', id: 0 });
  const tell = { kind: 'tell', id: 0, turn: 1, by: 'b.1.1', type: 'message', tags: [], isDivisible: true };
  const [former, current] = ['x87654321-a.1.1', 'x12345678-a.1.1'];
  for (const to of [former, current]) far.say({ ...tell, to }, new TextEncoder().encode('x'));
  const here = [`beijing.example/shanghai.example/${former}`, 'a.1.1'];
  expect(far.delivered.map(({ by, to }) => [by, to])).toEqual(here.map((to) => ['beijing.example/b.1.1', to]));
  expect(far.errors).toEqual([]);
});

test('a domain of another version is called as rarely as possible', async () => {
  const far = new Far();
  far.greet(99);
  await vi.advanceTimersByTimeAsync(1_000);
  far.greet();
  await far.lose({ kind: 'pack', id: 1, seq: 1 }, new TextEncoder().encode('{"version":99,"entries":[]}'));
  expect(far.delays).toEqual([1_000, 1_000]);
  expect(far.errors).toEqual(['it speaks another version', 'it has sent a pack of a later version']);
});

test('a home that sends more than people can say is not heard for a while', async () => {
  vi.spyOn(performance, 'now').mockReturnValue(0);
  const far = new Far();
  far.greet();
  const entry: Entry = { ...stamp, kind: 'withdrawn' };
  const pack = encodePack(Array.from({ length: 1_000 }, () => entry));
  if (pack.kind !== 'bytes') expect.fail(pack.kind);
  for (let seq = 1; seq <= 99; seq += 1) far.say({ kind: 'pack', id: 1, seq }, pack.bytes);
  expect(far.isPaused).toBe(false);
  for (let seq = 100; seq <= 102; seq += 1) far.say({ kind: 'pack', id: 1, seq }, pack.bytes);
  expect(far.isPaused).toBe(true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(far.isPaused).toBe(false);
  expect(far.errors).toEqual([]);
});

test('an error while somebody is answered that a room cannot be had goes no further', async () => {
  const far = new Far(() => {
    throw new TypeError('nobody has thought of this');
  });
  far.greet();
  for (let seconds = 0; seconds < 30; seconds += 10) {
    await vi.advanceTimersByTimeAsync(10_000);
    far.say({ kind: 'pulse' });
  }
  expect(far.errors).toEqual(['nobody has thought of this']);
});
