import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { encodePack } from '../../src/log/codec.js';
import type { LogName } from '../../src/log/entry.js';
import { type FollowedLog, RemoteFollower } from '../../src/log/remote-follower.js';
import { type LogClock, RemoteLog } from '../../src/log/remote-log.js';
import { BrokerStore, SimulatedBroker } from '../support/simulated-broker.js';
import { SimulatedNetwork } from '../support/simulated-network.js';
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

/** Lets everything happen that follows from what has been delivered. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function settle(network: SimulatedNetwork, logs: readonly RemoteLog[]): Promise<void> {
  const quiet = async () => {
    do {
      network.run();
      await turn();
    } while (!network.isQuiet || logs.some((log) => log.isBusy));
  };
  for (let round = 0; round < 2; round += 1) {
    await quiet();
    for (const log of logs) log.look();
    await quiet();
  }
}

function open(seed: number) {
  return (maxEntries: number): RemoteLogsUnderTest => {
    let nowMs = 0;
    const network = new SimulatedNetwork(seed);
    const store = new BrokerStore(maxEntries, () => nowMs);
    const logs: RemoteLog[] = [];
    const another = () => {
      const log = new RemoteLog(new SimulatedBroker(network, store));
      logs.push(log);
      return log;
    };
    return {
      log: another(),
      another,
      settle: () => settle(network, logs),
      pass: (ms) => {
        nowMs += ms;
      },
      loseEnd: (name, top) => store.loseEnd(name, top),
      cut: () => network.cutAll(),
    };
  };
}

for (const seed of [1, 2, 3]) {
  describeSharedLog(`RemoteLog (seed ${seed})`, open(seed), 10);
  describeRemoteLog(`RemoteLog (seed ${seed})`, open(seed), true);
}

test('bytes that are no pack, and packs of a later version, are reported in their places', async () => {
  const network = new SimulatedNetwork(1);
  const store = new BrokerStore(100, () => 0);
  const log = new RemoteLog(new SimulatedBroker(network, store));
  const ear = new Ear();
  const put = (text: string) => store.append({ log: ROOM, bytes: new TextEncoder().encode(text), entries: 1 });
  log.append(ROOM, [mark('a')], new Answers());
  await settle(network, [log]);
  put('{"version":1,"entries":[{"kind":"topic"}]}');
  put('{"version":1000}');
  log.follow(ROOM, 0, ear);
  await settle(network, [log]);
  log.append(ROOM, [mark('b')], new Answers());
  await settle(network, [log]);
  expect(ear.packs).toEqual(['1 a', '2 malformed', '3 unknown-version', '4 b']);
  log.close();
});

test('what one turn appends leaves in one call, and what comes meanwhile in the next', async () => {
  const network = new SimulatedNetwork(1);
  const broker = new SimulatedBroker(network, new BrokerStore(100, () => 0));
  const calls: number[] = [];
  const append = broker.append.bind(broker);
  broker.append = (packs) => {
    calls.push(packs.length);
    return append(packs);
  };
  const log = new RemoteLog(broker);
  for (const text of ['a', 'b', 'c']) log.append(ROOM, [mark(text)], new Answers());
  await turn();
  for (const text of ['d', 'e']) {
    log.append('r:#b', [mark(text)], new Answers());
    await turn();
  }
  await settle(network, [log]);
  expect(calls).toEqual([3, 2]);
  log.close();
});

test('a pack that arrives with its announcement is not read, unless others are missing before it', async () => {
  const network = new SimulatedNetwork(1);
  const store = new BrokerStore(100, () => 0);
  const broker = new SimulatedBroker(network, store);
  let isDeaf = false;
  const listen = broker.open.bind(broker);
  broker.open = (listener) => {
    const delivered: typeof listener.delivered = (name, pack) => {
      if (!isDeaf) listener.delivered(name, pack);
    };
    listen({ ...listener, delivered });
  };
  const log = new RemoteLog(broker);
  const ear = new Ear();
  log.follow(ROOM, 0, ear);
  await settle(network, [log]);
  const read = vi.spyOn(broker, 'read');
  const put = (text: string) => {
    const encoded = encodePack([mark(text)]);
    if (encoded.kind === 'bytes') store.append({ log: ROOM, bytes: encoded.bytes, entries: 1 });
  };
  put('a');
  network.run();
  expect(ear.packs).toEqual(['1 a']);
  isDeaf = true;
  put('b');
  network.run();
  isDeaf = false;
  expect(read).not.toHaveBeenCalled();
  put('c');
  put('d');
  await settle(network, [log]);
  expect(ear.packs).toEqual(['1 a', '2 b', '3 c', '4 d']);
  expect(read).toHaveBeenCalled();
  log.close();
});

test('an end is found to be lost also when nothing is left of what was applied', async () => {
  const network = new SimulatedNetwork(1);
  const store = new BrokerStore(1000, () => 0);
  const log = new RemoteLog(new SimulatedBroker(network, store));
  const ear = new Ear();
  log.follow(ROOM, 0, ear);
  const put = (text: string) => store.append({ log: ROOM, bytes: new TextEncoder().encode(text), entries: 1 });
  for (let n = 1; n <= 300; n += 1) put(`${n}`);
  await settle(network, [log]);
  store.loseEnd(ROOM, 0);
  for (let n = 1; n <= 400; n += 1) put(`other ${n}`);
  await settle(network, [log]);
  const [regressed] = ear.packs.filter((words) => words.startsWith('regressed'));
  const [from, to] = (regressed ?? '').split(' ')[1]?.split('-').map(Number) ?? [];
  expect(from).toBe(300);
  // How far back it is remembered which packs they were.
  expect(to).toBeLessThan(300 - 60);
  expect(ear.packs.at(-1)).toBe('400 malformed');
  expect(ear.packs.filter((words) => words.startsWith('missing'))).toEqual([]);
  log.close();
});

test('a log that is appended to while it is read has lost nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 6 }), async (seed, pause) => {
      const network = new SimulatedNetwork(seed);
      const log = new RemoteLog(new SimulatedBroker(network, new BrokerStore(1_000, () => 0)));
      const ear = new Ear();
      log.follow(ROOM, 0, ear);
      await settle(network, [log]);
      for (let n = 1; n <= 60; n += 1) {
        log.append(ROOM, [mark('a')], new Answers());
        log.look();
        network.run(pause);
        await turn();
      }
      await settle(network, [log]);
      expect(ear.packs).toEqual(Array.from({ length: 60 }, (_pack, index) => `${index + 1} a`));
      log.close();
    }),
    { numRuns: 30 },
  );
});

test('whatever the connections do, all hear the same packs, and an acknowledged one has the number it was given', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.double({ min: 0, max: 0.2, noNaN: true }),
      fc.nat({ max: 20 }),
      async (seed, rate, pause) => {
        const network = new SimulatedNetwork(seed, { cut: rate, repeat: rate });
        const store = new BrokerStore(1_000, () => 0);
        const logs = [0, 1, 2].map(() => new RemoteLog(new SimulatedBroker(network, store)));
        const ears = logs.map(() => new Ear());
        logs.forEach((log, index) => log.follow(ROOM, 0, ears[index] ?? new Ear()));
        const answers: Appended[] = [];
        for (let n = 0; n < 30; n += 1) {
          const answer = new Answers();
          const text = `p${n}`;
          answers.push({ text, answer });
          logs[n % 3]?.append(ROOM, [mark(text)], answer);
          network.run(pause);
          await turn();
        }
        // Connections that break for ever would never let anybody finish.
        network.heal();
        await settle(network, logs);
        expectOneOrder(ears, answers);
        for (const log of logs) log.close();
      },
    ),
  );
});

/** A clock that goes on when nothing else happens. */
class IdleClock implements LogClock {
  #nowMs = 0;
  #waiting: { readonly atMs: number; readonly then: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  later(ms: number, then: () => void): void {
    this.#waiting.push({ atMs: this.#nowMs + ms, then });
    this.#waiting.sort((a, b) => a.atMs - b.atMs);
  }

  /** Goes on to whatever is next. */
  next(): void {
    const next = this.#waiting.shift();
    this.#nowMs = next?.atMs ?? this.#nowMs;
    next?.then();
  }
}

/** Servers that share logs in a broker which loses the ends of these when it crashes. */
class LosingServers {
  readonly network: SimulatedNetwork;
  readonly store = new BrokerStore(1_000, () => 0);
  readonly #clock = new IdleClock();
  readonly logs: readonly RemoteLog[];

  constructor(seed: number, count: number) {
    this.network = new SimulatedNetwork(seed);
    const options = { settleMs: 2_000, clock: this.#clock };
    this.logs = Array.from({ length: count }, () => {
      return new RemoteLog(new SimulatedBroker(this.network, this.store), options);
    });
  }

  /** Lets everything happen that follows. */
  async settle(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      do {
        this.network.run();
        await turn();
        if (this.network.isQuiet) this.#clock.next();
      } while (!this.network.isQuiet || this.logs.some((log) => log.isBusy));
      for (const log of this.logs) log.look();
    }
  }

  /** The broker crashes, and a log has lost what is after a number. */
  crash(name: LogName, top: number): void {
    this.network.cutAll();
    this.store.loseEnd(name, top);
  }

  close(): void {
    for (const log of this.logs) log.close();
  }
}

test('whenever the broker crashes and loses its end, what anybody has seen keeps its number', async () => {
  const crash = fc.record({ after: fc.nat({ max: 12 }), steps: fc.nat({ max: 30 }), loses: fc.nat({ max: 15 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.nat(2),
      fc.array(crash, { minLength: 1, maxLength: 4 }),
      async (seed, before, crashes) => {
        const servers = new LosingServers(seed, 3);
        const { logs, network, store } = servers;
        // They have begun with a state that has these.
        for (let n = 0; n < before; n += 1) store.append({ log: ROOM, bytes: new Uint8Array([n]), entries: 1 });
        const ears = logs.map(() => new Ear());
        logs.forEach((log, index) => log.follow(ROOM, before, ears[index] ?? new Ear()));
        await servers.settle();
        let count = 0;
        const append = (index: number): void => {
          count += 1;
          logs[index % 3]?.append(ROOM, [mark(`p${count}`)], new Answers());
        };
        for (const { after, steps, loses } of crashes) {
          for (let n = 0; n < after; n += 1) {
            append(n);
            network.run(steps);
            await turn();
          }
          const { top } = store.read({ log: ROOM, after: 0, maxPacks: 0 });
          servers.crash(ROOM, top - loses < before ? 0 : top - loses);
          // The first one that is back must not take the numbers of packs that others put back.
          for (let n = 0; n < 3; n += 1) {
            network.run(steps);
            await turn();
            append(n);
          }
          await servers.settle();
        }
        const late = new Ear();
        logs[0]?.follow(ROOM, before, late);
        await servers.settle();
        const words = ears.map((ear) => ear.packs.filter((word) => !word.startsWith('restored')));
        // One that nobody has seen may be gone, acknowledged or not: who has said it says it again.
        for (const heard of words) expect(heard).toEqual(late.packs);
        servers.close();
      },
    ),
    { numRuns: 100 },
  );
});

test('one who lacks what the log has lost leaves the numbers to those who have it', async () => {
  const servers = new LosingServers(1, 2);
  const [first, second] = servers.logs;
  const [ear, late] = [new Ear(), new Ear()];
  first?.follow(ROOM, 0, ear);
  await servers.settle();
  for (const text of ['a', 'b', 'c']) first?.append(ROOM, [mark(text)], new Answers());
  await servers.settle();
  second?.follow(ROOM, 3, late);
  await servers.settle();
  servers.crash(ROOM, 1);
  await servers.settle();
  second?.append(ROOM, [mark('d')], new Answers());
  await servers.settle();
  expect(ear.packs).toEqual(['1 a', '2 b', '3 c', 'restored 2-3', '4 d']);
  expect(late.packs).toEqual(['restored 2-3', '4 d']);
  servers.close();
});

test('a log of which nothing is left goes on where those who have its state are', async () => {
  const servers = new LosingServers(1, 2);
  const [first, second] = servers.logs;
  const [ear, other, quiet, late] = [new Ear(), new Ear(), new Ear(), new Ear()];
  const put = (name: LogName, text: string) =>
    servers.store.append({ log: name, bytes: new TextEncoder().encode(text), entries: 1 });
  for (const text of ['one', 'two', 'three']) for (const name of [ROOM, 'r:#b'] as const) put(name, text);
  first?.follow(ROOM, 3, ear);
  second?.follow(ROOM, 3, other);
  second?.follow('r:#b', 3, quiet);
  await servers.settle();
  for (const text of ['a', 'b']) first?.append(ROOM, [mark(text)], new Answers());
  await servers.settle();
  servers.crash(ROOM, 0);
  servers.store.loseEnd('r:#b', 0);
  await servers.settle();
  for (const name of [ROOM, 'r:#b'] as const) second?.append(name, [mark('c')], new Answers());
  await servers.settle();
  first?.follow(ROOM, 0, late);
  await servers.settle();
  for (const one of [ear, other]) expect(one.packs).toEqual(['4 a', '5 b', 'restored 1-5', '6 c']);
  expect(quiet.packs).toEqual(['restored 1-3', '4 c']);
  expect(late.packs).toEqual(['missing 1-3', '4 a', '5 b', '6 c']);
  servers.close();
});

test('when nobody has what the log has lost, those who waited for it go on with other numbers', async () => {
  const servers = new LosingServers(1, 1);
  const [log] = servers.logs;
  const [ear, answers] = [new Ear(), new Answers()];
  const put = (text: string) => servers.store.append({ log: ROOM, bytes: new TextEncoder().encode(text), entries: 1 });
  for (const text of ['one', 'two', 'three']) put(text);
  log?.follow(ROOM, 3, ear);
  await servers.settle();
  log?.append(ROOM, [mark('a')], answers);
  await servers.settle();
  servers.crash(ROOM, 2);
  await servers.settle();
  // What it has seen since then is appended anew.
  expect(ear.course).toEqual(['caught up', '4 a', 'regressed 4-2, 1 again', '3 a']);
  expect(ear.heard.filter((word) => !ear.course.includes(word))).toEqual(['away', 'back', 'away', 'back']);
  expect(answers.got).toEqual([4]);
  servers.close();
});

test('what is appended anew is appended until the broker takes it, before anything else', async () => {
  const servers = new LosingServers(1, 1);
  const [log] = servers.logs;
  const ear = new Ear();
  log?.follow(ROOM, 0, ear);
  await servers.settle();
  for (const text of ['a', 'b']) log?.append(ROOM, [mark(text)], new Answers());
  await servers.settle();
  // Nobody notices at first, and other packs take the numbers.
  servers.store.loseEnd(ROOM, 0);
  servers.store.append({ log: ROOM, bytes: new TextEncoder().encode('other'), entries: 1 });
  ear.onRegress = () => {
    servers.network.cutAll();
  };
  await servers.settle();
  log?.append(ROOM, [mark('c')], new Answers());
  await servers.settle();
  expect(ear.packs).toEqual(['1 a', '2 b', 'regressed 2-0, 2 again', '1 malformed', '2 a', '3 b', '4 c']);
  servers.close();
});

test('a follower knows how far it is behind', () => {
  const nothing = () => undefined;
  const log: FollowedLog = {
    want: nothing,
    isFollowedBy: () => true,
    leave: nothing,
    hold: nothing,
    restore: () => 'impossible',
    appendAnew: () => 0,
  };
  const follower = new RemoteFollower(log, 'r:#a', 2, new Ear());
  expect(follower.lag).toBe(0);
  follower.published(5);
  follower.published(4);
  expect(follower.lag).toBe(3);
  follower.answered({ first: 1, top: 2, mark: '', packs: [] });
  expect(follower.lag).toBe(0);
});

test('a log with as many other packs, of which none is kept, is followed all the same, with a report', async () => {
  const network = new SimulatedNetwork(1);
  const store = new BrokerStore(1, () => 0);
  const log = new RemoteLog(new SimulatedBroker(network, store));
  const ear = new Ear();
  log.follow(ROOM, 0, ear);
  await settle(network, [log]);
  for (const text of ['a', 'b', 'c']) {
    log.append(ROOM, [mark(text)], new Answers());
    await settle(network, [log]);
  }
  network.cutAll();
  store.loseEnd(ROOM, 2);
  store.append({ log: ROOM, bytes: new TextEncoder().encode('another'), entries: 2 });
  await settle(network, [log]);
  expect(log.isUp).toBe(true);
  expect(ear.packs.slice(0, 3)).toEqual(['1 a', '2 b', '3 c']);
  expect(ear.packs.slice(3)).toEqual(['regressed 3-2, 1 again', 'missing 3-3', '4 c']);
  log.close();
});

test('what a process that is old has applied before its first look is put back, too', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const network = new SimulatedNetwork(1);
  const store = new BrokerStore(1_000, () => 0);
  const clock: LogClock = { now: () => 3_600_000, later: (_ms, then) => void setImmediate(then) };
  const log = new RemoteLog(new SimulatedBroker(network, store), { clock });
  const ear = new Ear();
  log.follow(ROOM, 0, ear);
  await settle(network, [log]);
  for (const text of ['a', 'b']) log.append(ROOM, [mark(text)], new Answers());
  await settle(network, [log]);
  vi.advanceTimersByTime(1_000);
  await settle(network, [log]);
  network.cutAll();
  store.loseEnd(ROOM, 0);
  await settle(network, [log]);
  expect(ear.packs).toEqual(['1 a', '2 b', 'restored 1-2']);
  log.close();
});

test('numbers that a log leaves out are not missing, unless it has lost packs that were applied', async () => {
  const network = new SimulatedNetwork(1);
  const store = new BrokerStore(1_000, () => 0);
  const log = new RemoteLog(new SimulatedBroker(network, store));
  const [early, late, lost] = [new Ear(), new Ear(), new Ear()];
  const append = async (...texts: string[]): Promise<void> => {
    for (const text of texts) log.append(ROOM, [mark(text)], new Answers());
    await settle(network, [log]);
  };
  store.skip(ROOM, 3);
  log.follow(ROOM, 0, early);
  await settle(network, [log]);
  await append('a', 'b');
  store.skip(ROOM, 9);
  await settle(network, [log]);
  log.follow(ROOM, 4, late);
  await append('c');
  store.loseEnd(ROOM, 9);
  store.skip(ROOM, 12);
  log.follow(ROOM, 10, lost);
  await append('d');
  expect(early.packs).toEqual(['4 a', '5 b', '10 c', 'missing 11-12', '13 d']);
  expect(late.packs).toEqual(['5 b', '10 c', 'missing 11-12', '13 d']);
  expect(lost.packs).toEqual(['missing 11-12', '13 d']);
  log.close();
});

test('trouble is reported when it begins and when it is over, and not before there has been any', async () => {
  const network = new SimulatedNetwork(1);
  const troubles: (string | null)[] = [];
  const onTrouble = (why: Error | null): void => void troubles.push(why?.message ?? null);
  const log = new RemoteLog(new SimulatedBroker(network, new BrokerStore(1_000, () => 0)), { onTrouble });
  log.follow(ROOM, 0, new Ear());
  await settle(network, [log]);
  expect(troubles).toEqual([]);
  network.cutAll();
  await settle(network, [log]);
  expect(troubles).toEqual(['cut', null]);
  log.close();
});
