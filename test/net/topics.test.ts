import { type Connection } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { pattern, portOf, testListener, VARIANTS } from '../support/connections.js';
import { until } from '../support/deadline.js';
import { connectPeer } from '../support/peers.js';

describe.each(VARIANTS)('topics on $backend/$trigger', (variant) => {
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
});
