/** What happens to a server that keeps data on bad days, as far as it takes long. */
import { expect, test } from 'vitest';
import { startServer } from '../cli/chat-server.js';
import { openFile } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { ask, client, configuration, expectNothingLost, stop } from './keeping.js';

test(
  'no line that was echoed is missing or doubled after kill -9 at 100 random points',
  { timeout: 600_000 },
  async () => {
    await expectNothingLost(100);
  },
);

test('when the store is full, rooms wait and fail, and everything else goes on', async () => {
  const config = configuration({
    store: { path: temporaryFolder(), maxBytes: 250_000 },
    history: { rooms: { '#memory': 0 } },
    classes: [{ name: 'all', linesPerSecond: 0 }],
  });
  const server = await startServer(['--config', config]);
  const ann = await client(server, 'ann');
  const bob = await client(server, 'bob');
  for (const room of ['#kept', '#memory']) {
    await ask(ann, `JOIN ${room}`, / 366 /);
    await ask(bob, `JOIN ${room}`, / 366 /);
  }
  let answer = '';
  for (let n = 0; !answer.includes('FAIL'); n += 1) {
    answer = await ask(ann, `PRIVMSG #kept :${n} ${'x'.repeat(400)}`, /PRIVMSG #kept|FAIL/);
  }
  expect(answer).toMatch(/ FAIL PRIVMSG STORE_UNAVAILABLE #kept :/);
  expect(await ask(ann, 'PRIVMSG #memory :still here', /PRIVMSG/)).toContain('#memory :still here');
  await bob.lineLike(/#memory :still here/);
  await ask(ann, 'PRIVMSG bob :in private', /PRIVMSG bob/);
  await bob.lineLike(/ PRIVMSG bob :in private/);
  await ask(bob, 'NAMES #kept', / 353 .*ann/);
  await ask(bob, 'PING still', /PONG/);
  expect(server.process.stderr).toMatch(/store takes no writes/);
  await stop(server, 'SIGTERM');
});

test('while the disk does not answer, rooms wait and fail, and what is said later goes on', async () => {
  const folder = temporaryFolder();
  const config = configuration({ store: { path: folder }, history: { rooms: { '#memory': 0 } } });
  const server = await startServer(['--config', config]);
  const ann = await client(server, 'ann');
  for (const room of ['#kept', '#memory']) await ask(ann, `JOIN ${room}`, / 366 /);
  // Another program has the file, as a disk that stands still would.
  const file = await openFile(folder);
  file.exec('BEGIN IMMEDIATE');
  expect(await ask(ann, 'PRIVMSG #kept :lost', /PRIVMSG #kept|FAIL/)).toMatch(
    / FAIL PRIVMSG STORE_UNAVAILABLE #kept :/,
  );
  await ask(ann, 'PRIVMSG #memory :still here', /PRIVMSG #memory :still here/);
  await ask(ann, 'NAMES #kept', / 353 .*ann/);
  file.exec('COMMIT');
  await ask(ann, 'PRIVMSG #kept :again', /PRIVMSG #kept :again/);
  expect(server.process.stderr).toMatch(/the store is late: rooms wait/);
  await stop(server, 'SIGTERM');
});
