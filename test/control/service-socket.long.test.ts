/** Logs that one process serves to others, on real sockets. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { dialService } from '../../src/control/dial.js';
import { LOG_FILE, type ServiceObserver, ServiceSocket } from '../../src/control/service-socket.js';
import type { Channel } from '../../src/log/channel.js';
import { LogService, PackBytes } from '../../src/log/log-service.js';
import type { SharedLog } from '../../src/log/shared-log.js';
import { SocketLog } from '../../src/log/socket-log.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import { Answers, describeRemoteLog, describeSharedLog, Ear, type RemoteLogsUnderTest } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { until } from '../support/deadline.js';
import { LosingLog } from '../support/losing-log.js';
import { run } from '../support/processes.js';
import { openStore, settled } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';

const ROOM = 'r:#a';
const unobserved = { stranger: () => undefined, failed: () => undefined };

interface Client {
  readonly log: SocketLog;
  /** How many bytes it has received. */
  receivedBytes(): number;
  cut(): void;
}

/** Connects somebody to the logs of a folder. */
async function connectTo(folder: string): Promise<Client> {
  let channel: Channel | null = null;
  let receivedBytes = 0;
  const dial = dialService(folder, LOG_FILE);
  const log = new SocketLog({
    dial: (events) => {
      channel = dial({
        opened: () => events.opened(),
        received: (bytes) => {
          receivedBytes += bytes.length;
          events.received(bytes);
        },
        drained: () => events.drained(),
        closed: () => events.closed(),
      });
      return channel;
    },
  });
  onTestFinished(() => log.close());
  await reached(log);
  return { log, receivedBytes: () => receivedBytes, cut: () => channel?.close() };
}

/** Whether a log is closed: it says so in the call, as it says that a pack is invalid. */
function isClosed(log: SharedLog): boolean {
  const answers = new Answers();
  log.append('d', [], answers);
  return answers.got[0] === 'closed';
}

/** Waits until the other end has answered everything that it was asked before. */
async function reached(log: SharedLog): Promise<void> {
  while (!isClosed(log) && (await log.expired()) === null) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function open(folder: string, log: SharedLog, observer: ServiceObserver = unobserved): Promise<ServiceSocket> {
  const bytes = new PackBytes();
  const serve = (channel: Channel) => new LogService(log, channel, bytes);
  const socket = await ServiceSocket.open({ folder, file: LOG_FILE, serve }, observer);
  onTestFinished(() => socket.close());
  return socket;
}

const bytesOf = (clients: readonly Client[]): number =>
  clients.reduce((sum, client) => sum + client.receivedBytes(), 0);

/** Serves a log, and has two who use it. @param idle - waits until nothing is under way in the log itself */
async function served(log: SharedLog, idle: () => Promise<void>) {
  const folder = temporaryFolder();
  await open(folder, log);
  const clients = [await connectTo(folder), await connectTo(folder)] as const;
  return {
    log: clients[0].log,
    another: () => clients[1].log,
    settle: async () => {
      // The answers of a round have less than this; whatever else arrives has more.
      const answersBytes = 100;
      let quietRounds = 0;
      while (quietRounds < 2) {
        const before = bytesOf(clients);
        for (const client of clients) await reached(client.log);
        await idle();
        quietRounds = bytesOf(clients) - before < answersBytes ? quietRounds + 1 : 0;
      }
    },
    cut: () => clients[0].cut(),
  };
}

async function openMemory(maxEntries: number): Promise<RemoteLogsUnderTest> {
  let nowMs = 0;
  const log = new LosingLog({ maxEntries, maxBytes: Infinity, now: () => nowMs });
  return {
    ...(await served(log, () => Promise.resolve())),
    loseEnd: (name, top) => log.loseEnd(name, top),
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

describeSharedLog('a MemoryLog on a socket', openMemory);
describeRemoteLog('a MemoryLog on a socket', openMemory);

describeSharedLog('a SqliteLog on a socket', async (maxEntries) => {
  let nowMs = 0;
  const store = await openStore();
  const log = await SqliteLog.open(store, { maxEntries, now: () => nowMs });
  return {
    ...(await served(log, () => settled(store))),
    pass: (ms) => {
      nowMs += ms;
    },
  };
});

test('those who follow outlast the end of the process that has the logs, and go on when it is back', async () => {
  const folder = temporaryFolder();
  const store = await openStore();
  const first = await open(folder, await SqliteLog.open(store));
  const { log } = await connectTo(folder);
  const ear = new Ear();
  log.follow(ROOM, 0, ear);
  const answers = new Answers();
  log.append(ROOM, [mark('a')], answers);
  await until(() => ear.packs.length === 1 && answers.got.length === 1, 'the first pack');
  await first.close();
  await until(() => ear.heard.includes('away'), 'the loss');
  log.append(ROOM, [mark('lost')], answers);
  expect(answers.got).toEqual([1, 'unknown']);
  const again = await SqliteLog.open(store);
  again.append(ROOM, [mark('b')], new Answers());
  await settled(store);
  await open(folder, again);
  await until(() => ear.packs.length === 2, 'the second pack');
  expect(ear.heard).toEqual(['caught up', '1 a', 'away', 'back', '2 b']);
});

test.skipIf(process.geteuid?.() !== 0)('another user is turned away, whatever the file allows', async () => {
  const folder = temporaryFolder();
  const strangers: number[] = [];
  await open(folder, new LosingLog({}), { ...unobserved, stranger: (uid) => strangers.push(uid) });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, LOG_FILE), 0o666);
  const script = `
    process.setuid(65534);
    const socket = require('node:net').connect(${JSON.stringify(join(folder, LOG_FILE))});
    socket.on('data', () => console.log('data')).on('error', () => {}).on('close', () => console.log('cut'));`;
  expect(await run(process.execPath, ['-e', script])).toMatchObject({ code: 0, stdout: 'cut\n' });
  expect(strangers).toEqual([65_534]);
});
