/**
 * What CPython's test_socket asserts in SendmsgTests, RecvmsgGenericTests and SCMRightsTest, expressed in this API
 * (credit: the CPython authors), and beside it credentials, packet information, time to live and timestamps.
 */
import { readFileSync } from 'node:fs';
import {
  type ControlMessageInput,
  IP_PKTINFO,
  IP_RECVTOS,
  IP_RECVTTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  IPV6_RECVTCLASS,
  MSG_DONTWAIT,
  MSG_PEEK,
  pipe,
  type ReceivedMessage,
  SCM_RIGHTS,
  SO_PASSCRED,
  SO_TIMESTAMP,
  SO_TIMESTAMPNS,
  type Socket,
  SOL_SOCKET,
} from 'fdmux';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { closedAtEnd, disposedAtEnd, openFds } from '../support/fds.js';
import { localPort, LOOPBACK, tcpPair, testSocket, udpSocket, unixPair } from '../support/sockets.js';

const MESSAGE = 'Python is awesome';

function received(message: ReceivedMessage | null): ReceivedMessage {
  if (message === null) throw new Error('nothing was received');
  closedAtEnd(...message.fds);
  return message;
}

/** The write ends of new pipes, and a function that checks that an fd is a copy of one of them. */
function writers(count: number): { fds: number[]; expectSame: (fd: number | undefined, index: number) => void } {
  const pipes = Array.from({ length: count }, () => {
    const [reader, writer] = pipe();
    return { reader: disposedAtEnd(reader), writer: disposedAtEnd(writer) };
  });
  return {
    fds: pipes.map(({ writer }) => writer.fd),
    expectSame: (fd, index) => {
      const text = Buffer.from(`to pipe ${index}`);
      native.write(fd ?? -1, text, 0, text.length);
      expect(pipes[index]?.reader.read(100)?.toString()).toBe(`to pipe ${index}`);
    },
  };
}

/** The fds that the test did not open itself and that were not handed to it. */
function newFds(before: ReadonlyMap<number, string>, handed: readonly number[]): number[] {
  return [...openFds().keys()].filter((fd) => !before.has(fd) && !handed.includes(fd));
}

describe('SendmsgTests', () => {
  test('sends one buffer, or gathers many', () => {
    const [first, second] = unixPair();
    expect(first.sendMsg(MESSAGE)).toBe(MESSAGE.length);
    expect(second.recv(100)?.toString()).toBe(MESSAGE);
    expect(first.sendMsg(['Python ', Buffer.from('is '), new Uint8Array([97, 119]), 'esome'])).toBe(MESSAGE.length);
    expect(second.recv(100)?.toString()).toBe(MESSAGE);
    expect(first.sendMsg([])).toBe(0);
  });

  test('sends to an address if there is no connection, and needs one then', () => {
    const server = udpSocket();
    const client = udpSocket();
    expect(client.sendMsg(MESSAGE, { address: server.getsockname() })).toBe(MESSAGE.length);
    expect(server.recv(100)?.toString()).toBe(MESSAGE);
    expect(() => client.sendMsg(MESSAGE)).toThrow(
      expect.objectContaining({ code: 'EDESTADDRREQ', syscall: 'sendmsg', fd: client.fd }),
    );
  });

  test('gives null with MSG_DONTWAIT, and ETIMEDOUT with a timeout, if there is no room', () => {
    const [first] = unixPair();
    const chunk = Buffer.alloc(64 * 1024);
    while (first.sendMsg(chunk, { flags: MSG_DONTWAIT }) !== null);
    first.setTimeout(20);
    expect(() => first.sendMsg(chunk)).toThrow(expect.objectContaining({ code: 'ETIMEDOUT', syscall: 'sendmsg' }));
  });

  const bad = (control: unknown): unknown => control;
  const refuses = (control: unknown, code: string): void => {
    const [first, second] = unixPair();
    const before = openFds();
    const send = (): unknown => Reflect.apply(first.sendMsg.bind(first), first, ['x', { control: [control] }]);
    expect(send).toThrow(expect.objectContaining({ code }));
    second.setTimeout(0);
    expect(second.recv(1)).toBeNull();
    expect(newFds(before, [])).toEqual([]);
  };

  test.each([
    ['no object', bad(1), 'ERR_INVALID_ARG_TYPE'],
    ['an unknown kind', bad({ kind: 'rites' }), 'ERR_OUT_OF_RANGE'],
    ['an fd that is no number', bad({ kind: 'rights', fds: ['0'] }), 'ERR_INVALID_ARG_TYPE'],
    ['a negative fd', bad({ kind: 'rights', fds: [-1] }), 'ERR_OUT_OF_RANGE'],
    ['an fd that is not open', bad({ kind: 'rights', fds: [1_000_000] }), 'EBADF'],
    ['a credential out of range', bad({ kind: 'credentials', pid: -1, uid: 0, gid: 0 }), 'ERR_OUT_OF_RANGE'],
    ['a raw level that is no integer', bad({ kind: 'raw', level: 0.5, type: 0, data: '' }), 'ERR_OUT_OF_RANGE'],
    ['data that is no bytes', bad({ kind: 'raw', level: 1, type: 1, data: 5 }), 'ERR_INVALID_ARG_TYPE'],
    ['a ttl of 0', bad({ kind: 'ttl', ttl: 0 }), 'ERR_OUT_OF_RANGE'],
    ['a host that is no literal', bad({ kind: 'packet-info', localHost: 'localhost' }), 'ERR_INVALID_ARG_VALUE'],
  ])('refuses a control message with %s', (_what, control, code) => {
    refuses(control, code);
  });

  test('refuses a control message with too many fds', { tags: ['needs-long-control'] }, () => {
    refuses({ kind: 'rights', fds: Array(254).fill(0) }, 'EINVAL');
  });
});

describe('RecvmsgGenericTests', () => {
  test('receives a message with no control data', () => {
    const { client, server } = tcpPair();
    client.sendAll(MESSAGE);
    expect(server.recvMsg(100)).toEqual({
      data: Buffer.from(MESSAGE),
      address: null,
      truncated: false,
      controlTruncated: false,
      flags: 0,
      control: [],
      fds: [],
    });
  });

  test('names the sender of a datagram', () => {
    const server = udpSocket();
    const client = udpSocket();
    client.sendTo(MESSAGE, server.getsockname());
    expect(server.recvMsg(100)?.address).toEqual(client.getsockname());
  });

  test('says when a datagram did not fit', () => {
    const server = udpSocket();
    udpSocket().sendTo(MESSAGE, server.getsockname());
    expect(server.recvMsg(6)).toMatchObject({ data: Buffer.from('Python'), truncated: true });
  });

  test('receives a stream in pieces, peeks, and gives an empty buffer at the end', () => {
    const { client, server } = tcpPair();
    client.sendAll(MESSAGE);
    client.shutdown('write');
    expect(server.recvMsg(100, { flags: MSG_PEEK })?.data.toString()).toBe(MESSAGE);
    expect(server.recvMsg(6)).toMatchObject({ data: Buffer.from('Python'), truncated: false });
    expect(server.recvMsg(100)?.data.toString()).toBe(' is awesome');
    expect(server.recvMsg(100)?.data).toHaveLength(0);
  });

  test('marks the ends of records', () => {
    const [first, second] = unixPair({ type: 'seqpacket' });
    first.send('one');
    first.send('two');
    expect([second.recv(100)?.toString(), second.recv(100)?.toString()]).toEqual(['one', 'two']);
    first.send('three');
    expect(second.recvMsg(2)).toMatchObject({ data: Buffer.from('th'), truncated: true });
  });

  test('refuses room for control data that is out of range', () => {
    const [first] = unixPair();
    for (const maxControlBytes of [-1, 0.5, 1024 * 1024 + 1, NaN]) {
      expect(() => first.recvMsg(1, { maxControlBytes })).toThrow(
        expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
      );
    }
  });
});

describe('SCMRightsTest', () => {
  test.each(['stream', 'dgram', 'seqpacket'] as const)('passes an fd over a %s socket, close-on-exec', (type) => {
    const [first, second] = unixPair({ type });
    const { fds, expectSame } = writers(1);
    first.sendMsg(MESSAGE, { control: [{ kind: 'rights', fds }] });
    const message = received(second.recvMsg(100));
    expect(message.data.toString()).toBe(MESSAGE);
    expect(message.control).toMatchObject([{ kind: 'rights', level: SOL_SOCKET, type: SCM_RIGHTS, fds: message.fds }]);
    expect(message.controlTruncated).toBe(false);
    expectSame(message.fds[0], 0);
    expect(isCloseOnExec(message.fds[0] ?? -1)).toBe(true);
  });

  test('passes many fds in one message, in their order', () => {
    const [first, second] = unixPair();
    const { fds, expectSame } = writers(4);
    first.sendMsg('x', { control: [{ kind: 'rights', fds }] });
    const message = received(second.recvMsg(1));
    expect(message.fds).toHaveLength(4);
    message.fds.forEach(expectSame);
  });

  test('passes fds in separate control messages', () => {
    const [first, second] = unixPair();
    const { fds, expectSame } = writers(2);
    const control = fds.map((fd): ControlMessageInput => ({ kind: 'rights', fds: [fd] }));
    first.sendMsg('x', { control });
    const message = received(second.recvMsg(1));
    expect(message.fds).toHaveLength(2);
    message.fds.forEach(expectSame);
  });

  test('takes objects with an fd, and an empty list', () => {
    const [first, second] = unixPair();
    const [reader, writer] = pipe();
    disposedAtEnd(reader);
    disposedAtEnd(writer);
    first.sendMsg('x', { control: [{ kind: 'rights', fds: [writer] }] });
    expect(received(second.recvMsg(1)).fds).toHaveLength(1);
    first.sendMsg('y', { control: [{ kind: 'rights', fds: [] }] });
    expect(received(second.recvMsg(1)).fds).toEqual([]);
  });

  test('ignores part of an fd', () => {
    const [first, second] = unixPair();
    const { fds, expectSame } = writers(1);
    const data = Buffer.concat([Buffer.from(Int32Array.from(fds).buffer), Buffer.alloc(3)]);
    first.sendMsg('x', { control: [{ kind: 'raw', level: SOL_SOCKET, type: SCM_RIGHTS, data }] });
    const message = received(second.recvMsg(1));
    expect(message.fds).toHaveLength(1);
    expectSame(message.fds[0], 0);
  });

  // Room in bytes, and how many of two fds the kernel can then deliver.
  const leaksNothing = (maxControlBytes: number, arrive: number): void => {
    const [first, second] = unixPair();
    const { fds, expectSame } = writers(2);
    const before = openFds();
    first.sendMsg('x', { control: [{ kind: 'rights', fds }] });
    const message = received(second.recvMsg(1, { maxControlBytes }));
    expect(message.controlTruncated).toBe(arrive < 2);
    expect(message.fds).toHaveLength(arrive);
    message.fds.forEach(expectSame);
    expect(newFds(before, message.fds)).toEqual([]);
  };

  test.each([
    [0, 0],
    [1, 0],
    [24, 2],
  ])('leaks nothing with room for %i bytes: %i of 2 fds arrive', (maxControlBytes, arrive) => {
    leaksNothing(maxControlBytes, arrive);
  });

  test.each([
    [15, 0],
    [16, 0],
    [19, 0],
    [20, 1],
    [23, 1],
  ])(
    'leaks nothing with room for %i bytes, which cut it short: %i of 2 fds arrive',
    { tags: ['needs-control-truncation'] },
    (maxControlBytes, arrive) => {
      leaksNothing(maxControlBytes, arrive);
    },
  );

  test('opens nothing if a plain receive takes the message', () => {
    const [first, second] = unixPair({ type: 'dgram' });
    const { fds } = writers(1);
    const before = openFds();
    const receives: ((socket: Socket) => unknown)[] = [
      (socket) => socket.recv(1),
      (socket) => socket.recvFrom(1),
      (socket) => socket.recvInto(Buffer.alloc(1)),
      (socket) => socket.recvMmsg(1, 1, { maxControlBytes: 0 }),
      (socket) => native.read(socket.fd, Buffer.alloc(1), 0, 1),
    ];
    for (const receive of receives) {
      first.sendMsg('x', { control: [{ kind: 'rights', fds }] });
      receive(second);
    }
    expect(newFds(before, [])).toEqual([]);
  });

  test('passes a socket that goes on working after its sender closed it', () => {
    const [first, second] = unixPair();
    const { client, server } = tcpPair();
    first.sendMsg('x', { control: [{ kind: 'rights', fds: [server] }] });
    server.close();
    const [fd = -1] = received(second.recvMsg(1)).fds;
    client.sendAll('hello');
    const buffer = Buffer.alloc(5);
    // O_NONBLOCK belongs to the description, which was sent.
    expect(native.read(fd, buffer, 0, 5)).toBe(5);
    expect(openFds().get(fd)).toMatch(/^socket:/);
  });
});

describe('other control messages', () => {
  test('carry the credentials of the sender', () => {
    const [first, second] = unixPair({ type: 'dgram' });
    second.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
    const self = {
      kind: 'credentials',
      pid: process.pid,
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    } as const;
    first.sendMsg('stamped by the kernel');
    expect(second.recvMsg(100)?.control).toMatchObject([self]);
    first.sendMsg('said by the sender', { control: [self] });
    expect(second.recvMsg(100)?.control).toMatchObject([self]);
  });

  test('carry the interface of an IPv4 datagram, its time to live and its type of service', () => {
    const server = udpSocket();
    for (const option of [IP_PKTINFO, IP_RECVTTL, IP_RECVTOS]) server.setsockopt(IPPROTO_IP, option, 1);
    const control: ControlMessageInput[] = [
      { kind: 'ttl', ttl: 42 },
      { kind: 'tos', tos: 16 },
      { kind: 'packet-info', localHost: '127.0.0.9' },
    ];
    testSocket({ type: 'dgram' }).sendMsg('x', { address: server.getsockname(), control });
    const message = server.recvMsg(1);
    expect(message?.address).toMatchObject({ host: '127.0.0.9' });
    const info = message?.control.find(({ kind }) => kind === 'packet-info');
    expect(info).toMatchObject({ localHost: '127.0.0.1', destinationHost: '127.0.0.1' });
    expect(info?.kind === 'packet-info' && info.interfaceIndex).toBeGreaterThan(0);
    expect(message?.control).toContainEqual(expect.objectContaining({ kind: 'ttl', ttl: 42 }));
    expect(message?.control).toContainEqual(expect.objectContaining({ kind: 'tos', tos: 16 }));
  });

  test('carry the same for IPv6', () => {
    const server = testSocket({ family: 'inet6', type: 'dgram' });
    server.bind({ family: 'inet6', host: '::1', port: 0 });
    for (const option of [IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS]) {
      server.setsockopt(IPPROTO_IPV6, option, 1);
    }
    const control: ControlMessageInput[] = [
      { kind: 'ttl', ttl: 43 },
      { kind: 'tos', tos: 17 },
      { kind: 'packet-info6', localHost: '::1' },
    ];
    const client = testSocket({ family: 'inet6', type: 'dgram' });
    client.sendMsg('x', { address: { family: 'inet6', host: '::1', port: localPort(server) }, control });
    const message = server.recvMsg(1);
    expect(message?.control).toContainEqual(expect.objectContaining({ kind: 'packet-info6', destinationHost: '::1' }));
    expect(message?.control).toContainEqual(expect.objectContaining({ kind: 'ttl', ttl: 43 }));
    expect(message?.control).toContainEqual(expect.objectContaining({ kind: 'tos', tos: 17 }));
  });

  const carriesArrival = (option: number): void => {
    const server = testSocket({ type: 'dgram' });
    server.bind(LOOPBACK);
    server.setsockopt(SOL_SOCKET, option, 1);
    const earliest = BigInt(Date.now()) * 1_000_000n;
    udpSocket().sendTo('x', server.getsockname());
    const [stamp] = server.recvMsg(1)?.control ?? [];
    const latest = BigInt(Date.now() + 1) * 1_000_000n;
    if (stamp?.kind !== 'timestamp') throw new Error(`no timestamp but ${stamp?.kind}`);
    // The kernel stamps by a clock that may stand a tick behind the time of day.
    expect(stamp.timeNs).toBeGreaterThan(earliest - 20_000_000n);
    expect(stamp.timeNs).toBeLessThanOrEqual(latest);
  };

  test('carry when it arrived, to microseconds', () => {
    carriesArrival(SO_TIMESTAMP);
  });

  test('carry when it arrived, to nanoseconds', { tags: ['needs-timestampns'] }, () => {
    carriesArrival(SO_TIMESTAMPNS);
  });
});

/** FD_CLOEXEC as /proc shows it: bit 02000000 (octal) of the flags. */
function isCloseOnExec(fd: number): boolean {
  const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
  return (parseInt(flags, 8) & 0o2000000) !== 0;
}
