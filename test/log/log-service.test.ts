/** Both ends of logs that are elsewhere, on a network that delays, divides and breaks. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Channel, ChannelEvents } from '../../src/log/channel.js';
import { encodeFrame } from '../../src/log/frames.js';
import { LogService, PackBytes } from '../../src/log/log-service.js';
import { MemoryLog } from '../../src/log/memory-log.js';
import type { SharedLog } from '../../src/log/shared-log.js';
import { type Reach, SocketLog } from '../../src/log/socket-log.js';
import { LosingLog } from '../support/losing-log.js';
import { QuietChannel } from '../support/quiet-channel.js';
import { seeded } from '../support/random.js';
import { type SimulatedConnection, SimulatedNetwork } from '../support/simulated-network.js';
import {
  Answers,
  type Appended,
  describeRemoteLog,
  describeSharedLog,
  Ear,
  expectOneOrder,
  type RemoteLogsUnderTest,
} from './contract.js';
import { mark } from './entries.js';

const ROOM = 'r:#a';

/** A channel that keeps what is sent. */
class Sink extends QuietChannel {
  readonly sent: Uint8Array[] = [];

  override send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }

  /** The heads of the frames that were sent since the last call. */
  heads(): unknown[] {
    return this.sent.splice(0).map((bytes) => {
      const length = new DataView(bytes.buffer).getUint32(4);
      const head: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
      return head;
    });
  }
}

/** The two ends of a simulated connection. What is sent arrives in two parts. */
function dialSimulated(
  network: SimulatedNetwork,
  log: SharedLog,
  bytes: PackBytes,
  events: ChannelEvents,
  onService: (service: LogService) => unknown = () => undefined,
): Channel {
  const random = seeded(1);
  let connection: SimulatedConnection | null = null;
  const channelTo = (lane: 'up' | 'down', received: (part: Uint8Array) => void): Channel => ({
    send: (whole) => {
      const copy = whole.slice();
      const at = Math.floor(random() * copy.length);
      for (const part of [copy.subarray(0, at), copy.subarray(at)]) connection?.send(lane, () => received(part));
    },
    isFull: false,
    pause: () => undefined,
    resume: () => undefined,
    close: () => connection?.cut(),
  });
  let service: LogService | null = null;
  network.later(() => {
    connection = network.connect(() => {
      service?.closed();
      network.later(() => events.closed());
    });
    service = new LogService(
      log,
      channelTo('down', (part) => events.received(part)),
      bytes,
    );
    onService(service);
    events.opened();
  });
  return channelTo('up', (part) => service?.received(part));
}

function connectTo(network: SimulatedNetwork, log: SharedLog): SocketLog {
  const bytes = new PackBytes();
  return new SocketLog({
    dial: (events) => dialSimulated(network, log, bytes, events),
    later: (_ms, then) => network.later(then),
  });
}

async function settle(network: SimulatedNetwork): Promise<void> {
  do {
    network.run();
    await new Promise((resolve) => setImmediate(resolve));
  } while (!network.isQuiet);
}

function open(seed: number) {
  return async (maxEntries: number): Promise<RemoteLogsUnderTest> => {
    let nowMs = 0;
    const network = new SimulatedNetwork(seed);
    const server = new LosingLog({ maxEntries, maxBytes: Infinity, now: () => nowMs });
    const [log, spare] = [connectTo(network, server), connectTo(network, server)];
    await settle(network);
    return {
      log,
      another: () => spare,
      settle: () => settle(network),
      pass: (ms) => {
        nowMs += ms;
      },
      loseEnd: (name, top) => server.loseEnd(name, top),
      cut: () => {
        network.cutAll();
        network.run();
      },
    };
  };
}

describeSharedLog('SocketLog', open(1));
for (const seed of [1, 2, 3]) describeRemoteLog(`SocketLog (seed ${seed})`, open(seed));

test('whatever the connections do, all hear the same packs, and an acknowledged one has the number it was given', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.double({ min: 0, max: 0.1, noNaN: true }),
      fc.nat({ max: 40 }),
      async (seed, cut, pause) => {
        const network = new SimulatedNetwork(seed, { cut });
        const server = new MemoryLog({ maxEntries: 1_000 });
        const logs = [0, 1, 2].map(() => connectTo(network, server));
        const ears = logs.map(() => new Ear());
        logs.forEach((log, index) => log.follow(ROOM, 0, ears[index] ?? new Ear()));
        const answers: Appended[] = [];
        for (let n = 0; n < 30; n += 1) {
          const answer = new Answers();
          answers.push({ text: `p${n}`, answer });
          logs[n % 3]?.append(ROOM, [mark(`p${n}`)], answer);
          network.run(pause);
        }
        network.heal();
        await settle(network);
        expectOneOrder(ears, answers);
      },
    ),
    { numRuns: 50 },
  );
});

test.each([
  ['is as it was', ['a', 'b', 'c', 'd'], ['4 d']],
  ['has lost its end', ['a'], ['regressed 3-1']],
  [
    'has lost its end, and has other packs with the numbers',
    ['a', 'x', 'y', 'z'],
    ['regressed 3-1', '2 x', '3 y', '4 z'],
  ],
  ['has other packs only', ['x', 'y', 'z'], ['regressed 3-0', '1 x', '2 y', '3 z']],
  ['keeps none of what was applied', 'a b c d e f g h i j'.split(' '), ['missing 4-9', '10 j']],
])('one who follows goes on after a cut when the log %s', async (_what, texts, heard) => {
  const network = new SimulatedNetwork(1);
  const appendTo = (log: SharedLog, marks: readonly string[]): void => {
    for (const text of marks) log.append(ROOM, [mark(text)], new Answers());
  };
  let server = new MemoryLog();
  appendTo(server, ['a', 'b', 'c']);
  const log = new SocketLog({
    dial: (events) => dialSimulated(network, server, new PackBytes(), events),
    later: (_ms, then) => network.later(then),
  });
  const ear = new Ear();
  log.follow(ROOM, 0, ear);
  await settle(network);
  server = new MemoryLog({ maxEntries: texts.length === 10 ? 1 : 1000 });
  appendTo(server, texts);
  network.cutAll();
  await settle(network);
  expect(ear.packs).toEqual(['1 a', '2 b', '3 c', ...heard]);
});

test('who is cut off learns whether another process has the logs next', async () => {
  const network = new SimulatedNetwork(1);
  const reached: Reach[] = [];
  const services: LogService[] = [];
  const log = new SocketLog({
    dial: (events) =>
      dialSimulated(network, new MemoryLog(), new PackBytes(), events, (service) => services.push(service)),
    later: (_ms, then) => network.later(then),
    onReach: (reach) => reached.push(reach),
  });
  for (const isReplaced of [false, true, false]) {
    await settle(network);
    if (isReplaced) services.at(-1)?.replaced();
    await settle(network);
    network.cutAll();
  }
  await settle(network);
  log.close();
  expect(reached).toEqual(['there', 'lost', 'there', 'replaced', 'there', 'lost', 'there']);
});

describe('a peer that does not keep to the protocol is cut off, and the log stays as it is', () => {
  const hello = encodeFrame({ kind: 'hello', version: 1 });
  const pack = (length: number): Uint8Array => new TextEncoder().encode('x'.repeat(length));

  test.each([
    ['no frame', [pack(100)]],
    ['a frame without an end', [new Uint8Array([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2])]],
    ['a head longer than its frame', [new Uint8Array([0, 0, 0, 5, 0, 0, 0, 2, 0x7b])]],
    ['a head that is no JSON', [hello, new Uint8Array([0, 0, 0, 6, 0, 0, 0, 2, 0x7b, 0x7b])]],
    ['another version', [encodeFrame({ kind: 'hello', version: 2 })]],
    ['no greeting', [encodeFrame({ kind: 'expired', id: 1 })]],
    ['two greetings', [hello, hello]],
    ['an unknown word', [hello, encodeFrame({ kind: 'destroy', id: 1 })]],
    ['a log that cannot be', [hello, encodeFrame({ kind: 'append', id: 1, log: 'x:#a' })]],
    [
      'a following twice',
      [hello, ...[1, 2].map(() => encodeFrame({ kind: 'follow', id: 1, log: ROOM, after: 0, marks: [] }))],
    ],
  ])('%s', async (_what, frames) => {
    const log = new MemoryLog();
    const channel = new Sink();
    const service = new LogService(log, channel, new PackBytes());
    for (const frame of frames) service.received(frame);
    expect(channel.isClosed).toBe(true);
    service.closed();
    expect(await log.read(ROOM, { after: 0, maxPacks: 1 })).toMatchObject({ top: 0 });
  });

  test('a pack that is none is refused, and the others are taken', () => {
    const channel = new Sink();
    const service = new LogService(new MemoryLog(), channel, new PackBytes());
    service.received(hello);
    service.received(encodeFrame({ kind: 'append', id: 7, log: ROOM }, pack(10)));
    expect(channel.isClosed).toBe(false);
    expect(channel.heads()).toEqual([
      { kind: 'hello', version: 1 },
      { kind: 'failed', id: 7, why: 'invalid' },
    ]);
  });

  test('one who asks faster than it is answered is not read from meanwhile', () => {
    const answers: (() => void)[] = [];
    const slow = Object.assign(new MemoryLog(), {
      lease: () => new Promise<boolean>((resolve) => answers.push(() => resolve(true))),
    });
    const channel = new Sink();
    const service = new LogService(slow, channel, new PackBytes());
    service.received(hello);
    for (let id = 1; id < 1_000; id += 1) service.received(encodeFrame({ kind: 'lease', id, node: 'a.1', ms: 1 }));
    expect(channel.isPaused).toBe(false);
    service.received(encodeFrame({ kind: 'lease', id: 1_000, node: 'a.1', ms: 1 }));
    expect(channel.isPaused).toBe(true);
    answers[0]?.();
    return expect.poll(() => channel.isPaused).toBe(false);
  });
});

test('a peer that reads slowly gets no more than fits, and the rest when it has read', () => {
  const log = new MemoryLog();
  const channel = new Sink();
  const service = new LogService(log, channel, new PackBytes());
  service.received(encodeFrame({ kind: 'hello', version: 1 }));
  for (const text of ['a', 'b', 'c']) log.append(ROOM, [mark(text)], new Answers());
  channel.heads();
  channel.isFull = true;
  service.received(encodeFrame({ kind: 'follow', id: 1, log: ROOM, after: 0, marks: [] }));
  expect(channel.heads()).toEqual([{ kind: 'pack', id: 1, seq: 1 }]);
  log.append(ROOM, [mark('d')], new Answers());
  service.drained();
  expect(channel.heads()).toEqual([]);
  channel.isFull = false;
  service.drained();
  expect(channel.heads()).toEqual([
    { kind: 'pack', id: 1, seq: 2 },
    { kind: 'pack', id: 1, seq: 3 },
    { kind: 'pack', id: 1, seq: 4 },
    { kind: 'caught-up', id: 1 },
  ]);
  log.append(ROOM, [mark('e')], new Answers());
  expect(channel.heads()).toEqual([{ kind: 'pack', id: 1, seq: 5 }]);
});

test('while the other end speaks another version, the log is away, and those who use it hear why', () => {
  const versions: number[] = [];
  const channel = new Sink();
  const dialled: ChannelEvents[] = [];
  const log = new SocketLog({
    dial: (events) => {
      dialled.push(events);
      return channel;
    },
    onVersion: (version) => versions.push(version),
    later: () => undefined,
  });
  const ear = new Ear();
  log.follow(ROOM, 0, ear);
  for (const events of dialled) {
    events.opened();
    events.received(encodeFrame({ kind: 'hello', version: 9 }));
  }
  expect([versions, channel.isClosed, ear.heard]).toEqual([[9], true, ['away']]);
});
