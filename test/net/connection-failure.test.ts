import { listen, Multiplexer, type SocketHandlers } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { catchUncaught, echo, portOf, serveOne, Signal, testListener, VARIANTS } from '../support/connections.js';
import { until, within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { testSocket } from '../support/sockets.js';

describe.each(VARIANTS)('a connection on $backend/$trigger', (variant) => {
  const served = (socket: SocketHandlers<unknown>, options: object = {}) =>
    serveOne(socket, { ...variant, ...options });

  test('reports a reset by its errno, once', async () => {
    const { peer, closed, errors } = await served(echo);
    peer.reset();
    expect(await closed.within('the close')).toMatchObject({ code: 'ECONNRESET', syscall: 'recv' });
    expect(errors).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  test('reports an fd that somebody else has closed, and closes the others all the same', async () => {
    const caught = catchUncaught();
    const { listener, connection, closed } = await served({});
    const other = await connectPeer(portOf(listener));
    await until(() => listener.connections === 2, 'two connections');
    native.close(connection.fd);
    connection.destroy();
    await within(listener.close(), 'closing');
    expect(await closed.within('the close')).toBeUndefined();
    await other.ended();
    expect(caught).toMatchObject([{ code: 'EBADF', syscall: 'close' }]);
  });

  test('is closed when a data handler closes the multiplexer with more to be read', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
    const closed = new Signal<Error | undefined>();
    const listener = await listen({
      ...variant,
      path: `\0fdmux-test-${process.pid}`,
      multiplexer,
      socket: {
        data: () => multiplexer.close(),
        close: (_connection, error) => closed.set(error),
      },
    });
    const peer = testSocket({ family: 'unix' });
    peer.connect(listener.address);
    expect(peer.sendAll(Buffer.alloc(128 * 1024))).toBe(128 * 1024);
    multiplexer.waitSync(0);
    expect(listener.connections).toBe(1);
    expect(() => multiplexer.waitSync(0)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    expect(await closed.within('the close')).toMatchObject({ code: 'ERR_CLOSED' });
    expect(listener.connections).toBe(0);
  });

  test('lets a handler that throws reach uncaughtException, and serves the connection and the others on', async () => {
    const caught = catchUncaught();
    const { peer, listener } = await served({
      data: (connection, bytes) => {
        if (bytes.toString() === 'bad') throw new Error('from a handler');
        connection.write(bytes);
      },
    });
    const other = await connectPeer(portOf(listener));
    await Promise.all([peer.write('bad'), other.write('good')]);
    expect((await other.take(4)).toString()).toBe('good');
    await until(() => caught.length > 0, 'the exception');
    await peer.write('well');
    expect((await peer.take(4)).toString()).toBe('well');
    expect(caught).toMatchObject([{ message: 'from a handler' }]);
  });

  test.each(['open', 'end', 'close', 'drain', 'error'] as const)(
    'lets the %s handler throw without harm to others',
    async (name) => {
      const caught = catchUncaught();
      const throws = () => {
        throw new Error(`from ${name}`);
      };
      const listener = await testListener({
        ...variant,
        highWaterMarkBytes: 0,
        socket: {
          ...echo,
          end: (connection) => {
            connection.end();
            if (name === 'error') connection.write('after end');
          },
          [name]: throws,
        },
      });
      const first = await connectPeer(portOf(listener));
      await first.write('x');
      await first.take(1);
      first.end();
      await until(() => caught.length > 0, 'the exception');
      const second = await connectPeer(portOf(listener));
      await second.write('y');
      expect((await second.take(1)).toString()).toBe('y');
      expect(caught[0]).toMatchObject({ message: `from ${name}` });
    },
  );

  test('destroys an idle connection after its time, and not one on which bytes move', async () => {
    const closed: string[] = [];
    const listener = await testListener<string>({
      ...variant,
      idleTimeoutMs: 200,
      socket: {
        data: (connection, bytes) => {
          connection.data = bytes.toString();
        },
        close: (connection, error) =>
          closed.push(`${connection.data} ${String(error && 'code' in error && error.code)}`),
      },
    });
    const busy = await connectPeer(portOf(listener));
    const idle = await connectPeer(portOf(listener));
    await idle.write('idle');
    const beat = setInterval(() => void busy.write('busy'), 20);
    try {
      const begin = performance.now();
      await until(() => closed.length > 0, 'the timeout');
      expect(performance.now() - begin).toBeGreaterThan(150);
      expect(closed).toEqual(['idle ERR_IDLE_TIMEOUT']);
    } finally {
      clearInterval(beat);
    }
  });

  test('does not call a connection idle because the process stood still', async () => {
    const events: string[] = [];
    const listener = await testListener({
      ...variant,
      idleTimeoutMs: 60,
      socket: {
        data: (_connection, bytes) => events.push(bytes.toString()),
        close: (_connection, error) => events.push(String(error && 'code' in error && error.code)),
      },
    });
    const peer = await connectPeer(portOf(listener));
    await peer.write('a');
    await until(() => events.length === 1, 'the first byte');
    for (let time = 0; time < 3; time++) {
      await peer.write('b');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
    await until(() => events.length > 1, 'the byte, or the end');
    expect(events[1]).toMatch(/^b+$/);
  });
});
