/** A Redis server of the tests, which only this machine can reach, by a Unix socket. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { until } from './deadline.js';

/** Why no server can be started here; null if one can. */
export const redisProblem: string | null = (() => {
  const { error, status } = spawnSync('redis-server', ['--version'], { stdio: 'ignore' });
  return error === undefined && status === 0 ? null : 'redis-server is not installed';
})();

/** A server that runs. */
export interface RedisServer {
  /** The URL of its first database. */
  readonly url: string;
  /** Where it keeps its files. */
  readonly folder: string;
  /** The process that it is. */
  readonly pid: number;
  /** Connects. */
  connect(): Promise<Redis>;
  /** Kills it as a crash does. */
  crash(): Promise<void>;
  /** Starts it again. */
  start(): Promise<void>;
  /** Ends it, and removes its files. */
  close(): Promise<void>;
}

const SETTINGS = { appendonly: 'yes', appendfsync: 'always', save: '', port: '0' };

/** Starts an empty server. @param settings - of the server, by name */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-redis-'));
  const socket = join(folder, 'redis.sock');
  const all = { ...SETTINGS, unixsocket: socket, dir: folder, ...settings };
  const options = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const run = () => spawn('redis-server', options, { cwd: folder, stdio: 'ignore' });
  let server = run();
  await whenReady(server, socket);
  return {
    url: `redis://${encodeURIComponent(socket)}`,
    folder,
    get pid() {
      return server.pid ?? 0;
    },
    connect: () => connectTo(socket),
    crash: () => end(server, 'SIGKILL'),
    start: async () => {
      rmSync(socket, { force: true });
      server = run();
      await whenReady(server, socket);
    },
    close: async () => {
      await end(server, 'SIGKILL');
      rmSync(folder, { recursive: true });
    },
  };
}

async function connectTo(path: string): Promise<Redis> {
  const client = new Redis({ path, lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Waits until it answers, and has read its files. */
async function whenReady(server: ChildProcess, socket: string): Promise<void> {
  const state = { isOver: false, problem: 'nobody has tried' };
  const attempts = (async () => {
    while (!state.isOver && server.exitCode === null) {
      if (existsSync(socket)) {
        await connectTo(socket).then(
          (client) => {
            state.isOver = true;
            client.disconnect();
          },
          (error: unknown) => {
            state.problem = String(error);
          },
        );
      }
      await delay(5);
    }
  })();
  await until(
    () => state.isOver || server.exitCode !== null,
    () => `a start of Redis: ${state.problem}`,
  ).finally(() => {
    state.isOver = true;
  });
  await attempts;
  if (server.exitCode !== null) throw new Error(`Redis has ended: ${state.problem}`);
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill(signal);
  await ended;
}
