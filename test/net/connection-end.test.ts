import { connect, type Connection, type SocketHandlers } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { echo, portOf, serveOne, Signal, testListener, VARIANTS } from '../support/connections.js';
import { until, within } from '../support/deadline.js';
import { connectPeer, listenPeer } from '../support/peers.js';

describe.each(VARIANTS)('a connection that ends on $backend/$trigger', (variant) => {
  const served = (socket: SocketHandlers<unknown>, options: object = {}) =>
    serveOne(socket, { ...variant, ...options });

  test('stays open for writing after the peer has ended, if there is an end handler', async () => {
    const { peer, closed } = await served({
      end: (connection) => {
        setImmediate(() => {
          connection.write('late ');
          connection.end('answer');
        });
      },
    });
    peer.end();
    expect((await peer.ended()).toString()).toBe('late answer');
    expect(await closed.within('the close')).toBeUndefined();
  });

  test('ends its side too when the peer has ended and nobody handles that', async () => {
    const { peer, closed } = await served(echo);
    await peer.write('last words');
    peer.end();
    expect((await peer.ended()).toString()).toBe('last words');
    expect(await closed.within('the close')).toBeUndefined();
  });

  test('goes on reading after it has ended its own side', async () => {
    const received: string[] = [];
    const { peer, connection, closed } = await served({
      data: (_connection, bytes) => received.push(bytes.toString()),
    });
    connection.end('bye');
    expect((await peer.ended()).toString()).toBe('bye');
    // node:net ends its side as soon as it has read the end; what it wrote before still arrives.
    expect(await closed.within('the close')).toBeUndefined();
    expect(connection.isDestroyed).toBe(true);

    const server = await listenPeer();
    const answered = new Signal<string>();
    const client = await connect({
      ...variant,
      port: server.port,
      socket: { data: (_connection, bytes) => answered.set(bytes.toString()) },
    });
    const halfOpen = await server.accepted();
    client.end('question');
    expect((await halfOpen.ended()).toString()).toBe('question');
    await halfOpen.write('answer');
    expect(await answered.within('the answer')).toBe('answer');
    halfOpen.end();
  });

  test('reports a write after end to the error handler, once, and takes nothing', async () => {
    const { peer, connection, errors } = await served({ end: () => undefined });
    connection.end('end');
    expect(connection.write('too late')).toBe(false);
    expect(connection.write('still too late')).toBe(false);
    connection.end('again');
    await until(() => errors.length > 0, 'the error');
    expect(errors).toMatchObject([{ code: 'ERR_WRITE_AFTER_END' }]);
    expect(connection.isDestroyed).toBe(false);
    expect((await peer.ended()).toString()).toBe('end');
    connection.destroy();
    expect(connection.write('gone')).toBe(false);
  });

  test('reports nothing about a connection after its close', async () => {
    const told: string[] = [];
    const connections: Connection<string>[] = [];
    const listener = await testListener<string>({
      ...variant,
      socket: {
        open: (connection) => {
          connection.data = String(connections.push(connection));
        },
        error: (connection) => told.push(`error ${connection.data}`),
        close: (connection) => {
          told.push(`close ${connection.data}`);
          connections[1]?.write('after its end');
          connections[1]?.destroy();
        },
      },
    });
    await Promise.all([connectPeer(portOf(listener)), connectPeer(portOf(listener))]);
    await until(() => connections.length === 2, 'two connections');
    connections[1]?.end();
    connections[0]?.destroy();
    await until(() => told.length >= 2, 'both ends');
    // This takes another turn.
    await within(listener.close(), 'closing');
    expect(told).toEqual(['close 1', 'close 2']);
  });

  test('may be destroyed, by anyone, inside a loop over connections', async () => {
    const connections = new Set<Connection>();
    const order: string[] = [];
    const listener = await testListener({
      ...variant,
      socket: {
        open: (connection) => connections.add(connection),
        data: () => {
          for (const connection of connections) {
            connection.write('x');
            connection.destroy();
            connection.destroy();
            order.push('destroyed');
          }
        },
        close: (connection) => {
          order.push('closed');
          connections.delete(connection);
        },
      },
    });
    const peers = await Promise.all([1, 2, 3].map(() => connectPeer(portOf(listener))));
    await until(() => connections.size === 3, 'three connections');
    await peers[0]?.write('now');
    await Promise.all(peers.map((peer) => peer.ended()));
    await until(() => connections.size === 0, 'the closes');
    expect(order).toEqual([...Array(3).fill('destroyed'), ...Array(3).fill('closed')]);
    expect(listener.connections).toBe(0);
  });
});
