/** A failed call of the backend: its users get the error, and the process goes on. */
import { execFileSync } from 'node:child_process';
import { connect, listen, Multiplexer, Socket } from 'fdmux';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { native } from '../../src/binding/load.js';
import { catchUncaught, portOf, Signal } from '../support/connections.js';
import { within } from '../support/deadline.js';
import { disposedAtEnd, openFds } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { start } from '../support/processes.js';

/** Makes something, and finds the epoll fd that it has opened. */
async function withEpollFd<Result>(make: () => Promise<Result>): Promise<{ result: Result; epollFd: number }> {
  const before = openFds();
  const result = await make();
  const added = [...openFds()].filter(([fd, what]) => !before.has(fd) && what.includes('eventpoll'));
  return { result, epollFd: added[0]?.[0] ?? -1 };
}

describe("a failed wait of the user's own multiplexer", () => {
  test(
    'is reported to the listener and its connections, which stay, and to the caller of the wait',
    { tags: ['needs-epoll'] },
    async () => {
      const { result: multiplexer, epollFd } = await withEpollFd(() => Promise.resolve(new Multiplexer()));
      onTestFinished(() => {
        expect(() => multiplexer.close()).toThrow(expect.objectContaining({ code: 'EBADF' }));
        expect(multiplexer.closed).toBe(true);
      });
      const told: string[] = [];
      const code = (error: Error): string => String(Reflect.get(error, 'code'));
      const listener = await listen({
        port: 0,
        multiplexer,
        socket: { error: (connection, error) => told.push(`${connection.remoteAddress.family} ${code(error)}`) },
        onError: (error) => told.push(`listener ${code(error)}`),
      });
      await connectPeer(portOf(listener));
      while (listener.connections === 0) multiplexer.waitSync(1000);
      native.close(epollFd);
      expect(() => multiplexer.waitSync(0)).toThrow(expect.objectContaining({ code: 'EBADF' }));
      expect(told).toEqual(['listener EBADF', 'inet EBADF']);
      expect(listener.closed).toBe(false);
    },
  );
});

/** Serves by the shared multiplexer of poll, and prints its errors. The limit of fds is lowered from outside. */
const pollServer = `
  const { listen } = require('./dist/index.js');
  listen({
    port: 0,
    backend: 'poll',
    socket: {
      data: (connection, bytes) => { connection.write(bytes); },
      error: (connection, error) => { console.log('connection', error.code); },
    },
    onError: (error) => { console.log('listener', error.code); },
  }).then((listener) => console.log('port', listener.address.port));`;

describe('a failed wait of the shared multiplexer', () => {
  test('that may pass is reported to all that are served, once, and they are served again when it has passed', async () => {
    const server = start(process.execPath, ['-e', pollServer]);
    const port = Number((await server.line(/^port (\d+)$/))[1]);
    const peers = [await connectPeer(port), await connectPeer(port)];
    for (const peer of peers) {
      await peer.write('a');
      await peer.take(1);
    }
    const limit = (value: string) => execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${value}:`]);
    limit('1');
    await peers[0]?.write('b');
    await server.line(/^listener EINVAL$/);
    await server.line(/^connection EINVAL$/);
    await server.line(/^connection EINVAL$/);
    limit('256');
    for (const peer of peers) await peer.write('c');
    expect((await peers[0]?.take(2))?.toString()).toBe('bc');
    expect((await peers[1]?.take(1))?.toString()).toBe('c');
    expect(server.stdout.match(/listener/g)).toHaveLength(1);
  });

  test('that cannot pass ends all that are served, with its error, and the next ones have a new multiplexer', async () => {
    // libuv would learn nothing of an fd that is closed.
    vi.stubEnv('FDMUX_WAITER', 'thread');
    onTestFinished(() => void vi.unstubAllEnvs());
    const caught = catchUncaught();
    const told = new Signal<Error>();
    const closed = new Signal<Error | undefined>();
    const streamError = new Signal<Error>();
    const { result: listener, epollFd } = await withEpollFd(() =>
      listen({
        port: 0,
        backend: 'epoll',
        socket: { close: (_connection, error) => closed.set(error) },
        onError: told.set,
      }),
    );
    const [near, far] = Socket.pair();
    disposedAtEnd(far);
    near.toDuplex().on('error', streamError.set).resume();
    await connectPeer(portOf(listener));
    const client = await connect({ port: portOf(listener), socket: {} });
    native.close(epollFd);
    // Something that has the multiplexer look.
    client.write('x');
    far.send('x');
    expect(await told.within('the error of the listener')).toMatchObject({ code: 'EBADF' });
    expect(await closed.within('the end of a connection')).toMatchObject({ code: 'EBADF' });
    expect(await streamError.within('the error of the stream')).toMatchObject({ code: 'EBADF' });
    await within(listener.close(), 'closing');
    expect(caught).toEqual([]);
    const another = await listen({ port: 0, backend: 'epoll', socket: {} });
    await within(another.close(), 'closing another');
  });
});
