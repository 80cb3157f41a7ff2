import { beforeEach } from 'vitest';
import { describeKeeping } from '../../server/kept-by.js';
import { describePostgres } from './with-postgres.js';

describePostgres((database) => {
  beforeEach(() => database.clear());

  describeKeeping('PostgreSQL', () => ({ kind: 'postgres', url: database.server.url }));
});
