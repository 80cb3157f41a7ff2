/** What CPython's test_socket asserts in BufferIOTest, expressed in this API (credit: the CPython authors). */
import { describe, expect, test } from 'vitest';
import { foreignMemory } from '../support/realm.js';
import { tcpPair, udpSocket } from '../support/sockets.js';
import { callUntyped } from '../support/untyped.js';

const MESSAGE = 'abcdefgh';

describe('bytes that are none', () => {
  test('are refused with a code, memory that was transferred away among them', () => {
    const { client } = tcpPair();
    const [view, buffer, data] = [new Uint8Array(8), new ArrayBuffer(8), new DataView(new ArrayBuffer(8))];
    structuredClone([view, buffer, data], { transfer: [view.buffer, buffer, data.buffer] });
    const impostors = [
      Object.create(Uint8Array.prototype),
      new Proxy(new Uint8Array(1), {}),
      Symbol('bytes'),
      null,
      1,
      {},
    ];
    for (const bytes of [view, buffer, data, ...impostors]) {
      for (const name of ['send', 'sendAll', 'sendMsg', 'recvInto', 'recvFromInto']) {
        expect(() => callUntyped(client, name, bytes), name).toThrow(
          expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
        );
      }
    }
    expect(client.send(new Uint8Array(0))).toBe(0);
    expect(client.send(new ArrayBuffer(0))).toBe(0);
  });
});

describe('BufferIOTest', () => {
  test.each([
    ['a Buffer', Buffer.alloc(16)],
    ['a Uint8Array', new Uint8Array(16)],
    ['a Uint16Array', new Uint16Array(8)],
    ['a DataView', new DataView(new ArrayBuffer(16))],
    ['an ArrayBuffer', new ArrayBuffer(16)],
    ['a SharedArrayBuffer', new SharedArrayBuffer(16)],
    ['an ArrayBuffer of another realm', foreignMemory('new ArrayBuffer(16)')],
    ['a SharedArrayBuffer of another realm', foreignMemory('new SharedArrayBuffer(16)')],
    ['a Uint16Array of another realm', foreignMemory('new Uint16Array(8)')],
  ] as const)('receives into %s', (_what, buffer) => {
    const { client, server } = tcpPair();
    client.sendAll(MESSAGE);
    expect(server.recvInto(buffer)).toBe(MESSAGE.length);
    const bytes = ArrayBuffer.isView(buffer)
      ? new Uint8Array(buffer.buffer, buffer.byteOffset)
      : new Uint8Array(buffer);
    expect(Buffer.from(bytes).toString('latin1', 0, MESSAGE.length)).toBe(MESSAGE);
  });

  test('fills the range that is asked for and nothing else', () => {
    const { client, server } = tcpPair();
    client.sendAll(MESSAGE);
    const buffer = Buffer.alloc(8, '.');
    expect(server.recvInto(buffer, 2, 3)).toBe(3);
    expect(buffer.toString()).toBe('..abc...');
    expect(server.recvInto(buffer, 5)).toBe(3);
    expect(buffer.toString()).toBe('..abcdef');
    expect(server.recvInto(buffer, 8)).toBe(0);
  });

  test('respects the window of a view', () => {
    const { client, server } = tcpPair();
    client.sendAll(MESSAGE);
    const whole = Buffer.alloc(8, '.');
    expect(server.recvInto(whole.subarray(3, 5))).toBe(2);
    expect(whole.toString()).toBe('...ab...');
  });

  test('receives a datagram into a buffer and names its sender', () => {
    const server = udpSocket();
    const client = udpSocket();
    client.sendTo(MESSAGE, server.getsockname());
    const buffer = Buffer.alloc(16);
    expect(server.recvFromInto(buffer)).toEqual({ bytes: 8, address: client.getsockname() });
    expect(buffer.toString('latin1', 0, 8)).toBe(MESSAGE);
  });

  test('refuses a range outside of the buffer, and what is no buffer', () => {
    const { server } = tcpPair();
    const buffer = Buffer.alloc(8);
    for (const call of [
      () => server.recvInto(buffer, 9),
      () => server.recvInto(buffer, -1),
      () => server.recvInto(buffer, 0, 9),
      () => server.recvInto(buffer, 4, 5),
      () => server.recvFromInto(buffer, 0, 9),
      () => server.recvInto(buffer, 0.5),
    ]) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    }
    const receive = (buffer: unknown): unknown => Reflect.apply(server.recvInto.bind(server), server, [buffer]);
    expect(() => receive('text')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  });

  test('receives into an empty buffer without taking anything', () => {
    const { client, server } = tcpPair();
    client.sendAll('x');
    expect(server.recvInto(Buffer.alloc(0))).toBe(0);
    expect(server.recv(0)).toHaveLength(0);
    expect(server.recv(1)?.toString()).toBe('x');
  });

  test('gives buffers that a later receive does not change', () => {
    const { client, server } = tcpPair();
    client.sendAll('first');
    const first = server.recv(100);
    client.sendAll('other');
    const second = server.recv(100);
    expect([first?.toString(), second?.toString()]).toEqual(['first', 'other']);
    const large = Buffer.alloc(100_000, 'x');
    client.sendAll(large);
    let received = 0;
    for (; received < large.length; received += server.recv(100_000)?.length ?? 0);
    expect(received).toBe(large.length);
  });
});
