import { onTestFinished } from 'vitest';
import { openPostgresStore } from '../../../src/store/postgres/open.js';
import { openRedis } from '../../../src/store/redis/open.js';
import { describeErasedLines, type ErasingStore } from '../erased-lines.js';
import { describePostgres } from '../postgres/with-postgres.js';
import { describeRedis } from './with-redis.js';

describeRedis((redis) => {
  describePostgres((database) => {
    const quiet = { pace: { late: () => undefined, caughtUp: () => undefined }, refused: () => undefined };

    async function open(): Promise<Pick<ErasingStore, 'store' | 'logs'>> {
      const opened = await openPostgresStore({ url: database.server.url, isShared: true, ...quiet });
      const { store, logs } = await openRedis(opened, { url: redis.server.url, allowLoss: false, recorded: [] });
      onTestFinished(async () => {
        logs.close();
        await store.close();
      });
      return { store, logs };
    }

    // The packs are in Redis, which drops them when they are in the state of their room.
    describeErasedLines(async () => {
      await database.clear();
      await redis.admin.flushall();
      const { store, logs } = await open();
      const { store: other } = await open();
      const text = `SELECT string_agg(row_to_json(line)::text, '\n') FROM fdmux.line
        UNION ALL SELECT string_agg(name, '\n') FROM fdmux.log`;
      return { store, other, logs, content: async () => JSON.stringify((await database.admin.query(text)).rows) };
    });
  });
});
