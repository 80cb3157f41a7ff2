/** `serve --record` with a store: what it has, what it answers and when it does is in the recording. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replay } from '../../src/server/replay/replay.js';
import { ask, client, configuration, stop } from '../server/keeping.js';
import type { Peer } from '../support/peers.js';
import { logInByPlain, plainResponse } from '../support/sasl.js';
import { openFile } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { type RunningServer, startServer } from './chat-server.js';
import { fdmux, record } from './recordings.js';

const PASSWORD = 'p3Qpassword';
const settings = {
  server: { motd: ['old'] },
  classes: [{ name: 'all', linesPerSecond: 0, pingIntervalMs: 1000 }],
  history: { rooms: { '#brief': 0 } },
};

/** What a server leaves in its store: an account, rooms, lines, marks, a ban, somebody who stays. */
async function leaveMuch(server: RunningServer): Promise<void> {
  const ann = await client(server, 'ann');
  await ask(ann, `REGISTER * * ${PASSWORD}`, / 900 /);
  await ask(ann, 'PRIVMSG NickServ :SET ALWAYS-ON ON', /NOTICE ann :/);
  await ask(ann, 'JOIN #tea', / 366 /);
  await ask(ann, 'TOPIC #tea :leaves', / TOPIC #tea :leaves/);
  for (const text of ['green', 'black', 'white']) await ask(ann, `PRIVMSG #tea :${text} tea`, / PRIVMSG #tea /);
  await ask(ann, 'MODE #tea +b spammer!*@*', / MODE #tea /);
}

/** Logs in with the password, and begins to log in without it. */
async function logIn(peer: Peer): Promise<string> {
  await ask(peer, 'CAP REQ sasl', / ACK /);
  await ask(peer, 'AUTHENTICATE SCRAM-SHA-256', /^AUTHENTICATE \+$/);
  const step = await ask(
    peer,
    `AUTHENTICATE ${Buffer.from('n,,n=ann,r=x').toString('base64')}`,
    /^AUTHENTICATE \S{9,}$/,
  );
  await ask(peer, 'AUTHENTICATE *', / 906 /);
  await logInByPlain(peer, 'ann', PASSWORD);
  return step.slice('AUTHENTICATE '.length);
}

test('a server is replayed without its store, and the recording has no secrets', async () => {
  const data = join(temporaryFolder(), 'data');
  const before = await startServer(['--data', data]);
  await leaveMuch(before);
  await stop(before, 'SIGTERM');
  let step = '';
  const { path } = await record(
    async (server) => {
      const bob = await client(server, 'bob');
      await ask(bob, 'CAP REQ :batch soju.im/search draft/chathistory', / ACK /);
      await ask(bob, 'JOIN #tea,#brief', / 366 bob #brief /);
      await ask(bob, 'CHATHISTORY LATEST #tea * 10', /BATCH -/);
      await ask(bob, 'SEARCH in=#tea;text=black', /BATCH -/);
      const cid = await client(server, 'cid');
      step = await logIn(cid);
      await ask(cid, 'JOIN #tea', / 366 /);
      await ask(cid, 'MARKREAD #tea timestamp=2026-01-01T00:00:00.000Z', / MARKREAD #tea /);
      // Another program has the file, as a disk that stands still would.
      const file = await openFile(data);
      file.exec('BEGIN IMMEDIATE');
      await bob.write('PRIVMSG #tea :late\r\n');
      await ask(bob, 'PRIVMSG #brief :at once', / PRIVMSG #brief :at once/);
      await server.process.errorText(/the store is late/);
      file.exec('COMMIT');
      await bob.lineLike(/ PRIVMSG #tea :late/);
      // Whoever runs the server looks at it, and acts on it.
      for (const words of [['status'], ['members'], ['clients'], ['ban', '192.0.2.9'], ['kick', 'cid', 'enough']]) {
        expect(await fdmux('ctl', ...words, '--data', data)).toMatchObject({ code: 0 });
      }
      await cid.ended();
      expect(await fdmux('ctl', 'unban', '192.0.2.9', '--data', data)).toMatchObject({ code: 0 });
      await ask(bob, 'PING end', /PONG/);
    },
    { changes: settings, args: ['--data', data] },
  );
  rmSync(data, { recursive: true });
  const first = await replay(path);
  expect(first).toMatchObject({ difference: null, isComplete: true, counts: { connections: 2 } });
  expect(await replay(path)).toEqual(first);
  const text = readFileSync(path, 'utf8');
  for (const secret of [PASSWORD, plainResponse('ann', PASSWORD), step]) expect(text).not.toContain(secret);
  for (const kept of ['leaves', 'black tea', ' 903 ', 'late']) expect(text).toContain(kept);
  // A replay depends on what the store had answered.
  expect(await replayOf(path, text.replaceAll('black tea', 'blue tea'))).toMatchObject({ difference: null });
  const changed = text.replace(/^(\["answered",.*)black tea/m, '$1blue tea');
  expect(changed).not.toBe(text);
  expect(await replayOf(path, changed)).toMatchObject({ difference: { actual: expect.stringContaining('blue tea') } });
});

/** Replays another text in place of a recording. */
function replayOf(path: string, text: string): ReturnType<typeof replay> {
  writeFileSync(path, text);
  return replay(path);
}

test('a server that waits for its clients before it ends is replayed', async () => {
  const data = temporaryFolder();
  const { path } = await record(
    async (server) => {
      const ann = await client(server, 'ann');
      server.process.kill('SIGTERM');
      await server.process.errorText(/draining/);
      await ask(ann, 'JOIN #tea', / 366 /);
      await ask(ann, 'QUIT', /ERROR/);
    },
    { changes: settings, args: ['--data', data, '--drain-ms', '20000'] },
  );
  expect(await replay(path)).toMatchObject({ difference: null, isComplete: true });
});

test('a node that shares its store cannot be recorded', async () => {
  const config = configuration({ store: { kind: 'postgres', url: 'postgres://127.0.0.1:1/fdmux' } });
  const path = join(temporaryFolder(), 'recording');
  const { code, stderr } = await fdmux('serve', '--config', config, '--node', 'one', '--record', path);
  expect(stderr).toContain('cannot be recorded: leave out --node and "node"');
  expect(code).not.toBe(0);
  expect(existsSync(path)).toBe(false);
});
