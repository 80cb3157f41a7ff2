/**
 * What CPython's test_socket asserts in BasicTCPTest, NonBlockingTCPTests and TCPTimeoutTest, expressed in this API
 * (credit: the CPython authors), and beside it what is ours: connect's three outcomes, short sends, end of stream.
 */
import { constants } from 'node:os';
import {
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  SO_ERROR,
  SO_RCVBUF,
  SO_SNDBUF,
  Socket,
  SOL_SOCKET,
} from 'fdmux';
import { describe, expect, test } from 'vitest';
import { disposedAtEnd } from '../support/fds.js';
import {
  accepted,
  localPort,
  LOOPBACK,
  patient,
  tcpListener,
  tcpPair,
  testSocket,
  unixPair,
} from '../support/sockets.js';

const MESSAGE = 'Michael Gilfix was here\u1234';

describe('BasicTCPTest', () => {
  test('receives what was sent', () => {
    const { client, server } = tcpPair();
    expect(client.send(MESSAGE)).toBe(Buffer.byteLength(MESSAGE));
    expect(server.recv(1024)?.toString()).toBe(MESSAGE);
  });

  test('receives a message in pieces', () => {
    const { client, server } = tcpPair();
    client.sendAll(MESSAGE);
    const first = server.recv(5);
    const rest = server.recv(1024);
    expect(first?.length).toBe(5);
    expect(Buffer.concat([first ?? Buffer.alloc(0), rest ?? Buffer.alloc(0)]).toString()).toBe(MESSAGE);
  });

  test('names no sender on a stream', () => {
    const { client, server } = tcpPair();
    client.sendAll(MESSAGE);
    expect(server.recvFrom(1024)).toEqual({ data: Buffer.from(MESSAGE), address: null });
  });

  test('sends all of a large buffer, whatever the peer reads at a time', () => {
    const { client, server } = tcpPair();
    client.setTimeout(0);
    const big = Buffer.alloc(4 * 1024 * 1024, 'f');
    let sent = 0;
    let received = 0;
    while (received < big.length) {
      sent += client.sendAll(big.subarray(sent));
      received += server.recv(1024 * 1024)?.length ?? 0;
    }
    expect(sent).toBe(big.length);
    expect(received).toBe(big.length);
  });

  test('waits in sendAll until a slow peer has made room', () => {
    const { client, server } = tcpPair();
    client.setTimeout(50);
    const big = Buffer.alloc(16 * 1024 * 1024);
    let failure: unknown;
    try {
      client.sendAll(big);
    } catch (error) {
      failure = error;
    }
    // Nobody read: the error says how much was sent.
    expect(failure).toMatchObject({ code: 'ETIMEDOUT', syscall: 'send' });
    const sent: unknown =
      typeof failure === 'object' && failure !== null ? Reflect.get(failure, 'bytesSent') : undefined;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(big.length);
    client.close();
    let received = 0;
    for (let part = server.recv(1024 * 1024); part?.length; part = server.recv(1024 * 1024)) received += part.length;
    expect(received).toBe(sent);
  });

  test('makes a socket from an fd, which is then the new one to close', () => {
    const { client, server } = tcpPair();
    const adopted = patient(disposedAtEnd(Socket.fromFd(server.detach())));
    expect(adopted).toMatchObject({ family: 'inet', type: 'stream', protocol: IPPROTO_TCP });
    client.sendAll(MESSAGE);
    expect(adopted.recv(1024)?.toString()).toBe(MESSAGE);
  });

  test('duplicates a socket; the connection lives until both are closed', () => {
    const { client, server } = tcpPair();
    const copy = disposedAtEnd(server.dup());
    expect(copy.fd).not.toBe(server.fd);
    expect(copy.getTimeout()).toBe(server.getTimeout());
    server.close();
    client.sendAll(MESSAGE);
    expect(copy.recv(1024)?.toString()).toBe(MESSAGE);
    copy.close();
    expect(client.recv(1)).toHaveLength(0);
  });

  test.each(['write', 1] as const)('reads what was sent, then the end, after shutdown(%j)', (how) => {
    const { client, server } = tcpPair();
    client.sendAll(MESSAGE);
    client.shutdown(how);
    expect(server.recv(1024)?.toString()).toBe(MESSAGE);
    expect(server.recv(1024)).toHaveLength(0);
    server.sendAll('still open this way');
    expect(client.recv(1024)?.toString()).toBe('still open this way');
  });

  test('counts as closed after detach, while the fd goes on', () => {
    const { client, server } = tcpPair();
    const fd = client.detach();
    expect(client.closed).toBe(true);
    expect(() => client.send('x')).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    client.close();
    const again = disposedAtEnd(Socket.fromFd(fd));
    again.sendAll(MESSAGE);
    expect(server.recv(1024)?.toString()).toBe(MESSAGE);
  });
});

describe('NonBlockingTCPTests', () => {
  test('starts non-blocking, and blocking if asked', () => {
    const socket = disposedAtEnd(Socket.create());
    expect([socket.blocking, socket.getTimeout()]).toEqual([false, 0]);
    const blocking = disposedAtEnd(Socket.create({ blocking: true }));
    expect([blocking.blocking, blocking.getTimeout()]).toEqual([true, null]);
  });

  test('ties blocking mode and timeout together', () => {
    const socket = disposedAtEnd(Socket.create());
    socket.setBlocking(true);
    expect([socket.blocking, socket.getTimeout()]).toEqual([true, null]);
    socket.setTimeout(10);
    expect([socket.blocking, socket.getTimeout()]).toEqual([true, 10]);
    socket.setTimeout(2.5);
    expect(socket.getTimeout()).toBe(2.5);
    socket.setTimeout(Infinity);
    expect(socket.getTimeout()).toBeNull();
    socket.setBlocking(false);
    expect([socket.blocking, socket.getTimeout()]).toEqual([false, 0]);
  });

  test('accepts sockets that wait for ever if the listener waits at all', () => {
    const listener = tcpListener();
    listener.setTimeout(10_000);
    const client = testSocket();
    client.connect(listener.getsockname());
    const waiting = listener.accept();
    expect(waiting && disposedAtEnd(waiting.socket).getTimeout()).toBeNull();
    listener.setTimeout(0);
    const second = testSocket();
    second.connect(listener.getsockname());
    const eager = listener.accept();
    expect(eager && disposedAtEnd(eager.socket).getTimeout()).toBe(0);
  });

  test('gives null if accept or recv would block', () => {
    const listener = tcpListener();
    listener.setTimeout(0);
    expect(listener.accept()).toBeNull();
    const client = testSocket();
    client.connect(listener.getsockname());
    const server = accepted(listener);
    server.setTimeout(0);
    expect(server.recv(1024)).toBeNull();
    expect(server.recvInto(Buffer.alloc(8))).toBeNull();
    expect(server.recvFrom(8)).toBeNull();
    expect(server.recvMsg(8)).toBeNull();
    client.sendAll(MESSAGE);
    server.setTimeout(10_000);
    expect(server.recv(1024)?.toString()).toBe(MESSAGE);
  });

  test('gives null if send would block, and sends again when there is room', () => {
    const [writer, reader] = unixPair();
    writer.setTimeout(0);
    const chunk = Buffer.alloc(64 * 1024);
    let sent = 0;
    for (let count = writer.send(chunk); count !== null; count = writer.send(chunk)) sent += count;
    expect(sent).toBeGreaterThan(0);
    expect(writer.sendMsg(chunk)).toBeNull();
    for (let left = sent; left > 0;) left -= reader.recv(left)?.length ?? 0;
    expect(writer.send('x')).toBe(1);
  });

  test('does not wait with MSG_DONTWAIT, whatever the mode', () => {
    const { client } = tcpPair();
    client.setTimeout(10_000);
    expect(client.recv(1, MSG_DONTWAIT)).toBeNull();
    client.setBlocking(true);
    expect(client.recv(1, MSG_DONTWAIT)).toBeNull();
  });
});

describe('TCPTimeoutTest', () => {
  test.each([
    ['accept', (socket: Socket) => socket.accept()],
    ['recv', (socket: Socket) => socket.recv(1)],
    ['recvmsg', (socket: Socket) => socket.recvMsg(1)],
    ['recvfrom', (socket: Socket) => socket.recvFrom(1)],
  ] as const)('throws ETIMEDOUT when %s has waited that long, and never earlier', (syscall, call) => {
    const socket = syscall === 'accept' ? tcpListener() : tcpPair().client;
    socket.setTimeout(30);
    const start = performance.now();
    expect(() => call(socket)).toThrow(
      expect.objectContaining({ code: 'ETIMEDOUT', errno: -constants.errno.ETIMEDOUT, syscall, fd: socket.fd }),
    );
    const took = performance.now() - start;
    expect(took).toBeGreaterThanOrEqual(30);
    expect(took).toBeLessThan(3000);
  });

  test('takes a timeout of 0 for non-blocking', () => {
    const listener = tcpListener();
    listener.setTimeout(0);
    expect(listener.accept()).toBeNull();
  });

  test('sees what arrives while it waits', () => {
    const [first, second] = unixPair({ blocking: true });
    second.sendAll('x');
    expect(first.recv(1)?.toString()).toBe('x');
  });
});

describe('connect', () => {
  /** Writable means done; poll(2) by way of a timeout on SO_ERROR is not needed: the loopback answers at once. */
  test('is in progress on a non-blocking socket, then shows its outcome in SO_ERROR', () => {
    const listener = tcpListener();
    const client = disposedAtEnd(Socket.create());
    expect(client.connect(listener.getsockname())).toBe(false);
    accepted(listener);
    expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
    expect(client.getpeername()).toEqual(listener.getsockname());
  });

  test('is done at once if it waits', () => {
    const listener = tcpListener();
    expect(testSocket().connect(listener.getsockname())).toBe(true);
    const blocking = disposedAtEnd(Socket.create({ blocking: true }));
    expect(blocking.connect(listener.getsockname())).toBe(true);
    expect(blocking.connectEx(listener.getsockname())).toBe(constants.errno.EISCONN);
  });

  test('throws ECONNREFUSED if nobody listens, or gives it as a value', () => {
    const gone = testSocket();
    gone.bind(LOOPBACK);
    const address = gone.getsockname();
    gone.close();
    expect(() => testSocket().connect(address)).toThrow(
      expect.objectContaining({ code: 'ECONNREFUSED', errno: -constants.errno.ECONNREFUSED, syscall: 'connect' }),
    );
    expect(testSocket().connectEx(address)).toBe(constants.errno.ECONNREFUSED);
  });

  test('times out if the listener answers nobody', () => {
    const listener = testSocket();
    listener.bind(LOOPBACK);
    listener.listen(0);
    const clients = Array.from({ length: 4 }, () => {
      const client = disposedAtEnd(Socket.create());
      client.connect(listener.getsockname());
      return client;
    });
    const late = testSocket();
    late.setTimeout(40);
    expect(late.connectEx(listener.getsockname())).toBe(constants.errno.ETIMEDOUT);
    expect(clients).toHaveLength(4);
  });

  test('says EAGAIN, and not "in progress", if a unix listener has no room', () => {
    const name = { family: 'unix', abstract: `fdmux-full-${process.pid}` } as const;
    const listener = testSocket({ family: 'unix' });
    listener.bind(name);
    listener.listen(0);
    const connect = (): number => disposedAtEnd(Socket.create({ family: 'unix' })).connectEx(name);
    expect([connect(), connect()]).toEqual([0, constants.errno.EAGAIN]);
    expect(() => disposedAtEnd(Socket.create({ family: 'unix' })).connect(name)).toThrow(
      expect.objectContaining({ code: 'EAGAIN' }),
    );
  });
});

describe('flags', () => {
  test('peeks, waits for all, and sends out of band', () => {
    const { client, server } = tcpPair();
    client.sendAll('abc');
    expect(server.recv(2, MSG_PEEK)?.toString()).toBe('ab');
    expect(server.recv(3)?.toString()).toBe('abc');
    client.sendAll('!', MSG_OOB);
    server.setTimeout(0);
    expect(server.recv(1, MSG_OOB)?.toString()).toBe('!');
    server.setBlocking(true);
    client.sendAll('de');
    client.sendAll('fg');
    expect(server.recv(4, MSG_WAITALL)?.toString()).toBe('defg');
  });
});

describe('a peer that is gone', () => {
  test('is EPIPE to a writer, never a signal', () => {
    const [writer, reader] = unixPair();
    reader.close();
    expect(() => writer.send('x')).toThrow(expect.objectContaining({ code: 'EPIPE', syscall: 'send', fd: writer.fd }));
    expect(() => writer.sendAll('x')).toThrow(expect.objectContaining({ code: 'EPIPE', bytesSent: 0 }));
  });

  test('is an empty buffer to a reader', () => {
    const [reader, writer] = unixPair();
    writer.close();
    expect(reader.recv(10)).toHaveLength(0);
    expect(reader.recvInto(Buffer.alloc(1))).toBe(0);
  });
});

describe('options', () => {
  test('reads and sets integers and bytes, before bind and connect too', () => {
    const socket = testSocket();
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 8192);
    expect(socket.getsockopt(SOL_SOCKET, SO_RCVBUF)).toBe(16_384);
    socket.setsockopt(SOL_SOCKET, SO_SNDBUF, Int32Array.of(8192));
    expect(socket.getsockopt(SOL_SOCKET, SO_SNDBUF, 4).readInt32LE()).toBe(16_384);
    expect(socket.getsockopt(SOL_SOCKET, SO_SNDBUF, 2)).toHaveLength(2);
    expect(() => socket.getsockopt(SOL_SOCKET, 9999)).toThrow(expect.objectContaining({ code: 'ENOPROTOOPT' }));
    expect(() => socket.setsockopt(SOL_SOCKET, 9999, 1)).toThrow(expect.objectContaining({ code: 'ENOPROTOOPT' }));
  });

  test('gives the port that the kernel chose', () => {
    const listener = tcpListener();
    expect(localPort(listener)).toBeGreaterThan(0);
    expect(() => listener.getpeername()).toThrow(expect.objectContaining({ code: 'ENOTCONN' }));
  });
});
