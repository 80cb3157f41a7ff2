import { describe, expect, test } from 'vitest';
import { WOULD_BLOCK } from '../../src/binding/contract.js';
import { native } from '../../src/binding/load.js';
import { bytes, constant, errorOf, fill, useFds } from './fds.js';

const fds = useFds();

function listener(): { fd: number; address: Uint8Array } {
  const fd = fds.socket('AF_INET', 'SOCK_STREAM');
  native.bind(fd, native.encodeInet(4, '127.0.0.1', 0, 0, 0));
  native.listen(fd, 16);
  return { fd, address: native.getSockName(fd) };
}

function waitFor(fd: number, events: string): void {
  if (native.poll(Int32Array.of(fd, constant(events), 0), 1, 10_000, true, null) === 0) throw new Error('not ready');
}

/** A connected pair over TCP: [client, server]. */
function tcpPair(): [number, number] {
  const { fd, address } = listener();
  const client = fds.socket('AF_INET', 'SOCK_STREAM');
  native.connect(client, address);
  waitFor(fd, 'POLLIN');
  const server = fds.accept(fd);
  waitFor(client, 'POLLOUT');
  return [client, server];
}

function received(fd: number, maxBytes = 100): string | number {
  const buffer = new Uint8Array(maxBytes);
  const count = native.recv(fd, buffer, 0, maxBytes, 0);
  return count === WOULD_BLOCK ? count : new TextDecoder().decode(buffer.subarray(0, count));
}

describe('sockets', () => {
  test('connect, accept, send, receive and end', () => {
    const [client, server] = tcpPair();
    expect(received(server)).toBe(WOULD_BLOCK);
    expect(native.send(client, bytes('hello'), 1, 3, 0)).toBe(3);
    waitFor(server, 'POLLIN');
    expect(received(server)).toBe('ell');
    native.shutdown(client, constant('SHUT_WR'));
    waitFor(server, 'POLLIN');
    expect(received(server)).toBe('');
  });

  test('receive into a part of the bytes and touch no other', () => {
    const [one, two] = fds.socketPair();
    fill(one, 'abc');
    const buffer = new Uint8Array(8).fill(255);
    expect(native.recv(two, buffer, 2, 4, 0)).toBe(3);
    expect([...buffer]).toEqual([255, 255, 97, 98, 99, 255, 255, 255]);
  });

  test('peek', () => {
    const [one, two] = fds.socketPair();
    fill(one, 'abc');
    expect(native.recv(two, new Uint8Array(8), 0, 8, constant('MSG_PEEK'))).toBe(3);
    expect(received(two)).toBe('abc');
  });

  test('accept nothing when nobody connects', () => {
    expect(native.acceptFrom(listener().fd, true)).toBe(null);
  });

  test('accept many, each with its address, up to the errno that ended it', () => {
    const { fd, address } = listener();
    const clients = [0, 1, 2].map(() =>
      fds.track(native.socket(constant('AF_INET'), constant('SOCK_STREAM'), 0, false)),
    );
    for (const client of clients) expect(native.connect(client, address)).toBe(0);
    const results = new Int32Array(10);
    const addresses = new Uint8Array(5 * 128);
    expect(native.acceptMany(fd, results, addresses, 2)).toBe(2);
    expect(native.acceptMany(fd, results.subarray(4), addresses.subarray(256), 3)).toBe(1);
    expect(results[6]).toBe(-constant('EAGAIN'));
    const accepted = [0, 2, 4].map((at) => fds.track(results[at] ?? -1));
    expect(accepted.map((one) => native.isNonBlocking(one))).toEqual([true, true, true]);
    const peers = [0, 1, 2].map((i) => addresses.slice(128 * i, 128 * i + (results[2 * i + 1] ?? 0)));
    expect(peers).toEqual(clients.map((client) => native.getSockName(client)));
  });

  test('give the errno of a connect as a value', () => {
    const { fd, address } = listener();
    const client = fds.socket('AF_INET', 'SOCK_STREAM');
    expect([0, constant('EINPROGRESS')]).toContain(native.connect(client, address));
    waitFor(client, 'POLLOUT');
    expect(native.connect(client, address)).toBe(0);
    expect(native.connect(client, address)).toBe(constant('EISCONN'));
    fds.close(fd);
    const refused = fds.track(native.socket(constant('AF_INET'), constant('SOCK_STREAM'), 0, false));
    expect(native.connect(refused, address)).toBe(constant('ECONNREFUSED'));
    expect(native.connect(fds.closedFd(), address)).toBe(constant('EBADF'));
  });

  test('report a peer that is gone as EPIPE, without a signal', () => {
    const [one, two] = fds.socketPair();
    fds.close(two);
    expect(errorOf(() => native.send(one, bytes('x'), 0, 1, 0))).toMatchObject({
      code: 'EPIPE',
      syscall: 'send',
      fd: one,
    });
  });

  test('would block when the peer does not read', () => {
    const [one] = fds.socketPair();
    const chunk = new Uint8Array(65_536);
    let result = 0;
    while (result !== WOULD_BLOCK) result = native.send(one, chunk, 0, chunk.length, 0);
  });

  test('are close-on-exec, and non-blocking as asked', () => {
    const family = constant('AF_UNIX');
    const type = constant('SOCK_STREAM');
    const blocking = fds.track(native.socket(family, type, 0, false));
    const nonBlocking = fds.track(native.socket(family, type, 0, true));
    const pair = native.socketPair(family, type, 0, true).map(fds.track);
    expect([blocking, nonBlocking, ...pair].map((fd) => native.isNonBlocking(fd))).toEqual([false, true, true, true]);
    const { fd, address } = listener();
    const client = fds.socket('AF_INET', 'SOCK_STREAM');
    native.connect(client, address);
    waitFor(fd, 'POLLIN');
    expect(native.isNonBlocking(fds.accept(fd, false))).toBe(false);
  });

  test('know their addresses', () => {
    const [client, server] = tcpPair();
    expect(native.getPeerName(client)).toEqual(native.getSockName(server));
    expect(native.decodeAddress(native.getSockName(client))).toMatchObject({ family: 'inet', host: '127.0.0.1' });
    const unconnected = fds.socket('AF_INET', 'SOCK_STREAM');
    expect(errorOf(() => native.getPeerName(unconnected))).toMatchObject({ code: 'ENOTCONN' });
  });

  test('have options, as an integer or as bytes', () => {
    const { fd } = listener();
    const level = constant('SOL_SOCKET');
    native.setSockOpt(fd, level, constant('SO_KEEPALIVE'), 1);
    expect(native.getSockOpt(fd, level, constant('SO_KEEPALIVE'))).toBe(1);
    const linger = new Uint8Array(Int32Array.of(1, 7).buffer);
    native.setSockOpt(fd, level, constant('SO_LINGER'), linger);
    expect(native.getSockOptBytes(fd, level, constant('SO_LINGER'), 64)).toEqual(linger);
    expect(native.getSockOptBytes(fd, level, constant('SO_LINGER'), 4)).toEqual(linger.subarray(0, 4));
    expect(errorOf(() => native.getSockOpt(fd, level, 9999))).toMatchObject({ code: 'ENOPROTOOPT' });
    expect(errorOf(() => native.setSockOpt(fd, level, constant('SO_LINGER'), 1))).toMatchObject({ code: 'EINVAL' });
  });

  test('read a filter into the bytes that there are, though the kernel counts it in instructions', () => {
    const [one] = fds.socketPair();
    const [level, name] = [constant('SOL_SOCKET'), constant('SO_ATTACH_FILTER')];
    const program = new Uint8Array(16);
    program[0] = 2;
    const instructions = new Uint8Array(16);
    for (const i of [0, 8]) instructions.set([6, 0, 0, 0, 1, 2, 3, 4], i);
    native.setSockOptPointers(one, level, name, Int32Array.of(0, 8), [program, instructions]);
    expect(native.getSockOptBytes(one, level, name, 100)).toEqual(instructions);
    expect(native.getSockOptBytes(one, level, name, 16)).toEqual(instructions);
    // As many bytes as the filter has instructions, and one instruction: the kernel would write both of them.
    expect(native.getSockOptBytes(one, level, name, 2)).toEqual(new Uint8Array(0));
    expect(errorOf(() => native.getSockOptBytes(one, level, name, 8))).toMatchObject({ code: 'EINVAL' });
    expect(native.getSockOpt(one, level, name)).toBe(0);
  });

  test.each([
    ['bind', 'EBADF', (fd: number) => native.bind(fd, native.encodeInet(4, '127.0.0.1', 0, 0, 0))],
    ['listen', 'EBADF', (fd: number) => native.listen(fd, 1)],
    ['accept4', 'EBADF', (fd: number) => native.acceptFrom(fd, true)],
    ['recv', 'EBADF', (fd: number) => native.recv(fd, new Uint8Array(1), 0, 1, 0)],
    ['send', 'EBADF', (fd: number) => native.send(fd, new Uint8Array(1), 0, 1, 0)],
    ['shutdown', 'EBADF', (fd: number) => native.shutdown(fd, 0)],
    ['getsockname', 'EBADF', (fd: number) => native.getSockName(fd)],
    ['getpeername', 'EBADF', (fd: number) => native.getPeerName(fd)],
    ['getsockopt', 'EBADF', (fd: number) => native.getSockOpt(fd, 1, 1)],
    ['getsockopt', 'EBADF', (fd: number) => native.getSockOptBytes(fd, 1, 1, 8)],
    ['setsockopt', 'EBADF', (fd: number) => native.setSockOpt(fd, 1, 1, 1)],
  ])('%s on a closed fd says %s, with the fd', (syscall, code, call) => {
    const fd = fds.closedFd();
    expect(errorOf(() => call(fd))).toMatchObject({ code, syscall, fd });
  });

  test('of no known family are refused', () => {
    expect(errorOf(() => native.socket(9999, 1, 0, true))).toMatchObject({ code: 'EAFNOSUPPORT', syscall: 'socket' });
    expect(errorOf(() => native.socketPair(constant('AF_INET'), 1, 0, true))).toMatchObject({ code: 'EOPNOTSUPP' });
  });
});
