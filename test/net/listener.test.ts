import { existsSync } from 'node:fs';
import { connect as connectNode, type Socket as NodeSocket } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { connect, listen, Multiplexer } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { echo, exchange, portOf, Signal, testListener, VARIANTS } from '../support/connections.js';
import { nextEvent, within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { connectPeer, Peer } from '../support/peers.js';
import { packagePath } from '../support/processes.js';
import { terminatesBusyWorkers } from '../support/runtime.js';
import { testSocket } from '../support/sockets.js';
import { temporaryFolder } from '../support/temporary.js';

function connectPath(path: string): Promise<Peer> {
  const socket: NodeSocket = connectNode({ path });
  onTestFinished(() => {
    socket.destroy();
  });
  return nextEvent(socket, 'connect').then(() => new Peer(socket));
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

  test('leaves nothing behind if it cannot be served', async () => {
    const path = join(temporaryFolder(), 'socket');
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: 'poll' }));
    const options = { multiplexer, exclusive: true, socket: {} };
    await expect(listen({ ...options, path })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED_TRIGGER' });
    expect(existsSync(path)).toBe(false);
    await expect(listen({ ...options, port: 0 })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED_TRIGGER' });
    expect(multiplexer.size).toBe(0);
  });
});

describe('listen', () => {
  const itEnds = test.skipIf(!terminatesBusyWorkers);
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
        await within(Promise.all(workers.map((worker) => worker.terminate())), 'the end of the workers');
        await Promise.all(peers.map((peer) => peer.ended()));
        await expect(connect({ port, socket: {} })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      }
    },
  );
});
