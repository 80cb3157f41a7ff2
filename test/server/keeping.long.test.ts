/** What happens to a server that keeps data on bad days, as far as it takes long. */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { check } from '../../src/store/archive.js';
import { startServer } from '../cli/chat-server.js';
import { openFile } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { ask, client, configuration, expectNothingLost, stop, textsIn } from './keeping.js';
import { describeKeeping } from './kept-by.js';

describeKeeping('a folder', () => ({ path: temporaryFolder() }), ['SIGTERM']);

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

/** Its mounts end with it. */
const inMountNamespace = ['unshare', '--map-root-user', '--mount'];
const canMount =
  spawnSync('unshare', [...inMountNamespace.slice(1), 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

test.skipIf(!canMount)('on a disk that is full, rooms wait and fail, and go on when there is room', async () => {
  const data = temporaryFolder();
  const server = await startServer(['--data', data], {
    inside: inMountNamespace,
    shell: `mount -t tmpfs -o size=5m none '${data}' && head -c 2m /dev/zero > '${data}/other'`,
  });
  const ann = await client(server, 'ann');
  await ask(ann, 'JOIN #tea', / 366 /);
  const echoed: string[] = [];
  const say = async (text: string): Promise<string> => {
    const answer = await ask(ann, `PRIVMSG #tea :${text}`, /PRIVMSG #tea|FAIL/);
    if (!answer.includes(' FAIL ')) echoed.push(text);
    return answer;
  };
  let answer = '';
  for (let n = 0; !answer.includes(' FAIL '); n += 1) answer = await say(`${n} ${'x'.repeat(400)}`);
  expect(answer).toMatch(/ FAIL PRIVMSG STORE_UNAVAILABLE #tea :/);
  expect(server.process.stderr).toMatch(/the store takes no writes: rooms wait.*ERR_STORE_FULL/);
  await ask(ann, 'CHATHISTORY LATEST #tea * 1', / PRIVMSG #tea :/);
  await ask(ann, 'NAMES #tea', / 353 .*ann/);
  const mounted = `/proc/${server.process.pid}/root${data}`;
  rmSync(join(mounted, 'other'));
  expect(await say('again')).toMatch(/ PRIVMSG #tea :again$/);
  await server.process.errorText(/the store takes writes again/);
  // As kill -9 leaves it, before the disk is gone with its process.
  server.process.kill('SIGSTOP');
  const copy = temporaryFolder();
  cpSync(mounted, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  server.process.kill('SIGCONT');
  await stop(server, 'SIGTERM');
  expect(await check(copy)).toMatchObject({ problems: [] });
  expect(await textsIn(copy)).toEqual(echoed);
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a line that waits for room when %s ends the server is made again by the next',
  async (signal) => {
    const data = temporaryFolder();
    const config = configuration({ store: { path: data, maxBytes: 3_000_000 } });
    const server = await startServer(['--config', config]);
    const ann = await client(server, 'ann');
    await ask(ann, 'JOIN #tea', / 366 /);
    const file = await openFile(data);
    // The file has room for the pack and not for the line.
    file.exec(`CREATE TRIGGER full BEFORE INSERT ON line WHEN NEW.text LIKE 'late %'
    BEGIN INSERT INTO trial(body) VALUES(zeroblob(10000000)); END`);
    await ask(ann, 'PRIVMSG #tea :late 0', /PRIVMSG #tea :late 0/);
    // More packs than there are between two states.
    for (let n = 1; n <= 250; n += 1) await ask(ann, `PRIVMSG #tea :late ${n}`, new RegExp(`PRIVMSG #tea :late ${n}$`));
    // The next tick is after the last pack.
    await ask(ann, 'PING :1', / PONG /);
    await stop(server, signal);
    file.exec('DROP TRIGGER full');
    const next = await startServer(['--config', config]);
    const bob = await client(next, 'bob');
    await ask(bob, 'JOIN #tea', / 366 /);
    expect(await ask(bob, 'HISTORY #tea 1', /PRIVMSG #tea :\[/)).toMatch(/\] late 250$/);
    await stop(next, 'SIGTERM');
    const rows = file.prepare("SELECT count(*) AS lines FROM line WHERE text LIKE 'late %'").all();
    expect(rows).toEqual([{ lines: 251 }]);
  },
);
