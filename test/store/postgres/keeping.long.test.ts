import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { describeKeeping } from '../../server/kept-by.js';
import { postgresProblem, type PostgresServer, startPostgres } from '../../support/postgres.js';

describe.skipIf(postgresProblem !== null)(`with a server (${postgresProblem ?? 'PostgreSQL'})`, () => {
  let server: PostgresServer;
  let admin: Client;

  beforeAll(async () => {
    server = await startPostgres();
    admin = await server.connect();
  });

  afterAll(async () => {
    await admin.end();
    await server.close();
  });

  beforeEach(async () => {
    // Nobody else may be connected: a server that was killed is, for a moment.
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', ['fdmux']);
    await admin.query('DROP SCHEMA IF EXISTS fdmux CASCADE');
  });

  describeKeeping('PostgreSQL', () => ({ kind: 'postgres', url: server.url }));
});
