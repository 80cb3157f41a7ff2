import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'fdmux';
import { expect, onTestFinished, test } from 'vitest';
import { disposedAtEnd } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { cliPath, type TestProcess } from '../support/processes.js';
import { testSocket } from '../support/sockets.js';
import { startServer } from './chat-server.js';

/** `fdmux serve` as a service: what it reports to its manager, the sockets that it is given, and how it ends. */

interface Manager {
  /** Its name, as `NOTIFY_SOCKET` has it. */
  readonly name: string;
  /** Takes reports until one matches. @returns that one */
  readonly reportLike: (pattern: RegExp) => Promise<string>;
}

function manager(): Manager {
  const socket = disposedAtEnd(Socket.create({ family: 'unix', type: 'dgram' }));
  socket.bind({ family: 'unix' });
  const address = socket.getsockname();
  if (!('abstract' in address)) throw new Error('no abstract name');
  const received: string[] = [];
  return {
    name: `@${address.abstract.toString()}`,
    reportLike: async (pattern) => {
      await expect
        .poll(
          () => {
            for (let next = socket.recv(1000); next !== null; next = socket.recv(1000)) received.push(next.toString());
            while (received.length > 0 && !pattern.test(received[0] ?? '')) received.shift();
            return received.length;
          },
          { timeout: 10_000 },
        )
        .toBeGreaterThan(0);
      return received.shift() ?? '';
    },
  };
}

test('the manager hears of the start, of reloads, of the watchdog and of the end', async () => {
  const { name, reportLike } = manager();
  const { process: server } = await startServer([], { env: { NOTIFY_SOCKET: name, WATCHDOG_USEC: '100000' } });
  expect(await reportLike(/READY=1/)).toBe('READY=1\nSTATUS=0 clients in 0 rooms');
  await reportLike(/^WATCHDOG=1$/);
  server.kill('SIGHUP');
  const before = process.hrtime.bigint() / 1000n;
  const [, microseconds = ''] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(await reportLike(/RELOADING/)) ?? [];
  // The same clock, less than a minute apart.
  expect(Math.abs(Number(BigInt(microseconds) - before))).toBeLessThan(60_000_000);
  await reportLike(/^READY=1$/);
  server.kill('SIGTERM');
  await reportLike(/^STOPPING=1\n/);
  expect((await server.ended()).code).toBe(0);
});

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

/** A socket of this process that listens on a free port. */
function listening(): { fd: number; port: number } {
  const socket = Socket.create({ family: 'inet', type: 'stream' });
  onTestFinished(() => {
    socket.close();
  });
  socket.bind({ family: 'inet', host: '127.0.0.1', port: 0 });
  socket.listen(16);
  const address = socket.getsockname();
  return { fd: socket.fd, port: 'port' in address ? address.port : 0 };
}

/** Starts a server that inherits fds 3 and up. LISTEN_PID is its own pid, unless given. */
function startWithFds(fds: readonly number[], variables: string, args: readonly string[] = []) {
  const command = `exec env LISTEN_PID=$$ ${variables} "$@"`;
  const child = spawn('bash', ['-c', command, 'bash', process.execPath, cliPath, 'serve', '--plain-port=0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe', ...fds],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (output += String(bytes)));
  return {
    outputLike: (pattern: RegExp) => expect.poll(() => output, { timeout: 10_000 }).toMatch(pattern),
    ended: async () => {
      if (child.exitCode === null) await once(child, 'close');
      return child.exitCode;
    },
  };
}

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

/** A server that drains for a minute, with one client. */
async function draining(): Promise<{
  server: TestProcess;
  port: number;
  client: Awaited<ReturnType<typeof connectPeer>>;
}> {
  const { process: server, ircPort: port } = await startServer(['--drain-ms', '60000']);
  const client = await connectPeer(port);
  await client.write('NICK ann\r\nUSER ann 0 * :ann\r\n');
  await client.lineLike(/ (?:376|422) /);
  server.kill('SIGTERM');
  await server.errorText(/ draining clients=1 drainMs=60000/);
  return { server, port, client };
}

test('SIGTERM refuses new clients, goes on serving those that are there, and ends when the last one has left', async () => {
  const { server, port, client } = await draining();
  await expect(connectPeer(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await client.write('PING still\r\n');
  await client.lineLike(/still/);
  await client.write('QUIT\r\n');
  expect((await server.ended()).code).toBe(0);
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
