/**
 * What CPython's test_socket asserts in BasicSocketPairTest, TestUnixDomain and TestLinuxAbstractNamespace, expressed
 * in this API (credit: the CPython authors).
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AF_UNIX, formatAddress, parseAddress, Socket } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { disposedAtEnd } from '../support/fds.js';
import { accepted, testSocket, unixPair } from '../support/sockets.js';

const MESSAGE = 'hello';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('BasicSocketPairTest', () => {
  test('makes two unix streams by default', () => {
    for (const socket of Socket.pair().map(disposedAtEnd)) {
      expect(socket).toMatchObject({ family: 'unix', type: 'stream', protocol: 0, blocking: false });
      expect(socket.getpeername()).toEqual({ family: 'unix' });
    }
  });

  test('makes blocking ones if asked', () => {
    for (const socket of Socket.pair({ blocking: true }).map(disposedAtEnd)) expect(socket.getTimeout()).toBeNull();
  });

  test.each(['stream', 'dgram', 'seqpacket'] as const)('carries messages both ways: %s', (type) => {
    const [first, second] = unixPair({ type });
    first.send(MESSAGE);
    expect(second.recv(1024)?.toString()).toBe(MESSAGE);
    second.send(MESSAGE);
    expect(first.recv(1024)?.toString()).toBe(MESSAGE);
  });
});

describe('a name that is not UTF-8', () => {
  test.each([
    [
      'a path',
      (folder: string) => ({ path: Buffer.concat([Buffer.from(join(folder, 's')), Buffer.from([0xff, 0xfe])]) }),
    ],
    ['an abstract name', () => ({ abstract: Buffer.from(`fdmux-${process.pid}-\xff`, 'latin1') })],
  ])('leads back to its socket: %s', (_what, nameIn) => {
    const name = nameIn(temporaryFolder());
    const named = testSocket({ family: 'unix', type: 'dgram' });
    const other = testSocket({ family: 'unix', type: 'dgram' });
    named.bind({ family: 'unix', ...name });
    expect(named.getsockname()).toEqual({ family: 'unix', ...name });
    other.bind({ family: 'unix' });
    named.sendTo('ping', other.getsockname());
    const received = other.recvFrom(10);
    const sender = received?.address ?? { family: 'unix' };
    expect(sender).toEqual({ family: 'unix', ...name });
    other.sendTo('pong', parseAddress(formatAddress(sender)));
    expect(named.recv(10)?.toString()).toBe('pong');
  });
});

describe('TestUnixDomain', () => {
  test('binds a path, which stays when the socket is closed', () => {
    const path = join(temporaryFolder(), 'sock\u1234');
    const listener = testSocket({ family: 'unix' });
    listener.bind({ family: 'unix', path });
    listener.listen();
    expect(listener.getsockname()).toEqual({ family: 'unix', path });
    const client = testSocket({ family: 'unix' });
    expect(client.connect({ family: 'unix', path })).toBe(true);
    expect(client.getpeername()).toEqual({ family: 'unix', path });
    listener.setTimeout(1000);
    const result = listener.accept();
    expect(result?.address).toEqual({ family: 'unix' });
    result?.socket.close();
    listener.close();
    expect(existsSync(path)).toBe(true);
    expect(() => testSocket({ family: 'unix' }).bind({ family: 'unix', path })).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE', syscall: 'bind' }),
    );
  });

  test('has no name before it is bound', () => {
    expect(testSocket({ family: 'unix' }).getsockname()).toEqual({ family: 'unix' });
  });

  test('refuses paths that the kernel could not take, before any system call', () => {
    const socket = testSocket({ family: 'unix' });
    for (const path of ['', 'a\0b', 'x'.repeat(108), '\u1234'.repeat(36)]) {
      expect(() => socket.bind({ family: 'unix', path })).toThrow(
        expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }),
      );
    }
    expect(() => socket.connect({ family: 'unix', path: '/nonexistent/socket' })).toThrow(
      expect.objectContaining({ code: 'ENOENT', syscall: 'connect' }),
    );
  });

  test('takes raw bytes for an address', () => {
    const path = join(temporaryFolder(), 'raw');
    const raw = Buffer.concat([Uint8Array.of(AF_UNIX, 0), Buffer.from(`${path}\0`)]);
    const socket = testSocket({ family: 'unix' });
    socket.bind(raw);
    expect(socket.getsockname()).toEqual({ family: 'unix', path });
  });
});

describe('TestLinuxAbstractNamespace', () => {
  test('connects by a name that no file stands for, whatever bytes it has', () => {
    const name = { family: 'unix', abstract: `fdmux-test\0${process.pid}` } as const;
    const listener = testSocket({ family: 'unix' });
    listener.bind(name);
    listener.listen();
    const client = testSocket({ family: 'unix' });
    client.connect(name);
    const server = accepted(listener);
    expect(server.getsockname()).toEqual(name);
    expect(client.getpeername()).toEqual(name);
  });

  test('takes names of up to 107 bytes', () => {
    const longest = { family: 'unix', abstract: `${process.pid}-`.padEnd(107, 'h') } as const;
    const socket = testSocket({ family: 'unix' });
    socket.bind(longest);
    expect(socket.getsockname()).toEqual(longest);
    expect(() => testSocket({ family: 'unix' }).bind({ family: 'unix', abstract: 'h'.repeat(108) })).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }),
    );
  });

  test('gets a name from the kernel if it is bound without one', () => {
    const socket = testSocket({ family: 'unix', type: 'dgram' });
    socket.bind({ family: 'unix' });
    const address = socket.getsockname();
    expect('abstract' in address && address.abstract).toMatch(/^[0-9a-f]{5}$/);
    const sender = testSocket({ family: 'unix', type: 'dgram' });
    sender.bind({ family: 'unix' });
    sender.sendTo(MESSAGE, address);
    expect(socket.recvFrom(100)).toEqual({ data: Buffer.from(MESSAGE), address: sender.getsockname() });
  });
});
