import { readFileSync } from 'node:fs';
import { connect as connectNode } from 'node:net';
import { listen, type Listener, Multiplexer } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { catchUncaught, echo, exchange, portOf, testListener, VARIANTS } from '../support/connections.js';
import { nextEvent, until, within } from '../support/deadline.js';
import { closedAtEnd, disposedAtEnd, maxOpenFiles, openFds, withoutFreeFds } from '../support/fds.js';
import type { Peer } from '../support/peers.js';
import { connectPeer } from '../support/peers.js';
import { start } from '../support/processes.js';
import { takesLargeFds } from '../support/runtime.js';
import { tcpListener } from '../support/sockets.js';

/** How many fds a process may have is asked of the kernel; some of them are in use already. */
const MAX_CROWD = Math.min(10_000, 2 * Math.floor((maxOpenFiles() - 500) / 2));
/** More than select(2) is made for. With FDMUX_STRESS set, the large one is everybody's. */
const SMALL_CROWD = Math.min(1500, MAX_CROWD);

/** Opens a given number of connections, and then closes them all, every second one by a reset. */
const CROWD_SCRIPT = `
  const { Socket, SOL_SOCKET, SO_LINGER } = require('fdmux');
  const [port, count] = process.argv.slice(-2).map(Number);
  const sockets = [];
  for (let i = 0; i < count; i += 1) {
    const socket = Socket.create({ blocking: true });
    socket.connect({ family: 'inet', host: '127.0.0.1', port });
    if (i % 2 === 0) socket.setsockopt(SOL_SOCKET, SO_LINGER, Int32Array.of(1, 0));
    sockets.push(socket);
  }
  console.log('open');
  process.stdin.once('data', () => {
    for (const socket of sockets) socket.close();
    process.exit();
  });`;

describe.each(VARIANTS)('accepting on $backend/$trigger', (variant) => {
  const isLarge = variant.trigger === 'level' && variant.backend === 'epoll';
  const crowdSize = isLarge || process.env['FDMUX_STRESS'] !== undefined ? MAX_CROWD : SMALL_CROWD;

  test('closes what connects beyond maxConnections, and counts it', async () => {
    const listener = await testListener({ ...variant, maxConnections: 2, socket: echo });
    const first = await connectPeer(portOf(listener));
    const second = await connectPeer(portOf(listener));
    expect(await exchange(first)).toBe('ping');
    expect(await exchange(second)).toBe('ping');
    const third = await connectPeer(portOf(listener));
    await third.ended();
    expect(listener.refusedConnections).toBe(1);
    expect(listener.connections).toBe(2);
    first.end();
    await until(() => listener.connections === 1, 'a free place');
    expect(await exchange(await connectPeer(portOf(listener)))).toBe('ping');
  });

  test.skipIf(maxOpenFiles() > 100_000)(
    'may be closed by its error handler when there are no fds left',
    { tags: ['needs-fd-limit'] },
    async () => {
      const caught = catchUncaught();
      const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
      const told: unknown[] = [];
      let closed: Promise<void> | undefined;
      const listener: Listener = await listen({
        ...variant,
        port: 0,
        multiplexer,
        socket: {},
        onError: (error) => {
          told.push(error);
          closed = listener.close();
        },
      });
      await connectPeer(portOf(listener));
      withoutFreeFds(() => multiplexer.waitSync(0));
      await within(closed ?? fail(), 'closing');
      expect(told).toMatchObject([{ code: 'EMFILE', syscall: 'accept4' }]);
      // The error of a handler is thrown on the next tick.
      await new Promise((resolve) => setImmediate(resolve));
      expect(caught).toEqual([]);
    },
  );

  test.skipIf(maxOpenFiles() > 100_000)(
    'reports that its socket is gone, and is closed, when it would accept again',
    { tags: ['needs-fd-limit'] },
    async () => {
      const caught = catchUncaught();
      const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
      const told: unknown[] = [];
      const inherited = tcpListener();
      const [fd] = closedAtEnd(inherited.detach());
      const onError = (error: unknown) => told.push(error);
      const listener = await listen({ ...variant, fd, multiplexer, socket: {}, onError });
      await connectPeer(portOf(listener));
      withoutFreeFds(() => multiplexer.waitSync(0));
      native.close(fd);
      await until(() => {
        multiplexer.waitSync(0);
        return listener.closed;
      }, 'its end');
      expect(told).toMatchObject([{ code: 'EMFILE' }, { code: 'EBADF' }]);
      expect(caught).toEqual([]);
    },
  );

  test('rests on no timer that ever ends', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
    const before = openFds();
    const listener = await listen({ ...variant, port: 0, multiplexer, socket: {} });
    const timers = [...openFds()].filter(([fd, what]) => !before.has(fd) && what.includes('timerfd'));
    expect(timers).toHaveLength(1);
    const [[fd] = fail()] = timers;
    expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')).toMatch(/^it_value: \(0, 0\)$/m);
    await within(listener.close(), 'closing');
  });
  test.skipIf(!takesLargeFds(variant.backend))(
    `serves ${crowdSize} connections that are opened and closed at once`,
    { timeout: 60_000, tags: ['needs-large-select'] },
    async () => {
      const codes: unknown[] = [];
      const listener = await testListener({
        ...variant,
        backlog: 4096,
        socket: { ...echo, close: (_connection, error) => codes.push(error && 'code' in error ? error.code : 'ended') },
      });
      // A process of their own: here are as many fds as connections already.
      const crowd = start(process.execPath, ['-e', CROWD_SCRIPT, `${portOf(listener)}`, `${crowdSize}`], {
        deadlineMs: 50_000,
      });
      await crowd.line('open');
      await until(() => listener.connections === crowdSize, 'all connections', 50_000);
      const bystander = await connectPeer(portOf(listener));
      crowd.write('close\n');
      await until(
        () => codes.length === crowdSize,
        () => `${crowdSize} closes; there were ${codes.length}`,
        50_000,
      );
      expect(codes.filter((code) => code === 'ECONNRESET')).toHaveLength(crowdSize / 2);
      expect(codes.filter((code) => code === 'ended')).toHaveLength(crowdSize / 2);
      expect(listener.connections).toBe(1);
      expect(await exchange(bystander)).toBe('ping');
      expect(await exchange(await connectPeer(portOf(listener)))).toBe('ping');
    },
  );

  test('survives connections that are there and gone at once', async () => {
    const closed: unknown[] = [];
    const listener = await testListener({
      ...variant,
      socket: { ...echo, close: (connection) => closed.push(connection) },
    });
    const port = portOf(listener);
    for (let i = 0; i < 20; i += 1) {
      const sockets = Array.from({ length: 25 }, () => connectNode({ port, host: '127.0.0.1' }));
      await Promise.all(sockets.map((socket) => nextEvent(socket, 'connect')));
      for (const [index, socket] of sockets.entries()) {
        if (index % 2 === 0) socket.resetAndDestroy();
        else socket.destroy();
      }
    }
    await until(
      () => closed.length === 500,
      () => `500 closes; there were ${closed.length}`,
    );
    expect(listener.connections).toBe(0);
    expect(await exchange(await connectPeer(port))).toBe('ping');
  });
});

describe('accepting', () => {
  test(
    'promise 17, accepting: goes on when there are no fds left, and serves the waiting peers when there are',
    { tags: ['needs-quiet-fds'] },
    async () => {
      const script = `
      const { listen } = require('./dist/index.js');
      // Deno opens what it needs for signals with the first listener, and must not want for fds then.
      process.on('SIGUSR2', () => undefined);
      listen({ port: 0, socket: {
        data: (connection, bytes) => { connection.write(bytes); },
      }, onError: (error) => { console.log('error', error.code); } }).then((listener) => console.log('port', listener.address.port));
      setInterval(() => { const { user, system } = process.cpuUsage(); console.log('cpu', Math.round((user + system) / 1000)); }, 200);`;
      const server = start('prlimit', ['--nofile=48', process.execPath, '-e', script]);
      const port = Number((await server.line(/^port (\d+)$/))[1]);
      const peers: Peer[] = [];
      for (let i = 0; i < 60; i += 1) peers.push(await connectPeer(port));
      await server.line(/^error EMFILE$/);
      const [, before] = await server.line(/^cpu (\d+)$/);
      await server.line(/^cpu (\d+)$/);
      const [, after] = await server.line(/^cpu (\d+)$/);
      // 400 ms have passed; a spinning listener would have used them.
      expect(Number(after) - Number(before)).toBeLessThan(200);
      expect(await exchange(peers[0] ?? fail())).toBe('ping');
      for (const peer of peers.slice(0, 45)) peer.destroy();
      for (const peer of peers.slice(45)) expect(await exchange(peer)).toBe('ping');
    },
  );
});

function fail(): never {
  throw new Error('not there');
}
