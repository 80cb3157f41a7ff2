/**
 * What CPython's test_socket asserts in NonblockConstantTest, ContextManagersTest and CreateServerTest, expressed in
 * this API (credit: the CPython authors); and what holds for every method: wrong arguments, closed sockets, nothing
 * leaked.
 */
import { readFileSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import fc from 'fast-check';
import {
  Descriptor,
  F_GETFL,
  FIONREAD,
  IPPROTO_ICMP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  Multiplexer,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  Socket,
  SOL_SOCKET,
} from 'fdmux';
import { describe, expect, test, vi } from 'vitest';
import { native } from '../../src/binding/load.js';
import { disposedAtEnd, maxOpenFiles, openFds, withoutFreeFds } from '../support/fds.js';
import {
  accepted,
  localPort,
  LOOPBACK,
  tcpListener,
  tcpPair,
  testSocket,
  udpSocket,
  unixPair,
} from '../support/sockets.js';

/** The flags of an open file description, as /proc shows them. */
function flagsOf(fd: number): number {
  return parseInt(/flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '', 8);
}
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

describe('NonblockConstantTest', () => {
  test('sets O_NONBLOCK as the mode says, and shows a type without it', () => {
    const socket = disposedAtEnd(Socket.create());
    const isNonBlocking = (): boolean => (flagsOf(socket.fd) & O_NONBLOCK) !== 0;
    expect([socket.type, isNonBlocking()]).toEqual(['stream', true]);
    socket.setBlocking(true);
    expect(isNonBlocking()).toBe(false);
    socket.setTimeout(5);
    expect(isNonBlocking()).toBe(true);
    socket.setTimeout(null);
    expect(isNonBlocking()).toBe(false);
    socket.setTimeout(0);
    expect([socket.type, isNonBlocking()]).toEqual(['stream', true]);
  });

  test('makes every fd close-on-exec', () => {
    const { client, server } = tcpPair();
    const sockets = [client, server, ...unixPair(), disposedAtEnd(client.dup())];
    for (const socket of sockets) expect(flagsOf(socket.fd) & O_CLOEXEC).not.toBe(0);
  });
});

describe('ContextManagersTest', () => {
  test('closes at the end of a using block, and once', () => {
    let outside: Socket;
    {
      using socket = Socket.create();
      outside = socket;
      expect(socket.closed).toBe(false);
    }
    expect(outside.closed).toBe(true);
    outside.close();
    outside[Symbol.dispose]();
  });
});

describe('CreateServerTest', () => {
  test('refuses an address in use, and shares it if both ask for that', () => {
    const listener = testSocket();
    listener.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
    listener.bind(LOOPBACK);
    listener.listen();
    const other = testSocket();
    expect(() => other.bind(listener.getsockname())).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
    other.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
    other.bind(listener.getsockname());
    other.listen();
    expect(other.getsockname()).toEqual(listener.getsockname());
  });

  test('binds at once after a restart with SO_REUSEADDR', () => {
    const listen = (port: number): Socket => {
      const listener = testSocket();
      listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      listener.bind({ ...LOOPBACK, port });
      listener.listen();
      return listener;
    };
    const listener = listen(0);
    const port = localPort(listener);
    const client = testSocket();
    client.connect(listener.getsockname());
    // The side that closes first keeps the port in TIME_WAIT.
    accepted(listener).close();
    listener.close();
    expect(client.recv(1)).toHaveLength(0);
    client.close();
    expect(() => testSocket().bind({ ...LOOPBACK, port })).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
    expect(localPort(listen(port))).toBe(port);
  });

  test.each([
    ['IPv6 alone', 1, 'ECONNREFUSED'],
    ['both families', 0, 0],
  ] as const)('serves %s', (_what, v6Only, outcome) => {
    const listener = testSocket({ family: 'inet6' });
    listener.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, v6Only);
    listener.bind({ family: 'inet6', host: '::', port: 0 });
    listener.listen();
    const errno = testSocket().connectEx({ ...LOOPBACK, port: localPort(listener) });
    expect(errno).toBe(outcome === 0 ? 0 : osConstants.errno[outcome]);
    if (outcome !== 0) return;
    const address = accepted(listener).getpeername();
    expect(address).toMatchObject({ family: 'inet6', host: '::ffff:127.0.0.1' });
  });

  test('knows what it is, by name or number', () => {
    expect(testSocket()).toMatchObject({ family: 'inet', type: 'stream', protocol: IPPROTO_TCP });
    expect(testSocket({ family: 'inet6', type: 'dgram' })).toMatchObject({ family: 'inet6', type: 'dgram' });
    expect(testSocket({ family: 16, type: 'raw' })).toMatchObject({ family: 16, type: 'raw' });
    expect(testSocket({ type: SOCK_STREAM })).toMatchObject({ type: 'stream' });
  });

  test.skipIf(process.getuid?.() !== 0)('opens raw sockets for those who may', { tags: ['needs-root'] }, () => {
    const socket = testSocket({ type: 'raw', protocol: IPPROTO_ICMP });
    expect(socket).toMatchObject({ type: 'raw', protocol: IPPROTO_ICMP });
  });
});

const address = { family: 'inet', host: '127.0.0.1', port: 1 } as const;
/** Every method that needs an open socket, called with arguments that are right. */
const calls: readonly [string, (socket: Socket) => unknown][] = [
  ['fd', (socket) => socket.fd],
  ['accept', (socket) => socket.accept()],
  ['bind', (socket) => socket.bind(address)],
  ['connect', (socket) => socket.connect(address)],
  ['connectEx', (socket) => socket.connectEx(address)],
  ['detach', (socket) => socket.detach()],
  ['dup', (socket) => socket.dup()],
  ['fcntl', (socket) => socket.fcntl(F_GETFL)],
  ['getpeername', (socket) => socket.getpeername()],
  ['getsockname', (socket) => socket.getsockname()],
  ['getsockopt', (socket) => socket.getsockopt(1, 1)],
  ['ioctl', (socket) => socket.ioctl(FIONREAD, new Int32Array(1))],
  ['joinGroup', (socket) => socket.joinGroup({ group: '224.0.0.1' })],
  ['leaveGroup', (socket) => socket.leaveGroup({ group: '224.0.0.1' })],
  ['listen', (socket) => socket.listen()],
  ['peerCredentials', (socket) => socket.peerCredentials],
  ['protocol', (socket) => socket.protocol],
  ['recv', (socket) => socket.recv(1)],
  ['recvFrom', (socket) => socket.recvFrom(1)],
  ['recvFromInto', (socket) => socket.recvFromInto(Buffer.alloc(1))],
  ['recvInto', (socket) => socket.recvInto(Buffer.alloc(1))],
  ['recvMmsg', (socket) => socket.recvMmsg(1, 1)],
  ['recvMsg', (socket) => socket.recvMsg(1)],
  ['send', (socket) => socket.send('x')],
  ['sendAll', (socket) => socket.sendAll('x')],
  ['sendMmsg', (socket) => socket.sendMmsg([{ data: 'x' }])],
  ['sendMsg', (socket) => socket.sendMsg('x')],
  ['sendTo', (socket) => socket.sendTo('x', address)],
  ['setBlocking', (socket) => socket.setBlocking(true)],
  ['setTimeout', (socket) => socket.setTimeout(1)],
  ['setsockopt', (socket) => socket.setsockopt(1, 1, 1)],
  ['shutdown', (socket) => socket.shutdown('write')],
];

describe('a closed socket', () => {
  test.each(calls)('throws ERR_CLOSED from %s', (_name, call) => {
    const socket = Socket.create();
    socket.close();
    expect(() => call(socket)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
  });

  test('is complete: every method of the class is in that list', () => {
    const stillWork = ['constructor', 'blocking', 'close', 'closed', 'getTimeout', 'inspected', 'toDuplex'];
    const names = [Socket.prototype, Object.getPrototypeOf(Socket.prototype)].flatMap((prototype: object) =>
      Object.getOwnPropertyNames(prototype),
    );
    const covered = [...calls.map(([name]) => name), ...stillWork];
    expect(names.filter((name) => !covered.includes(name))).toEqual([]);
  });

  test('has left every multiplexer', () => {
    const multiplexers = Multiplexer.backends().map((backend) => disposedAtEnd(new Multiplexer<string>({ backend })));
    const [first, second] = Socket.pair().map(disposedAtEnd);
    if (first === undefined || second === undefined) throw new Error('no pair');
    for (const multiplexer of multiplexers) multiplexer.register(first, { interest: 'read', data: 'x' });
    first.close();
    expect(multiplexers.map(({ size }) => size)).toEqual(multiplexers.map(() => 0));
  });
});

describe('an fd that is no socket', () => {
  test('is refused, and stays open', () => {
    const file = Descriptor.open('/dev/null').detach();
    expect(() => Socket.fromFd(file)).toThrow(expect.objectContaining({ code: 'ENOTSOCK' }));
    expect(openFds().has(file)).toBe(true);
    native.close(file);
    expect(() => Socket.fromFd(file)).toThrow(expect.objectContaining({ code: 'EBADF', fd: file }));
  });

  test.each(calls.filter(([name]) => !['detach', 'fd'].includes(name)))(
    'makes %s throw a system error or hand it back, where the number was closed behind its back',
    (name, call) => {
      const socket = Socket.create();
      native.close(socket.detach());
      const stale = Socket.create();
      native.close(stale.fd);
      if (name === 'connectEx') expect(call(stale)).toBe(osConstants.errno.EBADF);
      else expect(() => call(stale)).toThrow(expect.objectContaining({ code: 'EBADF' }));
      expect(() => stale.close()).toThrow(expect.objectContaining({ code: 'EBADF', syscall: 'close' }));
      expect(stale.closed).toBe(true);
    },
  );
});

const CODES = ['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_VALUE', 'ERR_UNKNOWN_OPTION'];
/** Anything that a program without types may pass. */
const garbage = fc.oneof(
  fc.constantFrom(undefined, null, NaN, Infinity, -1, 1.9, 2 ** 31, 2 ** 32 + 1, -(2 ** 31) - 1, '', 'x', true, 10n),
  fc.constantFrom({}, [], Symbol('s'), () => 0, { family: 'inet' }, { family: 'unix', path: 5 }, { kind: 'rights' }),
);

/** Calls a method as a program without types may do. */
function callUntyped(target: object, name: string, values: readonly unknown[]): unknown {
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== 'function') throw new Error(`no method ${name}`);
  const result: unknown = Reflect.apply(method, target, values);
  return result;
}

/** The code of an error, or of what `call` throws. */
function codeOf(errorOrCall: unknown): string {
  if (typeof errorOrCall !== 'function') {
    return typeof errorOrCall === 'object' && errorOrCall !== null && 'code' in errorOrCall
      ? String(errorOrCall.code)
      : '';
  }
  try {
    Reflect.apply(errorOrCall, undefined, []);
  } catch (error) {
    return codeOf(error);
  }
  return 'no error';
}

describe('garbage', () => {
  const methods = calls
    .map(([name]) => name)
    .filter((name) => !['fd', 'detach', 'dup', 'peerCredentials', 'protocol'].includes(name));

  test('gives typed errors, system errors or results, and leaks no fd', () => {
    const before = openFds().size;
    fc.assert(
      fc.property(fc.constantFrom(...methods), fc.array(garbage, { maxLength: 4 }), (name, values) => {
        using socket = Socket.create({ type: 'dgram' });
        try {
          const result = callUntyped(socket, name, values);
          if (typeof result === 'object' && result !== null && 'socket' in result) throw new Error('accepted');
        } catch (error) {
          const code = codeOf(error);
          const isTyped = CODES.includes(code) || /^E[A-Z]+$/.test(code);
          expect(isTyped, `${name}: ${String(error)}`).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
    expect(openFds().size).toBe(before);
  });

  test('is no timeout: only null is for ever', () => {
    const socket = testSocket();
    for (const value of [undefined, '5', {}, NaN, -1]) {
      expect(codeOf(() => callUntyped(socket, 'setTimeout', [value]))).toMatch(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/);
    }
    expect(socket.getTimeout()).toBe(10_000);
  });

  test.each([
    ['create', [{ family: 'inet7' }]],
    ['create', [{ type: 'strem' }]],
    ['create', [{ family: -1 }]],
    ['create', [{ type: 2049 }]],
    ['create', [{ protocol: 0.5 }]],
    ['create', [{ blocking: 1 }]],
    ['create', [null]],
    ['pair', ['stream']],
    ['fromFd', ['0']],
    ['fromFd', [-1]],
    ['fromFd', [2 ** 32]],
  ] as const)('is refused by Socket.%s(%j)', (name, values) => {
    expect(codeOf(() => callUntyped(Socket, name, values))).toMatch(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/);
  });
});

describe('failures', () => {
  test('leave no fd behind if an accepted address cannot be read', () => {
    const listener = tcpListener();
    testSocket().connect(listener.getsockname());
    const before = openFds().size;
    const decode = vi.spyOn(native, 'decodeAddress').mockImplementation(() => {
      throw new Error('forced');
    });
    expect(() => listener.accept()).toThrow('forced');
    decode.mockRestore();
    expect(openFds().size).toBe(before);
  });

  test('leave no fd behind if creating fails', () => {
    const before = openFds().size;
    expect(() => Socket.create({ family: 'inet', type: 'seqpacket' })).toThrow(
      expect.objectContaining({ syscall: 'socket' }),
    );
    expect(() => Socket.create({ family: 9999 })).toThrow(expect.objectContaining({ code: 'EAFNOSUPPORT' }));
    expect(() => Socket.pair({ family: 'inet' })).toThrow(expect.objectContaining({ code: 'EOPNOTSUPP' }));
    expect(openFds().size).toBe(before);
  });

  // Where a process may open very many, taking them all up would be a load of its own.
  test('take no flags that are no number, and run no code of theirs', () => {
    const [socket] = unixPair();
    const flags = [Symbol('flags'), 1n, { valueOf: () => expect.unreachable('code of the flags') }, 0.5, 2 ** 32];
    for (const value of flags) {
      for (const [name, ...args] of [
        ['recv', 1],
        ['recvInto', Buffer.alloc(1), 0, 1],
        ['recvFrom', 1],
        ['send', 'x'],
      ]) {
        const expected = typeof value === 'number' ? 'ERR_OUT_OF_RANGE' : 'ERR_INVALID_ARG_TYPE';
        expect(codeOf(() => callUntyped(socket, String(name), [...args, value]))).toBe(expected);
      }
    }
  });

  test.skipIf(maxOpenFiles() > 100_000)(
    'leave no fd behind if the process may open no more',
    { tags: ['needs-fd-limit'] },
    () => {
      const listener = tcpListener();
      const client = testSocket();
      client.connect(listener.getsockname());
      const udp = udpSocket();
      const before = openFds().size;
      const [first, second] = unixPair();
      first.sendMsg('x', { control: [{ kind: 'rights', fds: [udp, udp] }] });
      withoutFreeFds(() => {
        for (const open of [() => Socket.create(), () => Socket.pair(), () => listener.accept(), () => udp.dup()]) {
          expect(codeOf(open)).toBe('EMFILE');
        }
        // The kernel delivers what it can: the message without its fds.
        expect(second.recvMsg(1)).toMatchObject({ data: Buffer.from('x'), fds: [], controlTruncated: true });
      });
      expect(openFds().size).toBe(before + 2);
      accepted(listener);
    },
  );
});
