import { Socket } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { WriteQueue } from '../../src/net/write-queue.js';
import { pattern } from '../support/connections.js';
import { disposedAtEnd } from '../support/fds.js';

/** Receives everything that has arrived. */
function readAll(socket: Socket): Buffer {
  const chunks: Buffer[] = [];
  for (let chunk = socket.recv(65_536); chunk !== null; chunk = socket.recv(65_536)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The memory in use for buffers and on the engine's heap. */
function heldBytes(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

describe('a write queue', () => {
  test('sends copied and shared bytes in order, however little the kernel takes at a time', () => {
    const [writer, reader] = Socket.pair({ type: 'stream' }).map(disposedAtEnd);
    if (writer === undefined || reader === undefined) throw new Error('no pair');
    const parts = Array.from({ length: 400 }, (_, index) => pattern(1 + ((index * 3571) % 9000), index));
    const queue = new WriteQueue();
    for (const [index, part] of parts.entries()) {
      if (index % 3 === 0) {
        queue.pushShared(part);
      } else {
        const reused = Buffer.from(part);
        queue.push(reused);
        reused.fill(0);
      }
    }
    const expected = Buffer.concat(parts);
    expect(queue.byteLength).toBe(expected.length);
    const received: Buffer[] = [];
    let sent = 0;
    while (queue.byteLength > 0) {
      sent += queue.sendTo(writer.fd);
      received.push(readAll(reader));
    }
    expect(sent).toBe(expected.length);
    expect(Buffer.concat(received).equals(expected)).toBe(true);
  });

  test('sends many short chunks in order, copied ones among shared ones', () => {
    const [writer, reader] = Socket.pair({ type: 'stream' }).map(disposedAtEnd);
    if (writer === undefined || reader === undefined) throw new Error('no pair');
    const queue = new WriteQueue();
    const lines = Array.from({ length: 800 }, (_, index) => Buffer.from(`line ${index}\n`.repeat(1 + (index % 30))));
    for (const [index, line] of lines.entries()) {
      if (index % 3 === 0) queue.push(line);
      else queue.pushShared(line);
    }
    const received: Buffer[] = [];
    while (queue.byteLength > 0) {
      queue.sendTo(writer.fd);
      received.push(readAll(reader));
    }
    expect(Buffer.concat(received).toString()).toBe(Buffer.concat(lines).toString());
  });

  test('keeps long chunks of several queues apart, in memory that others have used before', () => {
    const queues = Array.from({ length: 6 }, () => {
      const [writer, reader] = Socket.pair({ type: 'stream' }).map(disposedAtEnd);
      if (writer === undefined || reader === undefined) throw new Error('no pair');
      return { writer, reader, queue: new WriteQueue(), received: new Array<Buffer>(), expected: new Array<Buffer>() };
    });
    for (let round = 0; round < 20; round += 1) {
      for (const [index, { queue, expected }] of queues.entries()) {
        for (const length of [24_000 + index, 65_536, 40_000 + round]) {
          const part = pattern(length, round * 10 + index);
          queue.push(part);
          expected.push(Buffer.from(part));
        }
      }
      // They are empty one after the other, so the next ones take over their memory.
      for (const { queue, writer, reader, received } of queues) {
        while (queue.byteLength > 0) {
          queue.sendTo(writer.fd);
          received.push(readAll(reader));
        }
      }
    }
    for (const { received, expected } of queues) {
      expect(Buffer.concat(received).equals(Buffer.concat(expected))).toBe(true);
    }
  });

  test('holds bytes that many queues share only once, however long the queues are', () => {
    const lines = Array.from({ length: 2000 }, (_, index) => Buffer.alloc(1000, index));
    const queues = Array.from({ length: 100 }, () => new WriteQueue());
    const before = heldBytes();
    for (const line of lines) for (const queue of queues) queue.pushShared(line);
    // One copy per queue would take 200 MB.
    expect(heldBytes() - before).toBeLessThan(20_000_000);
    expect(queues.map(({ byteLength }) => byteLength)).toEqual(queues.map(() => 2_000_000));
  });

  test('still counts its bytes after a failed send, until it is cleared', () => {
    const [writer, reader] = Socket.pair({ type: 'stream' }).map(disposedAtEnd);
    if (writer === undefined || reader === undefined) throw new Error('no pair');
    const queue = new WriteQueue();
    queue.push(Buffer.from('lost'));
    reader.close();
    expect(() => queue.sendTo(writer.fd)).toThrow(expect.objectContaining({ code: 'EPIPE' }));
    expect(queue.byteLength).toBe(4);
    queue.clear();
    expect(queue.byteLength).toBe(0);
    expect(queue.sendTo(writer.fd)).toBe(0);
  });
});
