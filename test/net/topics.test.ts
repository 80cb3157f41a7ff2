import { type Connection, SharedBytes } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { pattern, portOf, testListener, VARIANTS } from '../support/connections.js';
import { until } from '../support/deadline.js';
import { connectPeer } from '../support/peers.js';
import { seeded } from '../support/random.js';

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

  test('publishes many messages in one turn, in order with everything else that is written', async () => {
    const connections: Connection[] = [];
    const listener = await testListener({
      ...variant,
      // Smaller than what is published in some turns.
      highWaterMarkBytes: 4096,
      socket: { open: (connection) => void connections.push(connection) },
    });
    const peers = await Promise.all(Array.from({ length: 9 }, () => connectPeer(portOf(listener))));
    await until(() => connections.length === peers.length, 'all connections');
    const all = connections.map((connection) => ({ connection, isSubscribed: false, expected: new Array<Buffer>() }));
    const random = seeded(11);
    const upTo = (count: number): number => Math.floor(random() * count);
    const any = (): (typeof all)[number] => all[upTo(all.length)] ?? expect.fail();
    const toggle = (one: (typeof all)[number]): void => {
      one.isSubscribed = !one.isSubscribed;
      if (one.isSubscribed) one.connection.subscribe('all');
      else one.connection.unsubscribe('all');
    };
    const publish = (): void => {
      const except = upTo(2) === 0 ? any() : undefined;
      const content = pattern(upTo(upTo(8) === 0 ? 3000 : 200), upTo(1000));
      const text = content.toString('latin1');
      const form = [text, content, new SharedBytes(text)][upTo(3)] ?? text;
      const readers = all.filter((one) => one.isSubscribed && one !== except && one.connection.isWritable);
      expect(listener.publish('all', form, { except: except?.connection })).toBe(readers.length);
      const bytes = form === content ? content : Buffer.from(text);
      for (const { expected } of readers) expected.push(bytes);
    };
    for (const one of all) toggle(one);
    for (let turn = 0; turn < 60; turn += 1) {
      for (let count = upTo(20); count > 0; count -= 1) {
        const one = any();
        const step = upTo(10);
        if (step === 0) toggle(one);
        else if (step < 3 && one.connection.isWritable) {
          one.connection.write(`to ${turn}`);
          one.expected.push(Buffer.from(`to ${turn}`));
        } else publish();
      }
      if (turn === 30) connections[0]?.end();
      if (turn % 3 > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const [index, peer] of peers.entries()) {
      const expected = Buffer.concat(
        all.find(({ connection }) => connection === byPeer(connections, peer))?.expected ?? [],
      );
      expect((await peer.take(expected.length)).equals(expected), `peer ${index}`).toBe(true);
    }
  });

  test('counts none that end in the middle of a turn, and calls drain for those that got much', async () => {
    const drained: Connection[] = [];
    const connections: Connection[] = [];
    const listener = await testListener({
      ...variant,
      highWaterMarkBytes: 1000,
      socket: {
        open: (connection) => {
          connection.subscribe('all');
          connections.push(connection);
        },
        drain: (connection) => void drained.push(connection),
      },
    });
    await Promise.all(Array.from({ length: 6 }, () => connectPeer(portOf(listener))));
    await until(() => connections.length === 6, 'all connections');
    const counts = Array.from({ length: 3 }, () => listener.publish('all', 'x'.repeat(20)));
    connections[0]?.end();
    counts.push(listener.publish('all', 'y'), listener.publish('all', 'y'));
    connections[1]?.destroy();
    counts.push(listener.publish('all', 'z'), listener.publish('all', 'z'));
    expect(counts).toEqual([6, 6, 6, 5, 5, 4, 4]);
    for (let count = 0; count < 20; count += 1) listener.publish('all', 'x'.repeat(100));
    await until(() => drained.length === 4, 'drain');
    expect(new Set(drained)).toEqual(new Set(connections.slice(2)));
  });
});

/** The connection whose other end a peer is. */
function byPeer(connections: readonly Connection[], { port }: { readonly port: number }): Connection | undefined {
  return connections.find(({ remoteAddress }) => 'port' in remoteAddress && remoteAddress.port === port);
}
