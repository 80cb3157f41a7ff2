import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type Connection, listen, Multiplexer, Socket } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { echo, exchange, portOf, testListener, VARIANTS } from '../support/connections.js';
import { nextEvent, until, within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { packagePath, start } from '../support/processes.js';
import { terminatesBusyWorkers } from '../support/runtime.js';
import { localPort, tcpListener } from '../support/sockets.js';

describe.each(VARIANTS)('an inherited socket on $backend/$trigger', (variant) => {
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
});

describe('an inherited socket', () => {
  const itEnds = test.skipIf(!terminatesBusyWorkers);

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
          const peer = await connectPeer(localPort(socket));
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
      // A machine with other work adds switches to both.
      expect(all).toBeGreaterThan(1.5 * one);
    },
  );

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
});
