/** Connections and listening sockets that change their owners: release() and adopt(). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  adopt,
  type Connection,
  Descriptor,
  listen,
  Multiplexer,
  pipe,
  type ReleasedConnection,
  Socket,
  type SocketHandlers,
} from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { present } from '../../src/errors.js';
import { IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_NODELAY } from '../../src/socket/constants.js';
import { echo, exchange, pattern, portOf, serveOne, Signal, testListener, VARIANTS } from '../support/connections.js';
import { nextEvent, until, within } from '../support/deadline.js';
import { closeQuietly, disposedAtEnd, openFds } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { packagePath } from '../support/processes.js';
import { seeded } from '../support/random.js';
import { tcpListener, tcpPair, testSocket, unixPair } from '../support/sockets.js';
import { temporaryFolder } from '../support/temporary.js';
import { callUntyped } from '../support/untyped.js';

type Variant = (typeof VARIANTS)[number];

/** The end of a connection that is served, and the other one, which a test reads and writes without waiting. */
function pairOfSockets(): { readonly server: Socket; readonly peer: Socket } {
  const { server, client: peer } = tcpPair();
  peer.setBlocking(false);
  return { server, peer };
}

/** A connection on a multiplexer that the test itself drives, and all that has happened to it. */
class Held {
  readonly multiplexer: Multiplexer;
  readonly calls: string[] = [];
  readonly received: Buffer[] = [];
  readonly connection: Connection;

  constructor(fd: number | Socket, variant: Variant, state: Partial<ReleasedConnection>, isPaused = false) {
    const { unsent, held, ended } = state;
    this.multiplexer = new Multiplexer({ backend: variant.backend });
    const note =
      (name: string) =>
      (_connection: Connection): void => {
        this.calls.push(name);
      };
    const socket: SocketHandlers<unknown> = {
      open: (connection) => {
        this.calls.push('open');
        if (isPaused) connection.pause();
      },
      data: (_connection, bytes) => this.received.push(Buffer.from(bytes)),
      drain: note('drain'),
      end: note('end'),
      close: note('close'),
      error: note('error'),
    };
    this.connection = adopt(fd, {
      unsent,
      held,
      ended,
      trigger: variant.trigger,
      multiplexer: this.multiplexer,
      socket,
    });
  }

  turn(): void {
    this.multiplexer.waitSync(0);
  }

  /** Gives the connection away. */
  release(): ReleasedConnection {
    const released = this.connection.release();
    this.multiplexer.close();
    return released;
  }
}

/** All that a socket has, without waiting. */
function receiveAll(peer: Socket): Buffer[] {
  const chunks: Buffer[] = [];
  for (;;) {
    const bytes = peer.recv(65_536);
    if (bytes === null || bytes.length === 0) return chunks;
    chunks.push(bytes);
  }
}

describe.each(VARIANTS)('a released connection on $backend/$trigger', (variant) => {
  test('takes along what the kernel has not taken, and what its handler was not given', async () => {
    const { server, peer } = pairOfSockets();
    const first = new Held(server, variant, {});
    peer.send('early');
    await until(() => {
      first.turn();
      return first.received.length > 0;
    }, 'the first bytes');
    const sent = pattern(8_000_000);
    first.connection.write(sent);
    first.turn();
    peer.send('in the kernel');
    const before = first.connection.pendingBytes;
    expect(before).toBeGreaterThan(0);

    const released = first.release();
    expect(released.ended).toBe(false);
    expect(released.unsent.length).toBe(before);
    expect(first.connection).toMatchObject({ fd: -1, isDestroyed: true, isWritable: false, pendingBytes: 0 });
    expect(first.connection.write('too late')).toBe(false);
    expect(first.calls).toEqual(['open']);

    const second = new Held(released.fd, variant, { ...released, held: Buffer.from('held, ') });
    second.connection.write('the end');
    const chunks: Buffer[] = [];
    let count = 0;
    await until(() => {
      second.turn();
      for (const chunk of receiveAll(peer)) {
        chunks.push(chunk);
        count += chunk.length;
      }
      return count >= sent.length + 'the end'.length;
    }, 'everything that was written');
    expect(Buffer.concat(chunks).equals(Buffer.concat([sent, Buffer.from('the end')]))).toBe(true);
    expect(Buffer.concat(second.received).toString()).toBe('held, in the kernel');
    closeQuietly(second.release().fd);
  });

  test('sends nothing of what was left before the next wait: its former owner may go on itself', async () => {
    const { server, peer } = pairOfSockets();
    const left = pattern(100_000);
    const held = new Held(server, variant, { unsent: left });
    expect(held.connection.pendingBytes).toBe(left.length);
    expect(held.connection.write('behind it')).toBe(false);
    expect(peer.recv(1)).toBeNull();
    const chunks: Buffer[] = [];
    await until(() => {
      held.turn();
      chunks.push(...receiveAll(peer));
      return held.connection.pendingBytes === 0 && held.calls.includes('drain');
    }, 'everything that was left');
    chunks.push(...receiveAll(peer));
    expect(Buffer.concat(chunks).equals(Buffer.concat([left, Buffer.from('behind it')]))).toBe(true);
    closeQuietly(held.release().fd);
  });

  test('loses and doubles nothing over many owners, whatever is under way', () => {
    for (let seed = 1; seed <= 4; seed += 1) {
      const random = seeded(seed);
      const { server, peer } = pairOfSockets();
      const toServer = pattern(400_000, seed);
      const toPeer = pattern(6_000_000, seed + 100);
      const atServer: Buffer[] = [];
      const atPeer: Buffer[] = [];
      let given = 0;
      let written = 0;
      let held = new Held(server, variant, {});
      const move = (): void => {
        const released = held.release();
        atServer.push(...held.received);
        const next = present(VARIANTS[Math.floor(random() * VARIANTS.length)], 'a variant');
        held = new Held(released.fd, next, released, random() < 0.5);
      };
      const steps = [
        () => {
          const part = toServer.subarray(given, given + Math.ceil(random() * 20_000));
          given += part.length === 0 ? 0 : (peer.send(part) ?? 0);
        },
        () => {
          const part = toPeer.subarray(written, written + Math.ceil(random() * 300_000));
          held.connection.write(part);
          written += part.length;
        },
        // A peer reads now and then, so that some of what is written waits here.
        () => {
          atPeer.push(...[peer.recv(200_000)].filter((bytes) => bytes !== null));
        },
        () => held.turn(),
        () => held.connection.pause(),
        () => held.connection.resume(),
        move,
      ];
      for (let step = 0; step < 150; step += 1) present(steps[Math.floor(random() * steps.length)], 'a step')();
      held.connection.resume();
      held.connection.end();
      peer.shutdown('write');
      const isOver = (): boolean => held.calls.includes('close');
      for (let looks = 0; looks < 10_000 && !isOver(); looks += 1) {
        held.multiplexer.waitSync(1);
        atPeer.push(...receiveAll(peer));
      }
      atPeer.push(...receiveAll(peer));
      atServer.push(...held.received);
      expect({ seed, calls: held.calls.filter((call) => call !== 'drain') }).toEqual({
        seed,
        calls: ['open', 'end', 'close'],
      });
      expect(Buffer.concat(atPeer).equals(toPeer.subarray(0, written))).toBe(true);
      expect(Buffer.concat(atServer).equals(toServer.subarray(0, given))).toBe(true);
      held.multiplexer.close();
    }
  });

  test('is gone for its listener, which can close then', async () => {
    const { listener, peer, connection, closed } = await serveOne(echo, variant);
    expect(listener.connections).toBe(1);
    connection.subscribe('all');
    const { fd } = connection.release();
    onTestFinished(() => closeQuietly(fd));
    expect(listener.connections).toBe(0);
    expect(listener.publish('all', 'nobody')).toBe(0);
    await within(listener.close(), 'closing');
    const again = adopt(fd, { ...variant, socket: { ...echo, close: () => closed.set(undefined) } });
    expect(await exchange(peer)).toBe('ping');
    peer.end();
    await closed.within('the end of the adopted one');
    expect(again.fd).toBe(-1);
  });

  test('can be given away in each of its handlers, and no other is called', async () => {
    for (const moment of ['open', 'data', 'end', 'drain'] as const) {
      const calls: string[] = [];
      const given = new Signal<ReleasedConnection>();
      const at = (name: string) => (connection: Connection) => {
        calls.push(name);
        if (name === moment) given.set(connection.release());
        else if (name === 'open' && moment === 'drain') connection.write(pattern(9_000_000));
      };
      const socket = { open: at('open'), data: at('data'), end: at('end'), drain: at('drain') };
      const listener = await testListener({
        ...variant,
        socket: { ...socket, close: at('close'), error: at('error') },
      });
      const peer = await connectPeer(portOf(listener));
      await peer.write('x');
      if (moment === 'end') peer.end();
      const { fd, held } = await given.within(`the connection, released in ${moment}`);
      await within(listener.close(), 'closing');
      expect(calls.filter((call) => call === 'close' || call === 'error')).toEqual([]);
      expect(calls.filter((call) => call === moment)).toEqual([moment]);
      expect(held.length).toBe(0);
      native.close(fd);
    }
  });
});

/**
 * Unix connections, through which bytes arrive at once, that are all ready in the same turn. `onFirst` is called by the
 * first data handler.
 */
function readyTogether(sizes: readonly number[], onFirst: (others: readonly Connection[]) => void) {
  const multiplexer = disposedAtEnd(new Multiplexer());
  const pairs = sizes.map(() => unixPair());
  const received: number[] = [];
  const connections: Connection[] = [];
  const data = (connection: Connection, bytes: Buffer): void => {
    if (received.length === 0) onFirst(connections.filter((other) => other !== connection));
    received.push(bytes.length);
  };
  for (const [server] of pairs) connections.push(adopt(server, { multiplexer, socket: { data } }));
  pairs.forEach(([, peer], index) => peer.sendAll(pattern(sizes[index] ?? 0)));
  return { multiplexer, connections, received };
}

test('what had left the kernel for a connection goes along when another one releases it', () => {
  const given: ReleasedConnection[] = [];
  const { multiplexer, received } = readyTogether([10, 20, 30, 40], (others) => {
    given.push(...others.slice(0, 2).map((other) => other.release()));
  });
  multiplexer.waitSync(0);
  expect(given).toHaveLength(2);
  expect([...received, ...given.map(({ held }) => held.length)].sort((a, b) => a - b)).toEqual([10, 20, 30, 40]);
  for (const { fd, held } of given) {
    expect(held.equals(pattern(held.length))).toBe(true);
    native.close(fd);
  }
});

test('what had not left the kernel stays there, though the turn was about to receive it', () => {
  // The slab has room for two of them in one call, so the third is to be received by the next one.
  const given: ReleasedConnection[] = [];
  const { multiplexer } = readyTogether([65_536, 65_536, 65_536], (others) => {
    given.push(...others.map((other) => other.release()));
  });
  multiplexer.waitSync(0);
  for (const { fd, held } of given) {
    const socket = Socket.fromFd(fd);
    expect(Buffer.concat([held, ...receiveAll(socket)]).equals(pattern(65_536))).toBe(true);
    socket.close();
  }
});

test('a connection cannot be released twice, nor after its end', async () => {
  const { connection } = await serveOne({}, {});
  const { fd } = connection.release();
  expect(() => connection.release()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
  connection.destroy();
  connection.end();
  connection.pause();
  connection.resume();
  native.close(fd);

  let code: unknown;
  const { connection: second, closed } = await serveOne(
    {
      close: (ended) => {
        try {
          ended.release();
        } catch (error) {
          code = Reflect.get(Object(error), 'code');
        }
      },
    },
    {},
  );
  second.destroy();
  expect(() => second.release()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
  await closed.within('its end');
  expect(code).toBe('ERR_CLOSED');
});

test('a Duplex cannot be released', async () => {
  const { connection } = await serveOne({}, {});
  const duplex = connection.toDuplex();
  expect(() => connection.release()).toThrow(expect.objectContaining({ code: 'ERR_BUSY' }));
  duplex.destroy();
});

test('an end that the peer has not heard of is made by the next owner', async () => {
  const { connection, peer } = await serveOne({}, {});
  connection.write(pattern(9_000_000));
  connection.end();
  const released = connection.release();
  expect(released.ended).toBe(true);
  const closed = new Signal();
  const { fd, ...state } = released;
  adopt(fd, { ...state, socket: { close: () => closed.set() } });
  expect((await peer.ended()).equals(pattern(9_000_000))).toBe(true);
  peer.end();
  await closed.within('the end');
});

test('an fd that cannot be served is refused, and stays as it is', () => {
  const [reader] = pipe().map((end) => disposedAtEnd(end));
  const file = disposedAtEnd(Descriptor.memfd('no socket'));
  const datagrams = unixPair({ type: 'dgram' });
  const messages = unixPair({ type: 'seqpacket' });
  const listening = tcpListener();
  const unconnected = disposedAtEnd(Socket.create({ family: 'inet' }));
  const registered = unixPair()[0];
  const multiplexer = disposedAtEnd(new Multiplexer());
  multiplexer.register(registered, { interest: 'read' });
  const closed = disposedAtEnd(Socket.create({ family: 'inet' }));
  const { fd: closedFd } = closed;
  closed.close();
  const before = openFds();
  const refused: [unknown, string][] = [
    [closedFd, 'EBADF'],
    [reader?.fd, 'ENOTSOCK'],
    [file.fd, 'ENOTSOCK'],
    [datagrams[0].fd, 'EPROTOTYPE'],
    [messages[0].fd, 'EPROTOTYPE'],
    [listening.fd, 'EINVAL'],
    [unconnected.fd, 'ENOTCONN'],
    [registered.fd, 'EEXIST'],
    [closed, 'ERR_CLOSED'],
    [-1, 'ERR_OUT_OF_RANGE'],
    [1.5, 'ERR_OUT_OF_RANGE'],
    [2 ** 31, 'ERR_OUT_OF_RANGE'],
    ['7', 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [{ fd: registered.fd }, 'ERR_INVALID_ARG_TYPE'],
  ];
  for (const [fd, code] of refused) {
    expect(() => callUntyped({ adopt }, 'adopt', fd, { socket: {} })).toThrow(expect.objectContaining({ code }));
  }
  const { server: good } = tcpPair();
  const options: [object, string][] = [
    [{}, 'ERR_INVALID_ARG_TYPE'],
    [{ socket: {}, unsent: 'text' }, 'ERR_INVALID_ARG_TYPE'],
    [{ socket: {}, held: [1] }, 'ERR_INVALID_ARG_TYPE'],
    [{ socket: {}, ended: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ socket: {}, configured: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ socket: {}, host: '::1' }, 'ERR_UNKNOWN_OPTION'],
    [{ socket: {}, backend: 'poll', trigger: 'edge' }, 'ERR_UNSUPPORTED_TRIGGER'],
  ];
  for (const [given, code] of options) {
    expect(() => callUntyped({ adopt }, 'adopt', good.fd, given)).toThrow(expect.objectContaining({ code }));
  }
  expect(good.closed).toBe(false);
  const during = openFds();
  for (const [fd, what] of before) expect(during.get(fd)).toBe(what);
});

test('an fd is adopted once, whichever multiplexer would serve it', async () => {
  const { server: socket, peer } = pairOfSockets();
  const { fd } = socket;
  const connection = adopt(socket, { socket: echo });
  expect(socket.closed).toBe(true);
  for (const backend of ['epoll', 'poll', 'select'] as const) {
    expect(() => adopt(fd, { backend, socket: {} })).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  }
  connection.pause();
  expect(() => adopt(fd, { socket: {} })).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  connection.resume();
  peer.send('still served');
  let answer = '';
  await until(() => {
    answer += peer.recv(100)?.toString() ?? '';
    return answer === 'still served';
  }, 'the echo');
  peer.close();
  await until(() => connection.fd < 0, 'the end');
});

test('the options of a socket are set, unless its former owner has done so', () => {
  const multiplexer = new Multiplexer();
  onTestFinished(() => {
    multiplexer.close();
  });
  const isProbed = (configured?: boolean): boolean => {
    const { server } = pairOfSockets();
    const connection = adopt(server, { configured, keepAlive: true, noDelay: true, multiplexer, socket: {} });
    const values = [native.getSockOpt(connection.fd, SOL_SOCKET, SO_KEEPALIVE)];
    values.push(native.getSockOpt(connection.fd, IPPROTO_TCP, TCP_NODELAY));
    connection.destroy();
    expect(values[1]).toBe(values[0]);
    return values[0] !== 0;
  };
  expect([isProbed(), isProbed(false), isProbed(true)]).toEqual([true, true, false]);
});

test('a released connection of a worker outlives the worker', async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { listen } = require(workerData);
    listen({ port: 0, socket: { open: (connection) => {
      parentPort.postMessage({ fd: connection.release().fd });
      listener.unref();
      listener.close();
    } } }).then((opened) => {
      globalThis.listener = opened;
      parentPort.postMessage({ port: opened.address.port });
    });`;
  const worker = new Worker(code, { eval: true, workerData: packagePath('dist/index.js') });
  const [first] = await nextEvent(worker, 'message');
  const next = nextEvent(worker, 'message');
  const ended = nextEvent(worker, 'exit');
  const peer = await connectPeer(Number(Reflect.get(Object(first), 'port')));
  const [second] = await next;
  await ended;
  const closed = new Signal();
  adopt(Number(Reflect.get(Object(second), 'fd')), { socket: { ...echo, close: () => closed.set() } });
  expect(await exchange(peer)).toBe('ping');
  peer.end();
  await closed.within('the end');
});

describe('a listener', () => {
  test('has the fd of its socket until it listens no more', async () => {
    const listener = await testListener({ socket: {} });
    const socket = Socket.fromFd(listener.fd);
    expect(socket.getsockname()).toEqual(listener.address);
    socket.detach();
    listener.stopAccepting();
    expect(listener.fd).toBe(-1);
    expect(() => listener.release()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
  });

  test('gives its socket away, with those who wait in its queue; its connections stay', async () => {
    const path = join(temporaryFolder(), 'socket');
    const connectTo = (): Socket => {
      const socket = testSocket({ family: 'unix' });
      socket.connect({ family: 'unix', path });
      return socket;
    };
    const first = await listen({ path, socket: echo });
    const stays = connectTo();
    await until(() => first.connections === 1, 'the first');
    const fd = first.release();
    const waits = connectTo();
    expect(first.connections).toBe(1);
    stays.shutdown('write');
    await within(first.close({ drainMs: null }), 'closing the first');
    expect(existsSync(path)).toBe(true);

    const second = await testListener({ fd, ownsFd: true, socket: echo });
    await until(() => second.connections === 1, 'the one that waited');
    waits.setBlocking(false);
    waits.send('ping');
    let answer: Buffer | null = null;
    await until(() => (answer = waits.recv(100)) !== null, 'the echo');
    expect(String(answer)).toBe('ping');
    await within(second.close(), 'closing the second');
    expect(existsSync(path)).toBe(false);
  });

  test('serves an adopted connection as one of its own', async () => {
    const opened: unknown[] = [];
    const listener = await testListener<string>({
      maxConnections: 1,
      socket: {
        open: (connection) => {
          opened.push(connection.data);
          connection.subscribe('all');
        },
      },
    });
    const { server, client } = tcpPair();
    const connection = listener.adopt(server, { data: 'from elsewhere', unsent: Buffer.from('first, ') });
    expect(opened).toEqual(['from elsewhere']);
    expect(listener.connections).toBe(1);
    expect(listener.publish('all', 'then')).toBe(1);
    await until(() => connection.pendingBytes === 0, 'what is written leaves');
    expect(client.recv(100)?.toString()).toBe('first, then');
    await within(listener.close(), 'closing');
    expect(client.recv(100)?.length).toBe(0);
    const { server: other } = tcpPair();
    expect(() => listener.adopt(other)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    expect(other.closed).toBe(false);
  });

  test('owns the socket that it is given only if it is told so', async () => {
    const socket = tcpListener();
    await within((await listen({ fd: socket.fd, socket: {} })).close(), 'closing');
    expect(socket.getsockname().family).toBe('inet');
    const fd = socket.detach();
    await within((await listen({ fd, ownsFd: true, socket: {} })).close(), 'closing the owner');
    expect(openFds().has(fd)).toBe(false);
    await expect(listen({ port: 0, ownsFd: true, socket: {} })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });
});
