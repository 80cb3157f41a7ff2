/** Tests that share a Redis server, which is started for them. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe } from 'vitest';
import { redisProblem, type RedisServer, startRedis } from '../../support/redis.js';

/** The server of some tests. Its parts are there while they run. */
export class RedisUnderTest {
  #server: RedisServer | undefined;
  #admin: Redis | undefined;

  get server(): RedisServer {
    if (this.#server === undefined) throw new Error('the server has not been started');
    return this.#server;
  }

  /** A connection of the tests' own. */
  get admin(): Redis {
    if (this.#admin === undefined) throw new Error('nobody is connected');
    return this.#admin;
  }

  async start(): Promise<void> {
    this.#server = await startRedis();
    await this.connect();
  }

  /** Connects, again if the server was away. */
  async connect(): Promise<void> {
    this.#admin = await this.server.connect();
  }

  async close(): Promise<void> {
    this.admin.disconnect();
    await this.server.close();
  }
}

/** Runs tests with a server of their own. They are skipped where none can be started. */
export function describeRedis(tests: (redis: RedisUnderTest) => void): void {
  describe.skipIf(redisProblem !== null)(
    `with a server (${redisProblem ?? 'Redis'})`,
    { tags: ['needs-redis'] },
    () => {
      const redis = new RedisUnderTest();
      beforeAll(() => redis.start());
      afterAll(() => redis.close());
      tests(redis);
    },
  );
}
