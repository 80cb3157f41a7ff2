import { beforeEach } from 'vitest';
import { describeKeeping } from '../../server/kept-by.js';
import { describePostgres } from '../postgres/with-postgres.js';
import { describeRedis } from './with-redis.js';

describePostgres((database) => {
  describeRedis((redis) => {
    beforeEach(async () => {
      await database.clear();
      await redis.admin.flushall();
    });

    describeKeeping('PostgreSQL, with logs in Redis', () => ({
      kind: 'postgres',
      url: database.server.url,
      logs: { kind: 'redis', url: redis.server.url },
    }));
  });
});
