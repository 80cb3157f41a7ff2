/** `fdmux serve` as a service: what it reports to its manager, the sockets that it is given, and how it ends. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connectPeer } from '../support/peers.js';
import { runtime } from '../support/runtime.js';
import { startServer } from './chat-server.js';
import { draining, listening, manager, startWithFds } from './managed.js';

/** The time of CLOCK_MONOTONIC. Bun has no other way to it than the time since the start of the system. */
function monotonicMicroseconds(): number {
  if (runtime === 'node') return Number(process.hrtime.bigint() / 1000n);
  return Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1e6;
}

test('the manager hears of the start, of reloads, of the watchdog and of the end', async () => {
  const { name, reportLike } = manager();
  const { process: server } = await startServer([], { env: { NOTIFY_SOCKET: name, WATCHDOG_USEC: '100000' } });
  expect(await reportLike(/READY=1/)).toBe('READY=1\nSTATUS=0 clients in 0 rooms');
  await reportLike(/^WATCHDOG=1$/);
  server.kill('SIGHUP');
  const before = monotonicMicroseconds();
  const [, microseconds = ''] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(await reportLike(/RELOADING/)) ?? [];
  // The same clock, less than a minute apart.
  expect(Math.abs(Number(microseconds) - before)).toBeLessThan(60_000_000);
  await reportLike(/^READY=1$/);
  server.kill('SIGTERM');
  await reportLike(/^STOPPING=1\n/);
  expect((await server.ended()).code).toBe(0);
});

test('sockets of the manager become listeners: by their names, which are protocols', async () => {
  const irc = listening();
  const plain = listening();
  const server = startWithFds([irc.fd, plain.fd], 'LISTEN_FDS=2 LISTEN_FDNAMES=irc:plain', ['--irc-port=0']);
  await server.outputLike(
    new RegExp(`plain lines +127\\.0\\.0\\.1:${plain.port}\\n +IRC +127\\.0\\.0\\.1:${irc.port}\\n`),
  );
  const ann = await connectPeer(irc.port);
  await ann.write('PING x\r\n');
  await ann.lineLike(/PONG/);
});

test('SIGTERM refuses new clients, goes on serving those that are there, and ends when the last one has left', async () => {
  const { server, port, client } = await draining();
  await expect(connectPeer(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await client.write('PING still\r\n');
  await client.lineLike(/still/);
  await client.write('QUIT\r\n');
  expect((await server.ended()).code).toBe(0);
});

test('while it drains it is not ready', async () => {
  const { process: server, ircPort } = await startServer(['--drain-ms', '60000', '--admin-port', '0']);
  const [, adminPort] = /admin +http:\/\/127\.0\.0\.1:(\d+)/.exec(server.stdout) ?? [];
  const client = await connectPeer(ircPort);
  await client.write('PING x\r\n');
  await client.lineLike(/PONG/);
  server.kill('SIGTERM');
  await server.errorText(/ draining /);
  const probe = await connectPeer(Number(adminPort));
  await probe.write('GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n');
  expect(String(await probe.ended())).toMatch(/^HTTP\/1\.1 503 [^]*draining\n$/);
});
