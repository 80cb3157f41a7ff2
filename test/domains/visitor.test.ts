import { performance } from 'node:perf_hooks';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FrameChannel } from '../../src/domains/frame-channel.js';
import { isVisit, isWord, type Visit } from '../../src/domains/messages.js';
import { Visa } from '../../src/domains/visa.js';
import { newVisitorLimits, Visitor } from '../../src/domains/visitor.js';
import { encodeFrame, FrameReader } from '../../src/log/frames.js';
import { MemoryLog } from '../../src/log/memory-log.js';
import { QuietChannel } from '../support/quiet-channel.js';
import { emptyRoom, stamp } from './entries.js';

/** A channel to a domain that can be full. */
class TestChannel extends QuietChannel {
  readonly words: { readonly kind: string; readonly id?: unknown }[] = [];
  /** Whether a state fills it. */
  isNarrow = false;
  readonly #frames = new FrameReader();

  override send(bytes: Uint8Array): void {
    this.#frames.push(bytes);
    const frame = this.#frames.next();
    if (frame === null || frame === 'malformed' || !isWord(frame.head)) return;
    this.words.push(frame.head);
    if (this.isNarrow && frame.head.kind === 'state') this.isFull = true;
  }

  idsOf(kind: string): unknown[] {
    return this.words.filter((word) => word.kind === kind).map(({ id }) => id);
  }
}

/**
 * @param topicLength - in characters
 * @param isLate - whether rooms are there only when `later` is called
 * @param work - the work that a node makes that is gone, in entries
 * @param limits - those of the domain, which may have been here before
 */
function visit(topicLength = 0, isLate = false, work = 0, limits = newVisitorLimits()) {
  const channel = new TestChannel();
  const log = new MemoryLog();
  const later: (() => void)[] = [];
  const by = { nick: 'bob', user: 'bob', host: '192.0.2.1' };
  const reasons: string[] = [];
  const topic = topicLength === 0 ? null : { text: 'x'.repeat(topicLength), by, atMs: 0 };
  const frames = new FrameChannel<Visit>(channel, isVisit, {
    heard: (message, body) => {
      if (!visitor.hear(message, body)) frames.close();
    },
    violated: (why) => void reasons.push(why),
  });
  const visitor = new Visitor(
    {
      chat: {
        originOf: (name, take) => {
          later.push(() => {
            take(`r:${name}`, { id: 'x', seq: 0, snapshot: { ...emptyRoom(), topic } });
          });
          if (!isLate) for (const then of later.splice(0)) then();
        },
        countForeign: () => 0,
        dismissForeign: () => undefined,
        loseForeignNode: () => work,
        areForeignPeers: () => false,
      },
      sendOn: () => undefined,
      deliver: () => undefined,
      log,
      epoch: 'e',
      isShared: false,
      backlogs: new Map(),
      sharedName: (name) => name,
      now: () => 0,
    },
    'shanghai.example',
    new Visa({ domain: 'shanghai.example', label: 'shanghai', maxMasks: 100 }),
    frames,
    limits,
  );
  onTestFinished(() => {
    visitor.end();
    frames.end();
    log.close();
  });
  const follow = (id: number, name: string): void => {
    frames.take(encodeFrame({ kind: 'follow', id, room: name, resume: null }));
  };
  return { channel, follow, frames, later, log, reasons, visitor };
}

test('a domain that follows a room again does so instead, and gets each pack once', () => {
  const { channel, follow, log } = visit();
  follow(1, '#tea');
  follow(2, '#tea');
  const entry = { ...stamp, kind: 'withdrawn' } as const;
  log.append('r:#tea', [entry], { appended: () => undefined, failed: (why) => expect.fail(why) });
  return expect.poll(() => channel.idsOf('pack')).toEqual([2]);
});

test('rooms that are more than the channel takes wait until it has taken the others', () => {
  const { channel, follow, visitor } = visit();
  channel.isNarrow = true;
  for (const id of [1, 2, 3]) follow(id, `#room${id}`);
  expect(channel.idsOf('state')).toEqual([1]);
  channel.isFull = false;
  visitor.drained();
  expect(channel.idsOf('state')).toEqual([1, 2]);
  channel.isFull = false;
  visitor.drained();
  expect(channel.idsOf('state')).toEqual([1, 2, 3]);
  expect(channel.idsOf('caught-up')).toEqual([1, 2, 3]);
});

test('a domain that takes large rooms again and again is not heard for a while', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => clock.mockRestore());
  const { channel, follow } = visit(15_000_000);
  follow(1, '#tea');
  expect(channel.isPaused).toBe(false);
  follow(2, '#tea');
  follow(3, '#tea');
  expect(channel.isPaused).toBe(true);
  follow(4, '#tea');
  expect(channel.idsOf('caught-up')).toEqual([1, 2, 3]);
});

test('a domain whose nodes are gone again and again is not heard for a while', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => clock.mockRestore());
  const { channel, frames } = visit(0, false, 9_900);
  frames.take(encodeFrame({ kind: 'gone', node: 'a.1' }));
  expect(channel.isPaused).toBe(false);
  frames.take(encodeFrame({ kind: 'gone', node: 'b.1' }));
  expect(channel.isPaused).toBe(true);
});

test('a pack of a later version fails, and the link stays', () => {
  const { channel, follow, frames } = visit();
  follow(1, '#tea');
  frames.take(encodeFrame({ kind: 'append', id: 1, turn: 7 }, new TextEncoder().encode('{"version":99,"entries":[]}')));
  expect(channel.words.at(-1)).toEqual({ kind: 'failed', turn: 7, why: 'invalid' });
  expect(channel.isClosed).toBe(false);
});

test('an error while a room is sent that was asked for earlier closes the channel, and goes no further', () => {
  const { channel, follow, later, reasons } = visit(0, true);
  follow(1, '#tea');
  channel.send = () => {
    throw new RangeError('nobody has thought of this');
  };
  for (const then of later) then();
  expect([channel.isClosed, reasons]).toEqual([
    true,
    ['a room for it has failed: RangeError: nobody has thought of this'],
  ]);
});

test('a domain that asks for letters again and again is not heard for a while', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => clock.mockRestore());
  const { channel, follow } = visit();
  for (let count = 0; count < 1000 && !channel.isPaused; count += 1) follow(0, 'letters');
  expect(channel.isPaused).toBe(true);
});

test('a domain that has sent many bytes is not heard the sooner over another connection', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => clock.mockRestore());
  const limits = newVisitorLimits();
  const first = visit(0, false, 0, limits);
  // A pack that cannot be read costs one entry, whatever its size.
  const body = new TextEncoder().encode(`{"version":99,"entries":["${'x'.repeat(1_000_000)}"]}`);
  for (let turn = 1; turn <= 33; turn += 1) first.frames.take(encodeFrame({ kind: 'append', id: 1, turn }, body));
  expect(first.channel.isPaused).toBe(false);
  first.visitor.end();
  const next = visit(0, false, 0, limits);
  next.frames.take(encodeFrame({ kind: 'append', id: 1, turn: 1 }, body));
  expect(next.channel.isPaused).toBe(true);
});

test('a domain that has asked for much is not heard the sooner over another connection', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => clock.mockRestore());
  const limits = newVisitorLimits();
  const first = visit(0, false, 0, limits);
  for (let id = 1; id <= 201; id += 1) first.follow(id, `#room${id}`);
  expect(first.channel.isPaused).toBe(true);
  first.visitor.end();
  const next = visit(0, false, 0, limits);
  next.follow(1, '#room1');
  expect(next.channel.isPaused).toBe(true);
});
