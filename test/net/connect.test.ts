import { lookup } from 'node:dns/promises';
import { connect, type Connection, Multiplexer, Socket } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { portOf, Signal, testListener, VARIANTS } from '../support/connections.js';
import { until, within } from '../support/deadline.js';
import { disposedAtEnd, maxOpenFiles, withoutFreeFds } from '../support/fds.js';
import { freePort, listenPeer } from '../support/peers.js';
import { start } from '../support/processes.js';

describe.each(VARIANTS)('connect on $backend/$trigger', (variant) => {
  test('gives an open connection with its data, after the open handler', async () => {
    const server = await listenPeer();
    const opened: Connection<{ name: string }>[] = [];
    const received = new Signal<string>();
    const connection = await connect({
      ...variant,
      port: server.port,
      data: { name: 'ann' },
      socket: {
        open: (self) => {
          self.write(`I am ${self.data.name}`);
          opened.push(self);
        },
        data: (_self, bytes) => received.set(bytes.toString()),
      },
    });
    expect(opened).toEqual([connection]);
    expect(connection.remoteAddress).toEqual({ family: 'inet', host: '127.0.0.1', port: server.port });
    const peer = await server.accepted();
    expect((await peer.take(8)).toString()).toBe('I am ann');
    await peer.write('hello');
    expect(await received.within('the answer')).toBe('hello');
    connection.destroy();
    await peer.ended();
  });

  test('reports that nobody listens', async () => {
    const port = await freePort();
    await expect(connect({ ...variant, port, socket: {} })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
    });
    await expect(connect({ ...variant, path: '/nowhere/at/all', socket: {} })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  test('tries every address of a name', async () => {
    // localhost is ::1 and 127.0.0.1 on most machines, in either order; the listener is on the second one alone.
    const addresses = await lookup('localhost', { all: true, verbatim: true });
    const last = addresses.at(-1)?.address ?? '127.0.0.1';
    const listener = await testListener({ ...variant, host: last, socket: {} });
    const connection = await connect({ ...variant, host: 'localhost', port: portOf(listener), socket: {} });
    await until(() => listener.connections === 1, 'the connection');
    expect(connection.remoteAddress).toEqual(listener.address);
    connection.destroy();
  });

  test('can be given up, before and while', async () => {
    const reason = new Error('changed my mind');
    const socket = {};
    await expect(connect({ ...variant, port: 1, socket, signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      name: 'AbortError',
      cause: reason,
    });
    // Its multiplexer is never waited on, so the attempt stays under way.
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
    const server = await listenPeer();
    const controller = new AbortController();
    const under = connect({ ...variant, multiplexer, port: server.port, socket, signal: controller.signal });
    under.catch(() => undefined);
    await until(() => multiplexer.size === 1, 'the attempt');
    controller.abort(reason);
    await expect(within(under, 'the end')).rejects.toMatchObject({ code: 'ABORT_ERR' });
    expect(multiplexer.size).toBe(0);
  });
});

describe.each(VARIANTS)('connect without fds on $backend/$trigger', (variant) => {
  test.skipIf(maxOpenFiles() > 100_000)(
    'leaves nothing registered if the idle timer cannot be made',
    { tags: ['needs-fd-limit', 'needs-quiet-fds'] },
    async () => {
      const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
      const server = await listenPeer();
      const options = { ...variant, multiplexer, port: server.port, idleTimeoutMs: 60_000, socket: {} };
      const under = connect(options);
      under.catch(() => undefined);
      await server.accepted();
      withoutFreeFds(() => multiplexer.waitSync(0));
      await expect(within(under, 'the end')).rejects.toMatchObject({ code: 'EMFILE', syscall: 'timerfd_create' });
      expect(multiplexer.size).toBe(0);
    },
  );
});

describe('connect', () => {
  test(
    'goes on when there are fds again, after there was none for its timer',
    { tags: ['needs-quiet-fds'] },
    async () => {
      const script = `
      const { connect, Socket } = require('./dist/index.js');
      const options = { backend: 'poll', port: Number(process.argv.at(-1)), socket: {} };
      const taken = [];
      try {
        for (;;) taken.push(Socket.create({ family: 'unix', type: 'dgram' }));
      } catch {}
      connect(options).catch(async (error) => {
        console.log(error.code);
        for (const socket of taken) socket.close();
        const connection = await connect(options);
        console.log('connected');
        connection.destroy();
      });`;
      const { port } = await listenPeer();
      const ended = await start('prlimit', ['--nofile=60', process.execPath, '-e', script, String(port)]).ended();
      expect(ended).toMatchObject({ code: 0, stdout: 'EMFILE\nconnected\n', stderr: '' });
    },
  );

  test('gives up an address after connectTimeoutMs', async () => {
    // Nobody accepts: with its queue full, the kernel does not answer the next peer.
    const deaf = disposedAtEnd(Socket.create({ family: 'inet', type: 'stream' }));
    deaf.bind({ family: 'inet', host: '127.0.0.1', port: 0 });
    deaf.listen(0);
    const address = deaf.getsockname();
    const port = address.family === 'inet' ? address.port : 0;
    const waiting: Connection[] = [];
    const begin = performance.now();
    const error: unknown = await within(
      (async () => {
        for (;;) waiting.push(await connect({ port, connectTimeoutMs: 50, socket: {} }));
      })(),
      'the end',
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ETIMEDOUT', syscall: 'connect' });
    expect(performance.now() - begin).toBeGreaterThanOrEqual(49);
    for (const connection of waiting) connection.destroy();
  });

  test('can be given up while a name is resolved', async () => {
    const controller = new AbortController();
    const options = { host: 'no.such.host.invalid', port: 1, socket: {}, signal: controller.signal };
    const under = connect(options);
    controller.abort();
    await expect(under).rejects.toMatchObject({ code: 'ABORT_ERR' });
    await expect(connect(options)).rejects.toMatchObject({ code: 'ABORT_ERR' });
  });

  test('reads its options at once, so that the object may be used again', async () => {
    const { port } = await listenPeer();
    const options = { port, socket: {}, data: 'first', signal: new AbortController().signal };
    const first = connect(options);
    Object.assign(options, { data: 'second', signal: AbortSignal.abort() });
    const connection = await within(first, 'the connection');
    expect(connection.data).toBe('first');
    connection.destroy();
  });

  test('says what is wrong with its options', async () => {
    const cases: [object, string][] = [
      [{ port: 1 }, 'ERR_INVALID_ARG_TYPE'],
      [{ socket: {} }, 'ERR_INVALID_ARG_TYPE'],
      [{ port: 1, socket: {}, connectTimeoutMs: 0 }, 'ERR_OUT_OF_RANGE'],
      [{ port: 1, socket: {}, signal: {} }, 'ERR_INVALID_ARG_TYPE'],
      [{ port: 1, host: 'no.such.host.invalid', socket: {} }, 'ENOTFOUND'],
      [{ port: 1, host: 'localhost\0.example', socket: {} }, 'ERR_OUT_OF_RANGE'],
      [{ port: 1, socket: {}, keepAlive: { probes: 0 } }, 'ERR_OUT_OF_RANGE'],
    ];
    for (const [options, code] of cases) {
      const untyped: unknown = options;
      const outcome: unknown = await Promise.resolve(Reflect.apply(connect, undefined, [untyped])).catch(
        (error: unknown) => error,
      );
      // Where there is no name server at all, the resolver says so instead.
      const codes = code === 'ENOTFOUND' ? ['ENOTFOUND', 'EAI_AGAIN'] : [code];
      expect(codes).toContain(Reflect.get(Object(outcome), 'code'));
    }
  });
});
