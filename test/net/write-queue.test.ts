import { Socket } from 'fdmux';
import { describe, expect, it } from 'vitest';
import { WriteQueue } from '../../src/net/write-queue.js';
import { pattern } from '../support/connections.js';
import { disposedAtEnd } from '../support/fds.js';

/** Takes all that is there. */
function readAll(socket: Socket): Buffer {
  const chunks: Buffer[] = [];
  for (let chunk = socket.recv(65_536); chunk !== null; chunk = socket.recv(65_536)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('a write queue', () => {
  it('sends in order what it copied and what it shares, however little the kernel takes at a time', () => {
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

  it('sends in order what it copied after so many shared bytes that it has gathered all of them in one chunk', () => {
    const [writer, reader] = Socket.pair({ type: 'stream' }).map(disposedAtEnd);
    if (writer === undefined || reader === undefined) throw new Error('no pair');
    const queue = new WriteQueue();
    const lines = Array.from({ length: 80 }, (_, index) => Buffer.from(`line ${index}\n`));
    for (const line of lines.slice(0, 64)) queue.pushShared(line);
    for (const line of lines.slice(64)) queue.push(line);
    queue.sendTo(writer.fd);
    expect(readAll(reader).toString()).toBe(Buffer.concat(lines).toString());
  });

  it('counts what had left before a failure', () => {
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
