/**
 * What CPython's test_socket asserts in BasicUDPTest and UDPTimeoutTest, expressed in this API (credit: the CPython
 * authors), and beside it many datagrams in one call and the refusal that a connected UDP socket sees.
 */
import { readFileSync } from 'node:fs';
import {
  type DatagramToSend,
  IP_PKTINFO,
  IP_RECVTTL,
  IPPROTO_IP,
  IPPROTO_UDP,
  MSG_CTRUNC,
  MSG_PEEK,
  MSG_TRUNC,
  Multiplexer,
  SO_TIMESTAMPNS,
  Socket,
  SOL_SOCKET,
  UDP_GRO,
} from 'fdmux';
import { describe, expect, test } from 'vitest';
import { disposedAtEnd } from '../support/fds.js';
import { testSocket, udpSocket, unixPair } from '../support/sockets.js';

const MESSAGE = 'Michael Gilfix was here';

describe('BasicUDPTest', () => {
  test('receives a datagram by recv and by recvFrom, which names its sender', () => {
    const server = udpSocket();
    const client = udpSocket();
    expect(client.sendTo(MESSAGE, server.getsockname())).toBe(MESSAGE.length);
    expect(server.recv(1024)?.toString()).toBe(MESSAGE);
    client.sendTo(MESSAGE, server.getsockname());
    expect(server.recvFrom(1024)).toEqual({ data: Buffer.from(MESSAGE), address: client.getsockname() });
  });

  test('refuses negative sizes', () => {
    const server = udpSocket();
    expect(() => server.recvFrom(-1)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    expect(() => server.recv(-1)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  });

  test('distinguishes an empty datagram from none', () => {
    const server = udpSocket();
    udpSocket().sendTo('', server.getsockname());
    expect(server.recv(10)).toHaveLength(0);
    server.setTimeout(0);
    expect(server.recv(10)).toBeNull();
  });

  test('loses the rest of a datagram that does not fit, and MSG_TRUNC returns its length', () => {
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
  test('throws ETIMEDOUT if nothing arrives, and gives null with a timeout of 0', () => {
    const socket = udpSocket();
    socket.setTimeout(20);
    expect(() => socket.recv(1024)).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }));
    socket.setTimeout(0);
    expect(socket.recv(1024)).toBeNull();
  });
});

describe('a connected UDP socket', () => {
  test('sends without an address and sees ECONNREFUSED once nobody is there', () => {
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
  test('move many datagrams in one call each', () => {
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

  test('carry control messages in both directions, those of each datagram with it', () => {
    const server = udpSocket();
    server.setsockopt(IPPROTO_IP, IP_RECVTTL, 1);
    server.setsockopt(IPPROTO_IP, IP_PKTINFO, 1);
    server.setsockopt(SOL_SOCKET, SO_TIMESTAMPNS, 1);
    const address = server.getsockname();
    const ttl = (number: number): DatagramToSend['control'] => [{ kind: 'ttl', ttl: number }];
    const sent = udpSocket().sendMmsg([
      { data: 'a', address, control: ttl(7) },
      { data: 'b', address },
      { data: 'c', address, control: [...(ttl(9) ?? []), { kind: 'tos', tos: 4 }] },
    ]);
    expect(sent).toBe(3);
    const received = server.recvMmsg(8, 10) ?? [];
    const [first, second, third] = received.map(({ control }) => control);
    expect(first).toContainEqual(expect.objectContaining({ kind: 'ttl', ttl: 7 }));
    expect(second).not.toContainEqual(expect.objectContaining({ ttl: 7 }));
    expect(third).toContainEqual(expect.objectContaining({ kind: 'ttl', ttl: 9 }));
    for (const { control } of received) {
      expect(control.map(({ kind }) => kind).sort()).toEqual(['packet-info', 'timestamp', 'ttl']);
    }
  });

  test('give the flags of each datagram, and say what did not fit', () => {
    const server = udpSocket();
    server.setsockopt(IPPROTO_IP, IP_PKTINFO, 1);
    const address = server.getsockname();
    const client = udpSocket();
    client.sendMmsg(['1', '22'].map((data) => ({ data, address })));
    const received = server.recvMmsg(8, 1, { maxControlBytes: 0, flags: MSG_TRUNC });
    expect(received?.map(({ truncated, controlTruncated, flags }) => [truncated, controlTruncated, flags])).toEqual([
      [false, true, MSG_CTRUNC],
      [true, true, MSG_CTRUNC | MSG_TRUNC],
    ]);
    client.sendTo('1', address);
    expect(server.recvMmsg(1, 1, MSG_PEEK)).toHaveLength(1);
    expect(server.recvMmsg(1, 1)).toHaveLength(1);
  });

  test('distinguish the datagrams that the kernel has split or joined', () => {
    const server = udpSocket();
    server.setsockopt(IPPROTO_UDP, UDP_GRO, 1);
    const client = udpSocket();
    const control = [{ kind: 'segment-size', sizeBytes: 1000 }] as const;
    expect(client.sendMmsg([{ data: Buffer.alloc(2500), address: server.getsockname(), control }])).toBe(1);
    const received = server.recvMmsg(8, 65_536) ?? [];
    const lengths = received.flatMap(({ data, control: told }) => {
      const joined = told.find((message) => message.kind === 'segment-size');
      const size = joined?.sizeBytes ?? data.length;
      return Array.from({ length: Math.ceil(data.length / size) }, (_, i) => Math.min(size, data.length - i * size));
    });
    expect(lengths).toEqual([1000, 1000, 500]);
  });

  test('hand over fds, each once and close-on-exec', () => {
    const [first, second] = unixPair({ type: 'dgram' });
    const rights = [{ kind: 'rights', fds: [first, first] }] as const;
    expect(first.sendMmsg([{ data: 'a', control: rights }, { data: 'b' }])).toBe(2);
    const received = second.recvMmsg(4, 4) ?? [];
    expect(received.map(({ fds }) => fds.length)).toEqual([2, 0]);
    for (const fd of received.flatMap(({ fds }) => fds)) {
      expect(disposedAtEnd(Socket.fromFd(fd)).type).toBe('dgram');
      expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')).toMatch(/^flags:\t02/m);
    }
  });

  test('leave out the address on a connected socket, and say how many went', () => {
    const [first, second] = unixPair({ type: 'dgram' });
    first.setTimeout(0);
    const many = Array.from({ length: 1024 }, () => ({ data: Buffer.alloc(1024) }));
    const sent = first.sendMmsg(many) ?? 0;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(1024);
    expect(first.sendMmsg(many)).toBeNull();
    expect(second.recvMmsg(1024, 1024)).toHaveLength(sent);
  });

  test('refuse counts and sizes out of range', () => {
    const socket = udpSocket();
    const tooMany = Array.from({ length: 1025 }, () => ({ data: '' }));
    for (const call of [
      () => socket.recvMmsg(0, 1),
      () => socket.recvMmsg(1025, 1),
      () => socket.recvMmsg(1, 0),
      () => socket.recvMmsg(1, 65_537),
      () => socket.sendMmsg(tooMany),
      () => socket.recvMmsg(1, 1, { maxControlBytes: 65_537 }),
      () => socket.sendMmsg([{ data: '', control: [{ kind: 'segment-size', sizeBytes: 65_536 }] }]),
    ]) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    }
  });
});

describe('draining a socket of messages', () => {
  test('goes on behind an empty datagram, edge-triggered too', { tags: ['needs-epoll'] }, () => {
    const server = udpSocket();
    const client = udpSocket();
    using multiplexer = new Multiplexer();
    multiplexer.register(server, { interest: 'read', trigger: 'edge', data: undefined });
    server.setTimeout(0);
    for (const text of ['', 'one', '', '', 'two', '']) client.sendTo(text, server.getsockname());
    const [registration] = multiplexer.waitSync(1000);
    const got: string[] = [];
    const outcome = registration?.drain(() => {
      const bytes = server.recv(10);
      if (bytes !== null) got.push(bytes.toString());
      return bytes;
    });
    expect([got, outcome]).toEqual([['', 'one', '', '', 'two', ''], 'drained']);
  });

  test('ends at its budget among empty datagrams, which count as one byte each', () => {
    const server = udpSocket();
    const client = udpSocket();
    using multiplexer = new Multiplexer();
    const registration = multiplexer.register(server, { interest: 'read', data: undefined });
    for (let i = 0; i < 5; i++) client.sendTo('', server.getsockname());
    expect(registration.drain(() => server.recv(10), { budgetBytes: 3 })).toBe('queued');
    server.setTimeout(0);
    expect(registration.drain(() => server.recv(10), { budgetBytes: 3 })).toBe('drained');
  });

  test('goes on behind an empty record, and ends if its peer has closed', () => {
    const [first, second] = unixPair({ type: 'seqpacket' });
    second.setTimeout(0);
    using multiplexer = new Multiplexer();
    const registration = multiplexer.register(second, { interest: 'read', data: undefined });
    const got: string[] = [];
    const read = (): Buffer | null => {
      const bytes = second.recv(10);
      if (bytes !== null) got.push(bytes.toString());
      return bytes;
    };
    first.send('');
    first.send('one');
    expect(registration.drain(read)).toBe('drained');
    first.send('');
    first.send('two');
    first.close();
    expect(registration.drain(read)).toBe('ended');
    expect(got).toEqual(['', 'one', '', 'two', '']);
  });
});
