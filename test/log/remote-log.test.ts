import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RemoteFollower } from '../../src/log/remote-follower.js';
import { RemoteLog } from '../../src/log/remote-log.js';
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
  describeRemoteLog(`RemoteLog (seed ${seed})`, open(seed));
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

test('a follower knows how far it is behind', () => {
  const log = { want: () => undefined, isFollowedBy: () => true, leave: () => undefined };
  const follower = new RemoteFollower(log, 'r:#a', 2, new Ear());
  expect(follower.lag).toBe(0);
  follower.published(5);
  follower.published(4);
  expect(follower.lag).toBe(3);
  follower.answered({ first: 1, top: 2, mark: '', packs: [] });
  expect(follower.lag).toBe(0);
});
