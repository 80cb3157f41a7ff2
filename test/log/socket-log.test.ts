import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimulatedNetwork } from '../support/simulated-network.js';
import { LogServer, SocketLog } from '../support/socket-log.js';
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

function open(seed: number) {
  return (maxEntries: number): RemoteLogsUnderTest => {
    let nowMs = 0;
    const network = new SimulatedNetwork(seed);
    const server = new LogServer(maxEntries, () => nowMs);
    const logs: SocketLog[] = [];
    const another = () => {
      const log = new SocketLog(network, server);
      logs.push(log);
      return log;
    };
    return {
      log: another(),
      another,
      settle: () => {
        network.run();
        for (const log of logs) log.check();
        network.run();
        return Promise.resolve();
      },
      pass: (ms) => {
        nowMs += ms;
      },
      loseEnd: (name, top) => server.loseEnd(name, top),
      cut: () => network.cutAll(),
    };
  };
}

for (const seed of [1, 2, 3]) {
  describeSharedLog(`SocketLog (seed ${seed})`, open(seed));
  describeRemoteLog(`SocketLog (seed ${seed})`, open(seed));
}

test('bytes that are no pack, and packs of a later version, are reported in their places', () => {
  const network = new SimulatedNetwork(1);
  const server = new LogServer(100, () => 0);
  const log = new SocketLog(network, server);
  const ear = new Ear();
  const put = (text: string) => server.append(ROOM, new TextEncoder().encode(text), 1);
  log.append(ROOM, [mark('a')], new Answers());
  network.run();
  put('{"version":1,"entries":[{"kind":"topic"}]}');
  put('{"version":1000}');
  log.follow(ROOM, 0, ear);
  network.run();
  put('live');
  log.append(ROOM, [mark('b')], new Answers());
  network.run();
  expect(ear.packs).toEqual(['1 a', '2 malformed', '3 unknown-version', '4 malformed', '5 b']);
});

test('whatever the connections do, all hear the same packs, and an acknowledged one has the number it was given', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 0.2, noNaN: true }), fc.nat({ max: 20 }), (seed, rate, pause) => {
      const network = new SimulatedNetwork(seed, { cut: rate, repeat: rate });
      const server = new LogServer(1_000, () => 0);
      const logs = [0, 1, 2].map(() => new SocketLog(network, server));
      const ears = logs.map(() => new Ear());
      logs.forEach((log, index) => log.follow(ROOM, 0, ears[index] ?? new Ear()));
      const answers: Appended[] = [];
      for (let n = 0; n < 30; n += 1) {
        const answer = new Answers();
        const text = `p${n}`;
        answers.push({ text, answer });
        logs[n % 3]?.append(ROOM, [mark(text)], answer);
        network.run(pause);
      }
      // Connections that break for ever would never let anybody finish.
      network.heal();
      for (let round = 0; round < 2; round += 1) {
        network.run();
        for (const log of logs) log.check();
      }
      network.run();
      expectOneOrder(ears, answers);
    }),
  );
});
