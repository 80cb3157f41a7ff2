/** Services with managers that make no sense, and more ways to end them. */
import { expect, test } from 'vitest';
import { connectPeer } from '../support/peers.js';
import { testSocket } from '../support/sockets.js';
import { startServer } from './chat-server.js';
import { draining, listening, manager, startWithFds } from './managed.js';

test.each([
  ['/nowhere/at/all', 'ENOENT'],
  ['@fdmux-nobody-has-this-name', 'ECONNREFUSED'],
  ['rubbish', 'NOTIFY_SOCKET names no unix socket'],
  [`/${'x'.repeat(200)}`, ''],
])('a manager that cannot be reached is a warning in the log: %s', async (name, why) => {
  const { process: server } = await startServer([], { env: { NOTIFY_SOCKET: name } });
  await server.errorText(new RegExp(`service manager not reached .*${why}`));
  server.kill('SIGTERM');
  expect((await server.ended()).code).toBe(0);
});

test('a watchdog with a nonsensical time is a warning in the log', async () => {
  const { name } = manager();
  const { process: server } = await startServer([], { env: { NOTIFY_SOCKET: name, WATCHDOG_USEC: 'soon' } });
  await server.errorText(/service manager not reached .*WATCHDOG_USEC/);
});

test('without names they become listeners in the order of the configuration', async () => {
  const plain = listening();
  const server = startWithFds([plain.fd], 'LISTEN_FDS=1', ['--irc-port=0']);
  await server.outputLike(new RegExp(`plain lines +127\\.0\\.0\\.1:${plain.port}\\n +IRC`));
});

test('sockets that are meant for another process are left alone', async () => {
  const plain = listening();
  const server = startWithFds([plain.fd], 'LISTEN_PID=1 LISTEN_FDS=1', ['--no-irc']);
  await server.outputLike(new RegExp(`plain lines +127\\.0\\.0\\.1:(?!${plain.port}\\n)\\d+\\n`));
});

test.each([
  ['LISTEN_FDS=many', /^fdmux: .*LISTEN_FDS/m],
  ['LISTEN_FDS=-1', /^fdmux: .*LISTEN_FDS/m],
  ['LISTEN_FDS=99999999999', /^fdmux: .*LISTEN_FDS/m],
  ['LISTEN_FDS=1 LISTEN_FDNAMES=a:b', /^fdmux: .*LISTEN_FDNAMES/m],
  ['LISTEN_FDS=2', /^fdmux: the inherited fd 4 \(unknown\) has no listener/m],
])('with %s the server says what is wrong, and does not start', async (variables, message) => {
  const server = startWithFds([listening().fd, listening().fd], variables, ['--no-irc']);
  await server.outputLike(message);
  expect(await server.ended()).not.toBe(0);
});

test('an inherited socket that does not listen is an error of its listener', async () => {
  const socket = testSocket({ family: 'inet', type: 'stream' });
  const server = startWithFds([socket.fd], 'LISTEN_FDS=1', ['--no-irc']);
  await server.outputLike(/^fdmux: cannot listen on /m);
  expect(await server.ended()).toBe(1);
});

test('a second signal ends it at once', async () => {
  const { server, client } = await draining();
  server.kill('SIGTERM');
  expect(String(await client.ended())).toContain('the server is shutting down');
  expect((await server.ended()).code).toBe(0);
});

test('SIGINT does not wait for clients', async () => {
  const { process: server, plainPort } = await startServer(['--drain-ms', '60000']);
  const client = await connectPeer(plainPort);
  await client.write(`${'x'.repeat(10_000)}\n`);
  await client.lineLike(/longer/);
  server.kill('SIGINT');
  await client.ended();
  expect((await server.ended()).code).toBe(0);
});
