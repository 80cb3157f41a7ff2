import { createHash } from 'node:crypto';
import { type Connection, SharedBytes, type SocketHandlers } from 'fdmux';
import { describe, expect, test } from 'vitest';
import type { ConnectionEvents } from '../../src/net/connection.js';
import { pattern, portOf, serveOne, Signal, testListener, VARIANTS } from '../support/connections.js';
import { until } from '../support/deadline.js';
import { connectPeer } from '../support/peers.js';

const MIB = 1024 * 1024;

describe.each(VARIANTS)('what a connection writes on $backend/$trigger', (variant) => {
  const served = (socket: SocketHandlers<unknown>, options: object = {}) =>
    serveOne(socket, { ...variant, ...options });

  test('joins what one turn writes, in the order of writing, whatever the kind of bytes', async () => {
    const { peer } = await served({
      data: (connection) => {
        connection.write('text ');
        connection.write(new Uint8Array([0x62, 0x20]));
        connection.write(new SharedBytes('shared '));
        connection.write('\u4f60\u597d ');
        connection.write('');
        connection.end('end');
      },
    });
    await peer.write('go');
    expect((await peer.ended()).toString()).toBe('text b shared \u4f60\u597d end');
  });

  test('copies what is written, so that the caller may use its memory again', async () => {
    const { peer } = await served({
      data: (connection) => {
        const bytes = Buffer.from('first ');
        connection.write(bytes);
        bytes.write('second');
        connection.write(bytes);
        const large = Buffer.alloc(2 * MIB, 'a');
        connection.write(large);
        large.fill('b');
        connection.end();
      },
    });
    await peer.write('go');
    const received = await peer.ended();
    expect(received.subarray(0, 12).toString()).toBe('first second');
    expect(received.subarray(12).equals(Buffer.alloc(2 * MIB, 'a'))).toBe(true);
  });

  test('keeps the order of small and large writes', async () => {
    const parts = [10, 20_000, 5, 100_000, 300_000, 1, 16_384, 3].map((length, index) => pattern(length, index));
    const { peer } = await served({
      data: (connection) => {
        for (const part of parts) connection.write(part);
        connection.end();
      },
    });
    await peer.write('go');
    expect((await peer.ended()).equals(Buffer.concat(parts))).toBe(true);
  });

  test.each([1000, 5000, 16_000])(
    'keeps writes of %i bytes in order when the kernel stops taking them within a turn',
    async (size) => {
      const sent = pattern(8 * MIB, size);
      const opened = new Signal<Connection>();
      const listener = await testListener({
        ...variant,
        maxPendingBytes: 16 * MIB,
        socket: { open: opened.set },
      });
      const peer = await connectPeer(portOf(listener));
      peer.socket.pause();
      const connection = await opened.within('a connection');
      // In one go: the turn is flushed several times on the way, and the first of these fills the socket.
      for (let at = 0; at < sent.length; at += size) connection.write(sent.subarray(at, at + size));
      connection.end();
      peer.socket.resume();
      expect((await peer.ended()).equals(sent)).toBe(true);
    },
  );

  test('brings 10 MiB to a slow reader, says that it is above the high-water mark, and when it is below again', async () => {
    const bytes = pattern(10 * MIB);
    const drained: number[] = [];
    const { peer, connection, closed } = await served({
      drain: (self) => {
        drained.push(self.pendingBytes);
        self.end();
      },
    });
    peer.socket.pause();
    expect(connection.write(bytes)).toBe(false);
    expect(connection.pendingBytes).toBeGreaterThan(65_536);
    const hash = createHash('sha256');
    let length = 0;
    peer.socket.on('data', (chunk) => {
      hash.update(chunk);
      length += chunk.length;
      // Slower than the kernel's buffers fill: a turn of the loop for each chunk.
      peer.socket.pause();
      setImmediate(() => peer.socket.resume());
    });
    peer.socket.resume();
    expect(await closed.within('the end')).toBeUndefined();
    expect(length).toBe(bytes.length);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(drained).toHaveLength(1);
    expect(drained[0]).toBeLessThanOrEqual(65_536);
  });

  test('says once that the kernel does not take all, and calls drain only when it has', async () => {
    const told: string[] = [];
    const drained = new Signal<number>();
    /** Objects may only have the public handlers. */
    class Layer implements ConnectionEvents<unknown> {
      readonly opened = new Signal<Connection>();

      open(connection: Connection): void {
        this.opened.set(connection);
      }

      behind(): void {
        told.push('behind');
      }

      drain(connection: Connection): void {
        told.push('drain');
        drained.set(connection.pendingBytes);
      }
    }
    const layer = new Layer();
    const highWaterMarkBytes = 64 * MIB;
    const limits = { highWaterMarkBytes, maxPendingBytes: 64 * MIB };
    const listener = await testListener({ ...variant, ...limits, socket: layer });
    const peer = await connectPeer(portOf(listener));
    peer.socket.pause();
    const connection = await layer.opened.within('a connection');
    for (let at = 0; at < 20; at += 1) expect(connection.write(pattern(MIB, at))).toBe(true);
    await until(() => told.length > 0, 'the report');
    connection.write(pattern(MIB));
    expect(told).toEqual(['behind']);
    peer.socket.resume();
    expect(await drained.within('room')).toBe(0);
    expect(told).toEqual(['behind', 'drain']);
    connection.write('a line');
    connection.end();
    await peer.ended();
    expect(told).toEqual(['behind', 'drain']);
  });

  test('destroys a connection whose peer never reads when its queue is full, and says why', async () => {
    const { peer, connection, closed, errors } = await served({}, { maxPendingBytes: MIB });
    peer.socket.pause();
    for (let i = 0; i < 100 && !connection.isDestroyed; i += 1) connection.write(pattern(MIB / 2));
    expect(connection.isDestroyed).toBe(true);
    expect(await closed.within('the close')).toMatchObject({ code: 'ERR_WRITE_QUEUE_FULL' });
    expect(errors).toMatchObject([{ code: 'ERR_WRITE_QUEUE_FULL' }]);
    expect(connection.pendingBytes).toBe(0);
  });
});
