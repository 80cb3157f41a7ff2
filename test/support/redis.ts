/** A Redis server of the tests, which only this machine can reach, by a Unix socket. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { endProcess, type ServerPlace, whenServing } from './server-process.js';

/** Why no server can be started here; null if one can. */
export const redisProblem: string | null = (() => {
  const { error, status } = spawnSync('redis-server', ['--version'], { stdio: 'ignore' });
  return error === undefined && status === 0 ? null : 'redis-server is not installed';
})();

/** A server that runs. */
export interface RedisServer {
  /** The URL of its first database. */
  readonly url: string;
  /** The same for clients in the network that it listens in. */
  readonly urlOverNetwork: string;
  /** The folder of its files. */
  readonly folder: string;
  /** The id of its process. */
  readonly pid: number;
  /** Connects. */
  connect(): Promise<Redis>;
  /** Kills it as a crash does. */
  crash(): Promise<void>;
  /** Cuts the last bytes off its files, as a power loss of its machine does. It must not run. */
  loseEnd(bytes: number): void;
  /** Removes its data. It must not run. */
  loseAll(): void;
  /** Starts it again, unless it runs. */
  start(): Promise<void>;
  /** Ends it, and removes its files. */
  close(): Promise<void>;
}

const SETTINGS = { appendonly: 'yes', appendfsync: 'always', save: '', port: '0' };
const PORT = '6379';

/** Starts an empty server. @param settings - of the server, by name */
export async function startRedis(
  settings: Readonly<Record<string, string>> = {},
  place?: ServerPlace,
): Promise<RedisServer> {
  const folder = mkdtempSync(join(place?.within ?? tmpdir(), 'fdmux-redis-'));
  const socket = join(folder, 'redis.sock');
  const listening = place === undefined ? {} : { port: PORT, bind: place.host, 'protected-mode': 'no' };
  const all = { ...SETTINGS, unixsocket: socket, dir: folder, ...listening, ...settings };
  const options = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const [first = '', ...rest] = [...(place?.through ?? []), 'redis-server', ...options];
  const run = () => spawn(first, rest, { cwd: folder, stdio: 'ignore' });
  let server = run();
  await whenReady(server, socket);
  return {
    url: `redis://${encodeURIComponent(socket)}`,
    urlOverNetwork: `redis://${place?.host ?? ''}:${PORT}`,
    folder,
    get pid() {
      return server.pid ?? 0;
    },
    connect: () => connectTo(socket),
    crash: () => endProcess(server, 'SIGKILL'),
    loseEnd: (bytes) => {
      cutAppendOnlyFile(folder, bytes);
    },
    loseAll: () => {
      rmSync(join(folder, 'appendonlydir'), { recursive: true });
    },
    start: async () => {
      if (server.exitCode === null && server.signalCode === null) return;
      rmSync(socket, { force: true });
      server = run();
      await whenReady(server, socket);
    },
    close: async () => {
      await endProcess(server, 'SIGKILL');
      rmSync(folder, { recursive: true });
    },
  };
}

function cutAppendOnlyFile(folder: string, bytes: number): void {
  const files = readdirSync(join(folder, 'appendonlydir')).filter((name) => name.endsWith('.incr.aof'));
  const path = join(folder, 'appendonlydir', files.toSorted().at(-1) ?? '');
  truncateSync(path, Math.max(0, statSync(path).size - bytes));
}

async function connectTo(path: string): Promise<Redis> {
  const client = new Redis({ path, lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Waits until it answers, and has read its files. */
function whenReady(server: ChildProcess, socket: string): Promise<void> {
  return whenServing(server, 'Redis', async () => {
    const client = await connectTo(socket);
    client.disconnect();
  });
}
