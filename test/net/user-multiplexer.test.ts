import { type Connection, listen, Multiplexer } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { portOf, Signal, VARIANTS } from '../support/connections.js';
import { until, within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';

describe.each(VARIANTS)('a listener on a multiplexer of the user on $backend/$trigger', (variant) => {
  test('is closed, with time to drain, when its multiplexer was closed before', async () => {
    const multiplexer = new Multiplexer({ backend: variant.backend });
    const listener = await listen({ ...variant, port: 0, multiplexer, socket: {} });
    multiplexer.close();
    await within(listener.close({ drainMs: 50 }), 'closing');
  });
});

describe('a listener on a multiplexer of the user', () => {
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
