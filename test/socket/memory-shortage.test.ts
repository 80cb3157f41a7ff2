/**
 * A kernel that has no memory for what is to be moved says ENOBUFS or ENOMEM: that passes, and is no reason to lose a
 * connection.
 */
import { constants } from 'node:os';
import { type Connection, Multiplexer, Socket } from 'fdmux';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { native } from '../../src/binding/load.js';
import { ServedConnection } from '../../src/net/served-connection.js';
import { errnoError } from '../../src/socket/errno-error.js';
import { pattern, portOf, testListener, VARIANTS } from '../support/connections.js';
import { until } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { unixPair } from '../support/sockets.js';

const { ENOBUFS, ENOMEM } = constants.errno;
const real = { ...native };

/** Whether the next send or receive of connections is to fail, and with which errno, negative. */
let failSend = (): number => 0;
let failReceive = (): number => 0;

// A turn binds its calls once, so these stand between it and the kernel from the beginning.
beforeEach(() => {
  vi.spyOn(native, 'sender').mockImplementation((bytes, operations) => {
    const send = real.sender(bytes, operations);
    return (length) => {
      const failure = failSend();
      if (failure === 0) send(length);
      else for (let i = 0; i < length; i += 1) operations[3 * i] = failure;
    };
  });
  vi.spyOn(native, 'receiver').mockImplementation((bytes, operations, maxBytes) => {
    const receive = real.receiver(bytes, operations, maxBytes);
    return (length) => {
      const failure = failReceive();
      if (failure === 0) return receive(length);
      operations.fill(failure, 0, length);
      return length;
    };
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  failSend = () => 0;
  failReceive = () => 0;
});

/** Fails `count` times. */
function failing(errno: number, count: number): { readonly fail: () => number; readonly tried: () => number } {
  let tried = 0;
  return {
    fail: () => {
      tried += 1;
      return tried > count ? 0 : -errno;
    },
    tried: () => tried,
  };
}

/** Lets the next `count` sends of connections fail. @returns how many sends were tried so far */
function starveSends(errno: number, count: number): () => number {
  const { fail, tried } = failing(errno, count);
  failSend = fail;
  vi.spyOn(native, 'send').mockImplementation((fd, ...rest) => {
    if (fail() !== 0) throw errnoError(errno, 'send', fd);
    return real.send(fd, ...rest);
  });
  return tried;
}

/** Lets the next `count` receives of connections fail. @returns how many were tried so far */
function starveReceives(errno: number, count: number): () => number {
  const { fail, tried } = failing(errno, count);
  failReceive = fail;
  return tried;
}

describe.each(VARIANTS)('a connection on $backend, $trigger-triggered', (variant) => {
  test.each([
    ['many short writes', ENOBUFS, 100],
    ['one long write', ENOMEM, 100_000],
  ])('sends %s after a moment, all of it and in order', async (_what, errno, pieceBytes) => {
    const bytes = pattern(100_000);
    const listener = await testListener({
      ...variant,
      socket: {
        open(connection) {
          starveSends(errno, 3);
          for (let start = 0; start < bytes.length; start += pieceBytes) {
            connection.write(bytes.subarray(start, start + pieceBytes));
          }
          connection.end();
        },
      },
    });
    const peer = await connectPeer(portOf(listener));
    expect((await peer.ended()).equals(bytes)).toBe(true);
  });

  test('receives after a moment', async () => {
    const tried = starveReceives(ENOMEM, 3);
    const received: string[] = [];
    const listener = await testListener({
      ...variant,
      socket: { data: (_connection, bytes) => void received.push(bytes.toString()) },
    });
    const peer = await connectPeer(portOf(listener));
    void peer.write('hello');
    await until(() => received.join('') === 'hello', 'the bytes');
    expect(tried()).toBe(4);
  });

  test('does not ask again while it waits for that moment, though the fd is ready', async () => {
    using multiplexer = new Multiplexer({ backend: variant.backend });
    const errors: unknown[] = [];
    const connections: Connection[] = [];
    const listener = await testListener({
      multiplexer,
      trigger: variant.trigger,
      socket: { open: (connection) => void connections.push(connection), error: (_, error) => void errors.push(error) },
    });
    const peer = await connectPeer(portOf(listener));
    while (connections.length === 0) multiplexer.waitSync(10);
    const received = starveReceives(ENOMEM, 1);
    const sent = starveSends(ENOBUFS, Infinity);
    void peer.write('x');
    while (received() === 0) multiplexer.waitSync(10);
    connections[0]?.write('y');
    const reported = vi.spyOn(ServedConnection.prototype, 'ready');
    for (let i = 0; i < 1000; i += 1) multiplexer.waitSync(0);
    // A moment is 20 ms: 1,000 looks may take more than one of them on a slow machine, but never a try or a report
    // each.
    expect([received() <= 100, sent() <= 100, reported.mock.calls.length <= 100]).toEqual([true, true, true]);
    expect(errors).toEqual([]);
  });
});

describe('a Duplex of a socket', () => {
  test('sends and receives after a moment', async () => {
    const [first, second] = Socket.pair();
    const duplex = disposedAtEnd(second).toDuplex();
    let left = 3;
    for (const name of ['send', 'recv'] as const) {
      vi.spyOn(native, name).mockImplementation((fd, ...rest) => {
        if (fd === second.fd && (left -= 1) >= 0) throw errnoError(ENOBUFS, name, fd);
        return real[name](fd, ...rest);
      });
    }
    duplex.write('out');
    disposedAtEnd(first).sendAll('in');
    const [got] = await new Promise<Buffer[]>((resolve) => duplex.once('data', (bytes: Buffer) => resolve([bytes])));
    expect(got?.toString()).toBe('in');
    let out: Buffer | null = null;
    await until(() => (out = first.recv(10)) !== null, 'what was sent');
    expect(String(out)).toBe('out');
    duplex.destroy();
    await until(() => second.closed, 'the end');
  });
});

test('reaches the sender on a bare socket, in every mode', () => {
  const [first] = unixPair();
  vi.spyOn(native, 'send').mockImplementation((fd) => {
    throw errnoError(ENOBUFS, 'send', fd);
  });
  for (const timeoutMs of [0, 1000, null]) {
    first.setTimeout(timeoutMs);
    expect(() => first.send('x')).toThrow(expect.objectContaining({ code: 'ENOBUFS', syscall: 'send' }));
  }
});
