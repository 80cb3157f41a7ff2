import { createHash } from 'node:crypto';
import { type Connection, type SocketHandlers } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { ServedConnection } from '../../src/net/served-connection.js';
import { pattern, portOf, serveOne, testListener, VARIANTS } from '../support/connections.js';
import { until } from '../support/deadline.js';
import { connectPeer } from '../support/peers.js';

const MIB = 1024 * 1024;

describe.each(VARIANTS)('a connection on $backend/$trigger', (variant) => {
  const served = (socket: SocketHandlers<unknown>, options: object = {}) =>
    serveOne(socket, { ...variant, ...options });

  test('calls no data handler while it is paused, not even for bytes that had left the kernel, and loses none', async () => {
    const connections: Connection[] = [];
    const received: string[] = [];
    const listener = await testListener({
      ...variant,
      socket: {
        open: (connection) => connections.push(connection),
        data: (connection, bytes) => {
          received.push(bytes.toString());
          for (const other of connections) if (other !== connection) other.pause();
        },
      },
    });
    const peers = [await connectPeer(portOf(listener)), await connectPeer(portOf(listener))];
    await until(() => connections.length === 2, 'two connections');
    await Promise.all(peers.map((peer, index) => peer.write(`from ${index}`)));
    await until(() => received.length > 0, 'the first bytes');
    await peers[0]?.write(';');
    await peers[1]?.write(';');
    await new Promise((resolve) => setImmediate(resolve));
    expect(connections.some((connection) => connection.isPaused)).toBe(true);
    await until(() => {
      for (const connection of connections) connection.resume();
      return received.join('').length === 'from 0;from 1;'.length;
    }, 'all bytes');
  });

  test('reports the end of a connection that another handler has paused after the bytes that are held for it', async () => {
    const told: string[] = [];
    const { connection, peer } = await served({
      data: (_connection, bytes) => told.push(bytes.toString()),
      end: () => told.push('end'),
    });
    if (!(connection instanceof ServedConnection)) throw new Error('another class');
    connection.pause();
    // What the turn does when it has received for the connection before another handler paused it.
    connection.received(Buffer.from('held'), false);
    connection.receivedEnd();
    expect(told).toEqual([]);
    peer.end();
    connection.resume();
    await until(() => told.length === 2, 'the end');
    expect(told).toEqual(['held', 'end']);
    connection.destroy();
  });

  test('slows a sender down while it is paused, and goes on where it stopped', async () => {
    const bytes = pattern(8 * MIB);
    const hash = createHash('sha256');
    let length = 0;
    const { peer, connection, closed } = await served({
      open: (self) => self.pause(),
      data: (_connection, chunk) => {
        length += chunk.length;
        hash.update(chunk);
      },
    });
    peer.socket.end(bytes);
    await new Promise((resolve) => setImmediate(resolve));
    expect(length).toBe(0);
    connection.resume();
    await closed.within('the close');
    expect(length).toBe(bytes.length);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});
