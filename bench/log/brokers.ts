/** Servers that have logs, as durable as they can be, with all cores. */
import { readFileSync } from 'node:fs';
import { startPostgres } from '../../test/support/postgres.js';
import { startRedis } from '../../test/support/redis.js';
import { cpuNsOf } from '../support/cost.js';

/** Where logs are. */
export type BrokerKind = 'postgres' | 'redis';

/** A server that runs. */
export interface BenchBroker {
  /** The URL of the logs. */
  readonly url: string;
  /** The part of a node's configuration about its store. */
  readonly store: object;
  /** Begins to count the processor time of all its processes. @returns that time so far, in ns */
  countCpu(): () => number;
  close(): Promise<void>;
}

/** A process with those that it has started, and so on. */
function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return [pid, ...children.filter((one) => one !== '').flatMap((child) => familyOf(Number(child)))];
}

/** The processes of a family with their CPU time; one that ends while it is asked is left out. */
function cpuOfFamily(pid: number): [pid: number, ns: number][] {
  return familyOf(pid).flatMap((one) => {
    try {
      return [[one, cpuNsOf(one)]];
    } catch {
      return [];
    }
  });
}

/** A database has a process for each connection: those that have ended meanwhile are left out. */
function countFamily(pid: number): () => number {
  const before = new Map(cpuOfFamily(pid));
  return () => cpuOfFamily(pid).reduce((sum, [one, ns]) => sum + ns - (before.get(one) ?? 0), 0);
}

async function startDatabase(): Promise<BenchBroker> {
  const server = await startPostgres({ fsync: 'on', synchronous_commit: 'on', max_connections: '60' });
  return {
    url: server.url,
    store: { kind: 'postgres', url: server.url },
    countCpu: () => countFamily(server.pid),
    close: () => server.close(),
  };
}

/** @param withStore - whether there is a database, too, for everything but the logs */
export async function startBroker(kind: BrokerKind, withStore: boolean): Promise<BenchBroker> {
  if (kind === 'postgres') return startDatabase();
  const redis = await startRedis({ appendfsync: 'always' });
  const database = withStore ? await startDatabase() : null;
  return {
    url: redis.url,
    store: { ...database?.store, logs: { kind: 'redis', url: redis.url } },
    countCpu: () => {
      const counts = [countFamily(redis.pid), ...(database === null ? [] : [database.countCpu()])];
      return () => counts.reduce((sum, count) => sum + count(), 0);
    },
    close: async () => {
      await redis.close();
      await database?.close();
    },
  };
}
