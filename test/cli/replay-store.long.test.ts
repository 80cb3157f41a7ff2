/** Recordings of servers whose data is in a database: what that loses, and when, is in the recording. */
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { replay } from '../../src/server/replay/replay.js';
import { ask, client } from '../server/keeping.js';
import { until } from '../support/deadline.js';
import { postgresProblem, startPostgres } from '../support/postgres.js';
import { redisProblem, startRedis } from '../support/redis.js';
import { openFile } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import type { RunningServer } from './chat-server.js';
import { record } from './recordings.js';

interface Database {
  crash(): Promise<void>;
  start(): Promise<unknown>;
}

/** Talks while the database goes away, and is back. */
async function talkThrough(server: RunningServer, database: Database): Promise<void> {
  const ann = await client(server, 'ann');
  await ask(ann, 'CAP REQ :batch draft/chathistory', / ACK /);
  await ask(ann, 'JOIN #tea', / 366 /);
  for (let n = 0; n < 20; n += 1) await ask(ann, `PRIVMSG #tea :before ${n}`, / PRIVMSG #tea :before/);
  await database.crash();
  await ask(ann, 'PRIVMSG #tea :meanwhile', / FAIL PRIVMSG STORE_UNAVAILABLE /);
  await database.start();
  await until(() => server.process.stderr.includes('the store takes writes again'), 'the store to be back', 30_000);
  await ask(ann, 'PRIVMSG #tea :after', / PRIVMSG #tea :after/);
  // The history may be back a moment later.
  await ask(ann, 'CHATHISTORY LATEST #tea * 50', /BATCH -|FAIL CHATHISTORY/);
}

/** Records the conversation twice, so that the second server begins with what the first one has left. */
async function expectReplayed(store: object, database: Database): Promise<void> {
  for (let run = 0; run < 2; run += 1) {
    const { path } = await record((server) => talkThrough(server, database), {
      changes: { server: { motd: ['old'] }, store, classes: [{ name: 'all', linesPerSecond: 0 }] },
    });
    expect(await replay(path)).toMatchObject({ difference: null, isComplete: true });
    expect(readFileSync(path, 'utf8')).toMatch(/^\["reported",\d+,\{"kind":"away"\}\]$/m);
  }
}

test.skipIf(postgresProblem !== null)(
  'a server with its data in PostgreSQL is replayed without it',
  { tags: ['needs-postgres'] },
  async () => {
    const database = await startPostgres();
    onTestFinished(() => database.close());
    await expectReplayed({ kind: 'postgres', url: database.url }, database);
  },
);

test.skipIf(postgresProblem !== null || redisProblem !== null)(
  'a server with its logs in Redis is replayed without it',
  { tags: ['needs-postgres', 'needs-redis'] },
  async () => {
    const database = await startPostgres();
    onTestFinished(() => database.close());
    const logs = await startRedis();
    onTestFinished(() => logs.close());
    await expectReplayed({ kind: 'postgres', url: database.url, logs: { kind: 'redis', url: logs.url } }, logs);
  },
);

test('a server whose store takes nothing for too long is replayed', { timeout: 60_000 }, async () => {
  const data = temporaryFolder();
  const { path } = await record(
    async (server) => {
      const ann = await client(server, 'ann');
      await ask(ann, 'JOIN #tea', / 366 /);
      const file = await openFile(data);
      file.exec('BEGIN IMMEDIATE');
      await ask(ann, 'PRIVMSG #tea :lost', / FAIL PRIVMSG STORE_UNAVAILABLE #tea :/);
      file.exec('COMMIT');
      await ask(ann, 'PRIVMSG #tea :again', / PRIVMSG #tea :again/);
    },
    {
      changes: { server: { motd: ['old'] }, classes: [{ name: 'all', linesPerSecond: 0, pingIntervalMs: 1000 }] },
      args: ['--data', data],
    },
  );
  expect(await replay(path)).toMatchObject({ difference: null, isComplete: true });
});
