import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Socket } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { nextEvent, within } from '../support/deadline.js';
import { tcpPair, testSocket, udpSocket, unixPair } from '../support/sockets.js';
import { callUntyped } from '../support/untyped.js';

describe('toDuplex', () => {
  test('reads lines and answers them', async () => {
    const { client, server } = tcpPair();
    const stream = server.toDuplex();
    const closed = nextEvent(stream, 'close');
    const lines = createInterface({ input: stream });
    client.sendAll('first\nsecond\nlast');
    client.shutdown('write');
    const seen: string[] = [];
    for await (const line of lines) {
      seen.push(line);
      stream.write(`${line}!`);
    }
    expect(seen).toEqual(['first', 'second', 'last']);
    stream.end();
    await closed;
    expect(server.closed).toBe(true);
    expect(client.recv(100)?.toString()).toBe('first!second!last!');
  });

  test('is over when its socket is closed, and a write that waits fails', async () => {
    const [left, right] = unixPair();
    const stream = left.toDuplex().resume();
    const written = new Promise<Error | null | undefined>((resolve) => {
      stream.write(Buffer.alloc(4 * 1024 * 1024), resolve);
    });
    stream.on('error', () => undefined);
    const closed = nextEvent(stream, 'close');
    left.close();
    await within(closed, 'the end of the stream');
    expect(await within(written, 'the answer to the write')).toBeInstanceOf(Error);
    right.close();
  });

  test('moves megabytes both ways at once, with back-pressure', async () => {
    const [left, right] = unixPair();
    const data = Buffer.alloc(8 * 1024 * 1024, 'the quick brown fox ');
    const hash = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');
    const exchange = async (socket: Socket): Promise<string> => {
      const received: Buffer[] = [];
      const stream = socket.toDuplex();
      const sink = new Writable({
        write(chunk: Buffer, _encoding, done) {
          received.push(chunk);
          setImmediate(done);
        },
      });
      await Promise.all([
        pipeline(Readable.from([data.subarray(0, 5_000_000), data.subarray(5_000_000)]), stream, { end: true }),
        pipeline(stream, sink, { end: true }),
      ]);
      return hash(Buffer.concat(received));
    };
    const hashes = await within(Promise.all([exchange(left), exchange(right)]), 'the exchange');
    expect(hashes).toEqual([hash(data), hash(data)]);
    expect([left.closed, right.closed]).toEqual([true, true]);
  });

  test('ends with the error of its socket', async () => {
    const [left, right] = unixPair();
    const stream = left.toDuplex();
    right.close();
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
    stream.write('nobody is there');
    expect(await within(failed, 'the error')).toMatchObject({ code: 'EPIPE', syscall: 'send' });
    expect([stream.destroyed, left.closed]).toEqual([true, true]);
  });

  test('closes its socket when it is destroyed, with a write pending', async () => {
    const [left] = unixPair();
    const stream = left.toDuplex();
    const closed = nextEvent(stream, 'close');
    stream.write(Buffer.alloc(4 * 1024 * 1024));
    stream.destroy();
    await closed;
    expect(left.closed).toBe(true);
  });

  test('fails the write that is pending when it is destroyed', async () => {
    const [first] = unixPair();
    const stream = first.toDuplex();
    const outcome = new Promise((resolve) => stream.write(Buffer.alloc(8 * 1024 * 1024), resolve));
    stream.destroy();
    expect(await within(outcome, 'the outcome')).toMatchObject({ code: 'ERR_CLOSED' });
    expect(first.closed).toBe(true);
  });

  test('is destroyed, and its socket closed, by a signal, which may be aborted already', async () => {
    const controller = new AbortController();
    const [first, second] = unixPair();
    const errors = [first, second].map((socket) => {
      const stream = socket.toDuplex({ signal: controller.signal });
      if (socket === first) controller.abort();
      return new Promise<Error>((resolve) => stream.once('error', resolve));
    });
    for (const error of errors) expect(await within(error, 'the error')).toMatchObject({ code: 'ABORT_ERR' });
    expect([first.closed, second.closed]).toEqual([true, true]);
    const [third] = unixPair();
    expect(() => callUntyped(third, 'toDuplex', { signal: {} })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    expect(third.closed).toBe(false);
  });

  test('refuses sockets that are no streams, not connected, or closed', () => {
    expect(() => udpSocket().toDuplex()).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    expect(() => testSocket().toDuplex()).toThrow(expect.objectContaining({ code: 'ENOTCONN' }));
    const closed = Socket.create();
    closed.close();
    expect(() => closed.toDuplex()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
  });
});
