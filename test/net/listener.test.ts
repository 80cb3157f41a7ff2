import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectNode, type Socket as NodeSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { connect, type Connection, formatAddress, listen, type Listener, Multiplexer, Socket } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { catchUncaught, pattern, portOf, Signal, testListener, VARIANTS } from '../support/connections.js';
import { nextEvent, until, within } from '../support/deadline.js';
import { closedAtEnd, disposedAtEnd, maxOpenFiles, openFds, withoutFreeFds } from '../support/fds.js';
import { connectPeer, Peer } from '../support/peers.js';
import { packagePath, start } from '../support/processes.js';
import { takesLargeFds, terminatesBusyWorkers } from '../support/runtime.js';
import { portOf as portOfSocket, tcpListener, testSocket } from '../support/sockets.js';

const MIB = 1024 * 1024;
const echo = {
  data: (connection: Connection, bytes: Buffer) => {
    connection.write(bytes);
  },
};

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

/** A message there and back. */
async function exchange(peer: Peer, text = 'ping'): Promise<string> {
  await peer.write(text);
  return (await peer.take(text.length)).toString();
}

function connectPath(path: string): Promise<Peer> {
  const socket: NodeSocket = connectNode({ path });
  onTestFinished(() => {
    socket.destroy();
  });
  return nextEvent(socket, 'connect').then(() => new Peer(socket));
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-net-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe.each(VARIANTS)('listen on $backend/$trigger', (variant) => {
  test('listens on IPv4, IPv6 and names', async () => {
    for (const host of ['127.0.0.1', '::1', 'localhost', '[::1]']) {
      const listener = await testListener({ ...variant, host, socket: echo });
      const { address } = listener;
      const peer = await connectPeer(portOf(listener), 'host' in address ? address.host : '');
      expect(await exchange(peer)).toBe('ping');
      await within(listener.close(), 'closing');
    }
  });

  test('after stopAccepting nobody else connects, and those who have are served until they leave', async () => {
    const listener = await testListener({ ...variant, socket: echo });
    const port = portOf(listener);
    const peer = await connectPeer(port);
    expect(await exchange(peer)).toBe('ping');
    listener.stopAccepting();
    listener.stopAccepting();
    await expect(connectPeer(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await exchange(peer)).toBe('ping');
    expect(listener.connections).toBe(1);
    peer.end();
    await peer.ended();
    await within(listener.close({ drainMs: null }), 'closing');
  });

  test('listens on a path, which it removes, and on an abstract name', async () => {
    const path = join(temporaryFolder(), 'socket');
    const listener = await testListener({ ...variant, path, socket: echo });
    expect(listener.address).toEqual({ family: 'unix', path });
    expect(await exchange(await connectPath(path))).toBe('ping');
    const client = await connect({ ...variant, path, socket: {} });
    expect(client.remoteAddress).toEqual({ family: 'unix', path });
    client.destroy();
    await within(listener.close(), 'closing');
    expect(existsSync(path)).toBe(false);

    const name = `fdmux-test-${process.pid}-${variant.backend}-${variant.trigger}`;
    const hidden = await testListener({ ...variant, path: `\0${name}`, socket: echo });
    expect(hidden.address).toEqual({ family: 'unix', abstract: name });
    const received = new Signal<string>();
    const abstract = await connect({
      ...variant,
      path: `\0${name}`,
      socket: { data: (_connection, bytes) => received.set(bytes.toString()) },
    });
    abstract.write('ping');
    expect(await received.within('the echo')).toBe('ping');
    abstract.destroy();
  });

  test('serves an inherited socket without closing or changing it', async () => {
    for (const blocking of [false, true]) {
      const socket = disposedAtEnd(Socket.create({ family: 'inet', type: 'stream', blocking }));
      socket.bind({ family: 'inet', host: '127.0.0.1', port: 0 });
      socket.listen();
      const listener = await testListener({ ...variant, fd: socket.fd, socket: echo });
      expect(listener.address).toEqual(socket.getsockname());
      const peers = [await connectPeer(portOf(listener)), await connectPeer(portOf(listener))];
      for (const peer of peers) expect(await exchange(peer)).toBe('ping');
      await within(listener.close(), 'closing');
      expect(socket.getsockname()).toEqual(listener.address);
      expect(socket.blocking).toBe(blocking);
    }
  });

  test('leaves alone the new owner of the fd number of an inherited socket that was closed before', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
    const opened: Connection[] = [];
    const socket = { ...echo, open: (connection: Connection) => opened.push(connection) };
    const server = await listen({ ...variant, port: 0, multiplexer, socket });
    const peer = await connectPeer(portOf(server));
    const inherited = tcpListener();
    const { fd } = inherited;
    const listener = await listen({ ...variant, fd, multiplexer, socket: {} });
    inherited.close();
    multiplexer.waitSync(0);
    expect(opened.map((connection) => connection.fd)).toEqual([fd]);
    await within(listener.close(), 'closing');
    await peer.write('ping');
    await until(() => {
      multiplexer.waitSync(0);
      return peer.received.length > 0;
    }, 'the echo');
    expect((await peer.take(4)).toString()).toBe('ping');
    await within(server.close(), 'closing the server');
  });

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

  test('lets go of what is pending before it closes, within drainMs', async () => {
    const bytes = pattern(4 * MIB);
    const opened = new Signal<Connection>();
    const listener = await listen({ ...variant, port: 0, socket: { open: opened.set } });
    const peer = await connectPeer(portOf(listener));
    peer.socket.pause();
    (await opened.within('a connection')).write(bytes);
    const closed = listener.close({ drainMs: 10_000 });
    expect(listener.closed).toBe(true);
    await expect(connect({ port: portOf(listener), socket: {} })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    peer.socket.resume();
    expect((await peer.ended()).equals(bytes)).toBe(true);
    await within(closed, 'closing');
    expect(listener.connections).toBe(0);
  });

  test('destroys at drainMs what does not end, and frees its port', async () => {
    const opened = new Signal<Connection>();
    const listener = await listen({ ...variant, port: 0, socket: { open: opened.set } });
    const socket = connectNode({ port: portOf(listener), host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => {
      socket.destroy();
    });
    socket.on('error', () => undefined);
    const connection = await opened.within('a connection');
    const begin = performance.now();
    await within(Promise.all([listener.close({ drainMs: 100 }), listener.close({ drainMs: 150 })]), 'closing');
    expect(performance.now() - begin).toBeGreaterThanOrEqual(99);
    expect(connection.isDestroyed).toBe(true);
    const again = await testListener({ ...variant, port: portOf(listener), socket: echo });
    expect(portOf(again)).toBe(portOf(listener));
    await within(listener.close(), 'closing once more');
  });

  test('keeps its deadline when it is closed again with more time, and is closed already when that was all', async () => {
    const opened = new Signal<Connection>();
    const listener = await listen({ ...variant, port: 0, socket: { open: opened.set, end: () => undefined } });
    const peer = await connectPeer(portOf(listener));
    peer.socket.allowHalfOpen = true;
    await opened.within('a connection');
    const closed = listener.close({ drainMs: 50 });
    await within(
      Promise.all([closed, listener.close({ drainMs: null }), listener.close({ drainMs: 600_000 })]),
      'closing',
    );
    await within(listener.close({ drainMs: 50 }), 'closing once more');
  });

  test('is closed, with time to drain, when its multiplexer was closed before', async () => {
    const multiplexer = new Multiplexer({ backend: variant.backend });
    const listener = await listen({ ...variant, port: 0, multiplexer, socket: {} });
    multiplexer.close();
    await within(listener.close({ drainMs: 50 }), 'closing');
  });

  test('reports why it cannot remove its path, and is closed all the same', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'socket');
    const told: unknown[] = [];
    const listener = await listen({ ...variant, path, socket: {}, onError: (error) => told.push(error) });
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    await within(listener.close(), 'closing');
    expect(told).toMatchObject([{ code: 'ENOTDIR', path }]);
  });

  test('leaves nothing behind if it cannot be served', async () => {
    const path = join(temporaryFolder(), 'socket');
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: 'poll' }));
    const options = { multiplexer, exclusive: true, socket: {} };
    await expect(listen({ ...options, path })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED_TRIGGER' });
    expect(existsSync(path)).toBe(false);
    await expect(listen({ ...options, port: 0 })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED_TRIGGER' });
    expect(multiplexer.size).toBe(0);
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

  /** A listener that accepts nobody before its multiplexer is waited on, and peers that wait, each with a question. */
  async function unaccepted(count: number, onOpen: (listener: Listener) => void = () => undefined) {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
    const listener: Listener = await listen({
      ...variant,
      port: 0,
      multiplexer,
      socket: { ...echo, open: () => onOpen(listener) },
    });
    const peers = await Promise.all(Array.from({ length: count }, () => connectPeer(portOf(listener))));
    await Promise.all(peers.map((peer, index) => peer.write(`question ${index}`)));
    expect(listener.connections).toBe(0);
    return { multiplexer, listener, peers };
  }

  test('serves connections that are not accepted yet when it closes with time to drain', async () => {
    const { multiplexer, listener, peers } = await unaccepted(150);
    const closed = listener.close({ drainMs: 10_000 });
    expect(listener.connections).toBe(150);
    await expect(connect({ port: portOf(listener), socket: {} })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const run = multiplexer.run(() => undefined);
    for (const [index, peer] of peers.entries()) {
      expect((await peer.ended()).toString()).toBe(`question ${index}`);
      expect(peer.error).toBeUndefined();
    }
    await within(closed, 'closing');
    multiplexer.close();
    await run;
  });

  test('serves the others of a batch when an open handler closes it with time to drain', async () => {
    let closed: Promise<void> | undefined;
    const { multiplexer, peers } = await unaccepted(70, (listener) => {
      closed ??= listener.close({ drainMs: 10_000 });
    });
    const run = multiplexer.run(() => undefined);
    for (const [index, peer] of peers.entries()) expect((await peer.ended()).toString()).toBe(`question ${index}`);
    expect(closed).toBeDefined();
    await within(closed ?? fail(), 'closing');
    multiplexer.close();
    await run;
  });

  test('resets connections that are not accepted yet when it closes without', async () => {
    const { listener, peers } = await unaccepted(3);
    await within(listener.close(), 'closing');
    for (const peer of peers) {
      await peer.ended();
      expect(peer.error).toMatchObject({ code: 'ECONNRESET' });
    }
  });

  test('publishes to the subscribers of a topic, except the one that is named', async () => {
    const connections: Connection[] = [];
    const listener = await testListener({
      ...variant,
      socket: {
        open: (connection) => {
          connection.subscribe('all');
          connections.push(connection);
        },
        data: (connection, bytes) => {
          listener.publish('all', bytes, { except: connection });
        },
      },
    });
    const peers = [];
    for (let i = 0; i < 4; i += 1) peers.push(await connectPeer(portOf(listener)));
    await until(() => connections.length === 4, 'four connections');
    connections[3]?.unsubscribe('all');
    await peers[0]?.write('hello;');
    for (const peer of peers.slice(1, 3)) expect((await peer.take(6)).toString()).toBe('hello;');
    expect(listener.publish('all', 'from the server;')).toBe(3);
    for (const peer of peers.slice(0, 3)) expect((await peer.take(16)).toString()).toBe('from the server;');
    expect(peers[3]?.received).toHaveLength(0);
    expect(listener.publish('nobody', 'x')).toBe(0);
    connections[0]?.destroy();
    expect(listener.publish('all', 'y')).toBe(2);
    await until(() => listener.connections === 3, 'the close');
    expect(listener.publish('all', 'y')).toBe(2);
  });

  test('keeps every byte of a broadcast for readers that are slow, and in order', async () => {
    const listener = await testListener({
      ...variant,
      socket: { open: (connection) => connection.subscribe('all') },
    });
    const peers = await Promise.all(Array.from({ length: 10 }, () => connectPeer(portOf(listener))));
    await until(() => listener.connections === 10, 'ten connections');
    for (const peer of peers) peer.socket.pause();
    const parts = Array.from({ length: 200 }, (_, index) => pattern(1 + ((index * 7919) % 20_000), index));
    for (const part of parts) {
      listener.publish('all', part);
      if (part.length % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const expected = Buffer.concat(parts);
    for (const peer of peers) peer.socket.resume();
    for (const peer of peers) expect((await peer.take(expected.length, 20_000)).equals(expected)).toBe(true);
  });

  const isLarge = variant.trigger === 'level' && variant.backend === 'epoll';
  const crowdSize = isLarge || process.env['FDMUX_STRESS'] !== undefined ? MAX_CROWD : SMALL_CROWD;
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

describe('listen', () => {
  test('says what is wrong with its options', async () => {
    const polling = disposedAtEnd(new Multiplexer({ backend: 'poll' }));
    const cases: [object, string][] = [
      [{ port: 0 }, 'ERR_INVALID_ARG_TYPE'],
      [{ port: 65_536, socket: {} }, 'ERR_OUT_OF_RANGE'],
      [{ port: '80', socket: {} }, 'ERR_INVALID_ARG_TYPE'],
      [{ socket: {} }, 'ERR_INVALID_ARG_TYPE'],
      [{ port: 0, socket: { data: 1 } }, 'ERR_INVALID_ARG_TYPE'],
      [{ port: 0, socket: {}, backend: 'kqueue' }, 'ERR_OUT_OF_RANGE'],
      [{ port: 0, socket: {}, backend: 'poll', trigger: 'edge' }, 'ERR_UNSUPPORTED_TRIGGER'],
      [{ port: 0, socket: {}, backend: 'epoll', multiplexer: polling, trigger: 'edge' }, 'ERR_UNSUPPORTED_TRIGGER'],
      [{ port: 0, socket: {}, backend: 'select', exclusive: true }, 'ERR_UNSUPPORTED_TRIGGER'],
      [{ port: 0, socket: {}, maxConnections: 0 }, 'ERR_OUT_OF_RANGE'],
      [{ port: 0, socket: {}, idleTimeoutMs: NaN }, 'ERR_OUT_OF_RANGE'],
      [{ port: 0, path: '/x', socket: {} }, 'ERR_INVALID_ARG_TYPE'],
      [{ path: 'x'.repeat(200), socket: {} }, 'ERR_OUT_OF_RANGE'],
      [{ port: 0, host: '', socket: {} }, 'ERR_OUT_OF_RANGE'],
      [{ port: 0, multiplexer: {}, socket: {} }, 'ERR_INVALID_ARG_TYPE'],
      [{ port: 0, host: '192.0.2.1', socket: {} }, 'EADDRNOTAVAIL'],
      [{ fd: 1_000_000, socket: {} }, 'EBADF'],
      [{ fd: testSocket().fd, socket: {} }, 'EINVAL'],
      [{ fd: testSocket({ type: 'dgram' }).fd, socket: {} }, 'EINVAL'],
    ];
    for (const [options, code] of cases) {
      const untyped: unknown = options;
      await expect(Reflect.apply(listen, undefined, [untyped]), inspect(options)).rejects.toMatchObject({
        code,
      });
    }
  });

  test('says that the port is in use', async () => {
    const listener = await testListener({ socket: echo });
    await expect(listen({ port: portOf(listener), socket: echo })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'bind',
    });
  });

  test('promise 17, accepting: goes on when there are no fds left, and serves the waiting peers when there are', async () => {
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
  });

  const itEnds = test.skipIf(!terminatesBusyWorkers);

  itEnds(
    'shares a port among workers that block in runSync, and leaves nothing open when they are terminated',
    { tags: ['needs-worker-terminate'] },
    async () => {
      const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { listen, Multiplexer } = require(workerData.index);
      const multiplexer = new Multiplexer({ backend: workerData.backend });
      const socket = { data: (connection, bytes) => { connection.write(bytes); } };
      listen({ port: workerData.port, reusePort: true, multiplexer, socket }).then((listener) => {
        parentPort.postMessage(listener.address.port);
        setImmediate(() => multiplexer.runSync(() => {}));
      });`;
      for (const { backend } of VARIANTS.slice(0, 3)) {
        let port = 0;
        const workers: Worker[] = [];
        for (let i = 0; i < 2; i += 1) {
          const worker = new Worker(code, {
            eval: true,
            workerData: { index: packagePath('dist/index.js'), backend, port },
          });
          workers.push(worker);
          const [message] = await nextEvent(worker, 'message');
          port = Number(message);
        }
        const peers = await Promise.all(Array.from({ length: 20 }, () => connectPeer(port)));
        for (const peer of peers) expect(await exchange(peer)).toBe('ping');
        await within(Promise.all(workers.map((worker) => worker.terminate())), 'the end of the workers', 5_000);
        await Promise.all(peers.map((peer) => peer.ended()));
        await expect(connect({ port, socket: {} })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      }
    },
  );

  itEnds(
    'wakes one of several threads that block on one listening socket if it is exclusive',
    { tags: ['needs-worker-terminate', 'needs-epoll'] },
    async () => {
      const code = `
      const { readlinkSync } = require('node:fs');
      const { parentPort, workerData } = require('node:worker_threads');
      const { listen, Multiplexer } = require(workerData.index);
      const multiplexer = new Multiplexer();
      const socket = { open: (connection) => { connection.write('hello'); } };
      listen({ fd: workerData.fd, exclusive: workerData.exclusive, multiplexer, socket }).then(() => {
        parentPort.postMessage(readlinkSync('/proc/thread-self'));
        setImmediate(() => multiplexer.runSync(() => {}));
      });`;
      const rounds = 100;
      const switchesOf = async (exclusive: boolean): Promise<number> => {
        const socket = tcpListener();
        const workers: Worker[] = [];
        const threads: string[] = [];
        for (let i = 0; i < 4; i += 1) {
          const workerData = { index: packagePath('dist/index.js'), fd: socket.fd, exclusive };
          const worker = new Worker(code, { eval: true, workerData });
          const [thread] = await nextEvent(worker, 'message');
          workers.push(worker);
          threads.push(String(thread));
        }
        const switches = (): number =>
          threads
            .map((thread) => readFileSync(`/proc/${thread}/status`, 'utf8'))
            .map((status) => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]))
            .reduce((sum, count) => sum + count, 0);
        const greet = async (): Promise<void> => {
          const peer = await connectPeer(portOfSocket(socket));
          expect((await peer.take(5)).toString()).toBe('hello');
        };
        // By then all of them block.
        for (let i = 0; i < 20; i += 1) await greet();
        const before = switches();
        for (let i = 0; i < rounds; i += 1) await greet();
        const woken = switches() - before;
        await within(Promise.all(workers.map((worker) => worker.terminate())), 'the end of the workers');
        return woken;
      };
      const [all, one] = [await switchesOf(false), await switchesOf(true)];
      expect({ all, one }).toEqual({ all, one: expect.closeTo(rounds, -2) });
      expect(all).toBeGreaterThan(1.5 * one);
    },
  );

  test('serves on a multiplexer of the user, in every form of waiting', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer());
    const served: string[] = [];
    const { port, close } = await testOn(multiplexer, served);
    const peer = await connectPeer(port);
    void peer.write('a');
    await until(() => {
      expect(multiplexer.waitSync(0)).toHaveLength(0);
      return served.includes('a');
    }, 'waitSync');
    const wait = multiplexer.wait(1000);
    void peer.write('b');
    await until(() => served.includes('b'), 'wait');
    multiplexer.wakeup();
    await wait;
    const controller = new AbortController();
    const run = multiplexer.run(() => undefined, { signal: controller.signal });
    void peer.write('c');
    await until(() => served.includes('c'), 'run');
    expect((await peer.take(3)).toString()).toBe('abc');
    await within(close(), 'closing');
    controller.abort();
    await run;
    expect(multiplexer.size).toBe(0);
  });

  test.each(['outside', 'a data handler'])(
    'is closed with its connections when the multiplexer is closed from %s',
    async (where) => {
      const multiplexer = disposedAtEnd(new Multiplexer());
      const told: unknown[] = [];
      const closed = new Signal<Error | undefined>();
      const listener = await listen({
        port: 0,
        multiplexer,
        socket: {
          data: () => {
            if (where !== 'outside') multiplexer.close();
          },
          close: (_connection, error) => closed.set(error),
          error: (connection, error) =>
            told.push({ of: connection.remoteAddress.family, code: Reflect.get(error, 'code') }),
        },
        onError: (error) => told.push(error),
      });
      const run = multiplexer.run(() => undefined);
      const peer = await connectPeer(portOf(listener));
      await until(() => listener.connections === 1, 'a connection');
      await peer.write('x');
      if (where === 'outside') multiplexer.close();
      expect(await closed.within('the close')).toMatchObject({ code: 'ERR_CLOSED' });
      await peer.ended();
      expect(await run).toBe('closed');
      expect(listener.closed).toBe(true);
      expect(told).toMatchObject([{ code: 'ERR_CLOSED' }, { of: 'inet', code: 'ERR_CLOSED' }]);
      await within(listener.close(), 'closing again');
    },
  );

  test('sends what is written between two blocking waits before the second one blocks', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer());
    const connections: Connection[] = [];
    const listener = await listen({
      port: 0,
      multiplexer,
      socket: { open: (connection) => connections.push(connection) },
    });
    const peer = await connectPeer(portOf(listener));
    await until(() => {
      multiplexer.waitSync(0);
      return connections.length === 1;
    }, 'a connection');
    connections[0]?.write('now');
    multiplexer.waitSync(1);
    expect((await peer.take(3)).toString()).toBe('now');
    const closed = listener.close();
    multiplexer.waitSync(0);
    await within(closed, 'closing');
  });

  test('does not block on an inherited blocking socket if another process has accepted the reported connection', async () => {
    const script = `
      const { listen, Multiplexer, pipe, Socket } = require('./dist/index.js');
      const socket = Socket.create({ blocking: true });
      socket.bind({ family: 'inet', host: '127.0.0.1', port: 0 });
      socket.listen();
      // Poll reports in the order of registering, so this one is served first.
      const multiplexer = new Multiplexer({ backend: 'poll' });
      const [reader, writer] = pipe();
      multiplexer.register(reader, { interest: 'read', onReady: () => { reader.read(1); socket.accept(); } });
      listen({ fd: socket.fd, multiplexer, socket: {} }).then((listener) => {
        const client = Socket.create({ blocking: true });
        client.connect(listener.address);
        writer.write('x');
        multiplexer.waitSync(0);
        console.log('accepted', listener.connections);
        process.exit();
      });`;
    const ended = await start(process.execPath, ['-e', script]).ended();
    expect(ended).toMatchObject({ code: 0, stdout: 'accepted 0\n', stderr: '' });
  });

  test('reports a failing error handler, and lets the process end when it is closed', async () => {
    const caught = catchUncaught();
    const listener = await testListener({ socket: { error: () => undefined } });
    expect(formatAddress(listener.address)).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(caught).toHaveLength(0);
    const script = `
      const { listen, connect } = require('./dist/index.js');
      listen({ port: 0, socket: { data: (c, b) => { c.write(b); } } }).then(async (listener) => {
        const connection = await connect({ port: listener.address.port, socket: { data: (c) => { c.end(); listener.close({ drainMs: 1000 }); } } });
        connection.write('x');
      });`;
    const ended = await start(process.execPath, ['-e', script]).ended();
    expect(ended).toMatchObject({ code: 0, stderr: '' });
  });
});

async function testOn(multiplexer: Multiplexer, served: string[]) {
  const listener = await listen({
    port: 0,
    multiplexer,
    socket: {
      data: (connection, bytes) => {
        served.push(bytes.toString());
        connection.write(bytes);
      },
    },
  });
  return { port: portOf(listener), close: () => listener.close() };
}

function fail(): never {
  throw new Error('not there');
}
