/** Redis as the broker of a run, beside PostgreSQL with everything but the logs. */
import { decodePack } from '../../../src/log/codec.js';
import { keysOf } from '../../../src/store/redis/scripts.js';
import { type RedisServer, startRedis } from '../../support/redis.js';
import type { Broker } from './broker.js';
import { Disk } from './disk.js';
import type { Network } from './network.js';
import { postgresOnDisk } from './postgres-broker.js';
import type { NumberedPack } from './room-log.js';

/**
 * Starts Redis on a machine, with PostgreSQL on the same disk.
 *
 * @param appendfsync - how soon it writes to its disk
 */
export async function redisOn(network: Network, machine: string, appendfsync: 'always' | 'everysec'): Promise<Broker> {
  const disk = new Disk();
  const place = { within: disk.folder, host: network.addressOf(machine), through: network.on(machine) };
  const redis = await startRedis({ appendfsync }, place).catch((error: unknown) => {
    disk.close();
    throw error;
  });
  const postgres = await postgresOnDisk(network, machine, disk).catch(async (error: unknown) => {
    await redis.close();
    disk.close();
    throw error;
  });
  const url = redis.urlOverNetwork;
  return {
    ...postgres,
    store: { ...postgres.store, logs: { kind: 'redis', url } },
    crash: async () => {
      await Promise.all([redis.crash(), postgres.crash()]);
    },
    start: async () => {
      await Promise.all([redis.start(), postgres.start()]);
    },
    loseEnd: (bytes) => {
      redis.loseEnd(bytes);
    },
    freeze: () => {
      process.kill(redis.pid, 'SIGSTOP');
      postgres.freeze();
    },
    thaw: () => {
      process.kill(redis.pid, 'SIGCONT');
      postgres.thaw();
    },
    packs: (room) => packsOf(redis, room),
    close: async () => {
      await redis.close();
      await postgres.close();
    },
  };
}

async function packsOf(redis: RedisServer, room: string): Promise<NumberedPack[]> {
  const client = await redis.connect();
  try {
    const [, key] = keysOf(`r:${room}`);
    return (await client.xrange(key, '-', '+')).map(([id, fields]) => {
      const decoded = decodePack(Buffer.from(fields[fields.indexOf('e') + 1] ?? ''));
      if (decoded.kind !== 'pack') throw new Error(`pack ${id} of ${room} is ${decoded.kind}`);
      return { seq: Number.parseInt(id, 10), entries: decoded.entries };
    });
  } finally {
    client.disconnect();
  }
}
