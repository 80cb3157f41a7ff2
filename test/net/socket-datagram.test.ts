/**
 * What CPython's test_socket asserts in BasicUDPTest and UDPTimeoutTest, expressed in this API (credit: the CPython
 * authors), and beside it many datagrams in one call and the refusal that a connected UDP socket sees.
 */
import { MSG_PEEK, MSG_TRUNC } from 'fdmux';
import { describe, expect, it } from 'vitest';

import { testSocket, udpSocket, unixPair } from '../support/sockets.js';

const MESSAGE = 'Michael Gilfix was here';

describe('BasicUDPTest', () => {
  it('receives a datagram by recv and by recvFrom, which names its sender', () => {
    const server = udpSocket();
    const client = udpSocket();
    expect(client.sendTo(MESSAGE, server.getsockname())).toBe(MESSAGE.length);
    expect(server.recv(1024)?.toString()).toBe(MESSAGE);
    client.sendTo(MESSAGE, server.getsockname());
    expect(server.recvFrom(1024)).toEqual({ data: Buffer.from(MESSAGE), address: client.getsockname() });
  });

  it('refuses negative sizes', () => {
    const server = udpSocket();
    expect(() => server.recvFrom(-1)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    expect(() => server.recv(-1)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  });

  it('tells an empty datagram from none', () => {
    const server = udpSocket();
    udpSocket().sendTo('', server.getsockname());
    expect(server.recv(10)).toHaveLength(0);
    server.setTimeout(0);
    expect(server.recv(10)).toBeNull();
  });

  it('loses the rest of a datagram that does not fit, and MSG_TRUNC tells how long it was', () => {
    const server = udpSocket();
    const client = udpSocket();
    const buffer = Buffer.alloc(4);
    client.sendTo('0123456789', server.getsockname());
    expect(server.recvInto(buffer, 0, 4, MSG_TRUNC | MSG_PEEK)).toBe(10);
    expect(buffer.toString()).toBe('0123');
    expect(server.recv(4, MSG_TRUNC)?.toString()).toBe('0123');
    server.setTimeout(0);
    expect(server.recv(10)).toBeNull();
  });
});

describe('UDPTimeoutTest', () => {
  it('throws ETIMEDOUT where nothing comes, and gives null with a timeout of 0', () => {
    const socket = udpSocket();
    socket.setTimeout(20);
    expect(() => socket.recv(1024)).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }));
    socket.setTimeout(0);
    expect(socket.recv(1024)).toBeNull();
  });
});

describe('a connected UDP socket', () => {
  it('sends without an address and sees ECONNREFUSED once nobody is there', () => {
    const server = udpSocket();
    const client = testSocket({ type: 'dgram' });
    client.connect(server.getsockname());
    client.send('one');
    expect(server.recv(10)?.toString()).toBe('one');
    server.close();
    client.send('two');
    expect(() => client.recv(10)).toThrow(expect.objectContaining({ code: 'ECONNREFUSED' }));
  });
});

describe('recvMmsg and sendMmsg', () => {
  it('move many datagrams in one call each', () => {
    const server = udpSocket();
    const client = udpSocket();
    const address = server.getsockname();
    const sent = ['a', 'bb', '', 'dddd'].map((data) => ({ data, address }));
    expect(client.sendMmsg(sent)).toBe(4);
    const received = server.recvMmsg(8, 3);
    expect(received?.map(({ data }) => data.toString())).toEqual(['a', 'bb', '', 'ddd']);
    expect(received?.map(({ truncated }) => truncated)).toEqual([false, false, false, true]);
    expect(received?.map((message) => message.address)).toEqual(Array(4).fill(client.getsockname()));
    server.setTimeout(0);
    expect(server.recvMmsg(8, 3)).toBeNull();
  });

  it('leave out the address on a connected socket, and say how many went', () => {
    const [first, second] = unixPair({ type: 'dgram' });
    first.setTimeout(0);
    const many = Array.from({ length: 1024 }, () => ({ data: Buffer.alloc(1024) }));
    const sent = first.sendMmsg(many) ?? 0;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(1024);
    expect(first.sendMmsg(many)).toBeNull();
    expect(second.recvMmsg(1024, 1024)).toHaveLength(sent);
  });

  it('refuse counts and sizes out of range', () => {
    const socket = udpSocket();
    const tooMany = Array.from({ length: 1025 }, () => ({ data: '' }));
    for (const call of [
      () => socket.recvMmsg(0, 1),
      () => socket.recvMmsg(1025, 1),
      () => socket.recvMmsg(1, 0),
      () => socket.recvMmsg(1, 65_537),
      () => socket.sendMmsg(tooMany),
    ]) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    }
  });
});
