/** The measurements of logs that several processes share. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startIrcServer } from '../irc/servers.js';
import { talk, Talker } from '../store/talker.js';
import { here } from '../support/checkout.js';
import { type Latency, latencyOf } from '../support/latency.js';
import { node, type ServerProcess } from '../support/server.js';
import { built, LOAD_CORE, SERVER_CORE } from '../support/tools.js';
import { type BenchBroker, type BrokerKind, startBroker } from './brokers.js';
import type { Done, Work } from './messages.js';
import type { Loss, PackCost, Rate } from './report.js';

const NODES = 3;
const ROOMS = 100;
/** Messages a second while their delay is measured. */
const CALM_RATE = 3_000;

/** The results of several processes, and their cost for the broker. */
interface AllDone {
  readonly done: readonly Done[];
  readonly brokerNs: number;
}

/** Has several processes do the same. */
async function inProcesses(broker: BenchBroker, count: number, work: Omit<Work, 'name' | 'url'>): Promise<AllDone> {
  const { url } = broker;
  const children: ChildProcess[] = [];
  const brokerNs = broker.countCpu();
  try {
    const done = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const child = fork(join(built, 'log/node.js'));
        children.push(child);
        const ended = once(child, 'exit').then(([code]) => {
          throw new Error(`a process has ended with ${String(code)}`);
        });
        child.send({ ...work, url, name: `n${index + 1}` });
        const answered = new Promise<Done>((resolve) => {
          child.once('message', (done: Done) => {
            resolve(done);
          });
        });
        ended.catch(() => undefined);
        return Promise.race([answered, ended]);
      }),
    );
    // Their connections are still there.
    return { done, brokerNs: brokerNs() };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

async function withBroker<T>(
  kind: BrokerKind,
  withStore: boolean,
  use: (broker: BenchBroker) => Promise<T>,
): Promise<T> {
  const broker = await startBroker(kind, withStore);
  try {
    return await use(broker);
  } finally {
    await broker.close();
  }
}

/** How long everything runs before anything is counted, in milliseconds: V8 compiles meanwhile. */
const WARM_MS = 3_000;

/** Three processes append to a hundred rooms as fast as the answers allow, in packs of a turn. */
export function measureAppends(kind: BrokerKind, seconds: number): Promise<Rate> {
  return withBroker(kind, false, async (broker) => {
    const work = { kind, rooms: ROOMS, packEntries: 20, packsPerSecond: null };
    return rateOf(await inProcesses(broker, NODES, { ...work, ...times(seconds) }), seconds);
  });
}

const times = (seconds: number): Pick<Work, 'warmMs' | 'countedMs'> => {
  return { warmMs: WARM_MS, countedMs: 1_000 * seconds };
};

/** The time of the broker is known only as a whole, so a part of that is taken. */
function rateOf({ done, brokerNs }: AllDone, seconds: number): Rate {
  const messages = done.reduce((sum, one) => sum + one.messages, 0);
  const nodeNs = done.reduce((sum, one) => sum + one.cpuNs, 0);
  const share = (1_000 * seconds) / (1_000 * seconds + WARM_MS);
  return {
    messagesPerSecond: messages / seconds,
    nodeUsPerMessage: nodeNs / 1000 / messages,
    brokerUsPerMessage: (share * brokerNs) / 1000 / messages,
  };
}

/** Three processes append now and then, each pack with one message; all of them see all. */
export function measureSeeing(kind: BrokerKind, seconds: number): Promise<Latency> {
  return withBroker(kind, false, async (broker) => {
    const work = { kind, rooms: ROOMS, packEntries: 1, packsPerSecond: CALM_RATE / NODES };
    const { done } = await inProcesses(broker, NODES, { ...work, ...times(seconds) });
    return latencyOf(done.flatMap(({ seenMs }) => seenMs));
  });
}

/** One process appends packs of a size to one room, one after the other. */
export function measurePacks(kind: BrokerKind, seconds: number): Promise<Record<string, PackCost>> {
  return withBroker(kind, false, async (broker) => {
    const costs: Record<string, PackCost> = {};
    for (const packEntries of [1, 20, 100]) {
      const work = { kind, rooms: 1, packEntries, packsPerSecond: null };
      const all = await inProcesses(broker, 1, { ...work, ...times(seconds) });
      const { p50Ms } = latencyOf(all.done.flatMap(({ seenMs }) => seenMs));
      costs[packEntries] = { ...rateOf(all, seconds), p50Ms };
    }
    return costs;
  });
}

/** Servers that are nodes of one chat, each with clients. */
class Nodes {
  readonly servers: ServerProcess[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'fdmux-bench-'));
  readonly #talkers: Talker[] = [];

  static async start(broker: BenchBroker): Promise<Nodes> {
    const nodes = new Nodes();
    try {
      for (let index = 1; index <= NODES; index += 1) await nodes.#startOne(broker, `n${index}`);
      return nodes;
    } catch (error) {
      await nodes.close();
      throw error;
    }
  }

  async #startOne({ store }: BenchBroker, name: string): Promise<void> {
    const config = join(this.#folder, `${name}.json`);
    writeFileSync(config, JSON.stringify({ node: name, store }));
    const server = await startIrcServer((port) => {
      const serve = [...node, here.cli, 'serve', '--no-plain', '--irc-port', String(port), '--config', config];
      return ['taskset', '-c', `${SERVER_CORE},${LOAD_CORE}`, ...serve];
    });
    this.servers.push(server);
  }

  get cpuNs(): number {
    return this.servers.map((server) => server.cpuNs()).reduce((sum, ns) => sum + ns, 0);
  }

  /** Lets clients in to each node. @param roomOf - returns the room of a client, by its number on its node */
  async enter(perNode: number, roomOf: (index: number, node: number) => string): Promise<Talker[][]> {
    const all: Talker[][] = [];
    for (const [at, { port }] of this.servers.entries()) {
      const some: Talker[] = [];
      for (let index = 0; index < perNode; index += 1) {
        some.push(await Talker.enter(port, `t${at}x${index}`, roomOf(index, at)));
      }
      this.#talkers.push(...some);
      all.push(some);
    }
    return all;
  }

  async killLast(): Promise<void> {
    await this.servers.pop()?.stop();
  }

  async close(): Promise<void> {
    for (const talker of this.#talkers) talker.end();
    for (const server of this.servers) await server.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

function withNodes<T>(kind: BrokerKind, use: (nodes: Nodes, broker: BenchBroker) => Promise<T>): Promise<T> {
  return withBroker(kind, true, async (broker) => {
    const nodes = await Nodes.start(broker);
    try {
      return await use(nodes, broker);
    } finally {
      await nodes.close();
    }
  });
}

/** The text of each message. */
const TEXT = 'x'.repeat(80);

/** Three servers, each with twenty clients that talk as fast as the echoes allow, each alone in a channel. */
export function measureServers(kind: BrokerKind, seconds: number): Promise<Rate> {
  return withNodes(kind, async (nodes, broker) => {
    const talkers = (await nodes.enter(20, (index, at) => `#t${at}x${index}`)).flat();
    await talk(talkers, WARM_MS / 1_000, () => TEXT);
    const [before, brokerNs] = [nodes.cpuNs, broker.countCpu()];
    const loadBefore = process.cpuUsage();
    const from = performance.now();
    const messages = await talk(talkers, seconds, () => TEXT);
    const elapsedMs = performance.now() - from;
    const { user, system } = process.cpuUsage(loadBefore);
    return {
      messagesPerSecond: (messages / elapsedMs) * 1000,
      nodeUsPerMessage: (nodes.cpuNs - before) / 1000 / messages,
      brokerUsPerMessage: brokerNs() / 1000 / messages,
      loadUsPerMessage: (user + system) / messages,
    };
  });
}

/** Measures the time from a message until members on the same node and on others see it. */
class Watch {
  #samples: number[] = [];

  hear(line: string): void {
    const saidMs = Number(/ :([\d.]+) x/.exec(line)?.[1]);
    this.#samples.push(performance.now() - saidMs);
  }

  /** Returns the latencies that were seen since the last call. */
  take(): Latency {
    const latency = latencyOf(this.#samples);
    this.#samples = [];
    return latency;
  }
}

/**
 * Three servers with rooms that have a member on each; 1,000 messages a second are sent. In the second half, one of the
 * servers is killed; only members on the others talk and are asked, before that, too.
 */
export function measureLoss(kind: BrokerKind, seconds: number): Promise<Loss> {
  return withNodes(kind, async (nodes) => {
    const all = await nodes.enter(20, (index) => `#room${index}`);
    const survivors = all.slice(0, -1).flat();
    const watch = new Watch();
    for (const talker of survivors) talker.hear((line) => watch.hear(line));
    await chat(survivors, WARM_MS / 1_000);
    watch.take();
    await chat(survivors, seconds);
    const before = watch.take();
    const dying = nodes.killLast();
    // Up to the end of the lease, and beyond.
    await chat(survivors, Math.max(seconds, 8));
    const after = watch.take();
    await dying;
    return { before, after };
  });
}

async function chat(talkers: readonly Talker[], seconds: number): Promise<void> {
  const from = performance.now();
  let said = 0;
  while (performance.now() - from < seconds * 1000) {
    for (const due = performance.now() - from; said < due; said += 1) {
      talkers[said % talkers.length]?.say([`${performance.now()} ${'x'.repeat(80)}`]);
    }
    await delay(1);
  }
  // Messages under way are seen, too.
  await delay(500);
}
