import { createHash } from 'node:crypto';
import {
  type Address,
  connect,
  type Connection,
  listen,
  MSG_OOB,
  Multiplexer,
  SharedBytes,
  type Socket,
  type SocketHandlers,
} from 'fdmux';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { ServedConnection } from '../../src/net/served-connection.js';
import { catchUncaught, pattern, portOf, Signal, testListener, VARIANTS } from '../support/connections.js';
import { until, within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { connectPeer, listenPeer } from '../support/peers.js';
import { takesLargeFds } from '../support/runtime.js';
import { portOf as portOfSocket, testSocket } from '../support/sockets.js';

const MIB = 1024 * 1024;
const echo: SocketHandlers<unknown> = {
  data: (connection, bytes) => {
    connection.write(bytes);
  },
};

describe.each(VARIANTS)('a connection on $backend/$trigger', (variant) => {
  /** A listener whose next connection is there to be looked at. */
  async function served(socket: SocketHandlers<unknown>, options: object = {}) {
    const opened = new Signal<Connection>();
    const closed = new Signal<Error | undefined>();
    const errors: unknown[] = [];
    const listener = await testListener({
      ...variant,
      ...options,
      socket: {
        ...socket,
        open: (connection) => {
          socket.open?.(connection);
          opened.set(connection);
        },
        close: (connection, error) => {
          socket.close?.(connection, error);
          closed.set(error);
        },
        error: (_connection, error) => errors.push(error),
      },
    });
    const peer = await connectPeer(portOf(listener));
    return { listener, peer, connection: await opened.within('a connection'), closed, errors };
  }

  test('hands over bytes that arrive one at a time, and sends back every one', async () => {
    const { peer } = await served(echo);
    for (const byte of 'byte by byte') {
      await peer.write(byte);
      expect((await peer.take(1)).toString()).toBe(byte);
    }
  });

  test('joins what one turn writes, in the order of writing, whatever the kind of bytes', async () => {
    const { peer } = await served({
      data: (connection) => {
        connection.write('text ');
        connection.write(new Uint8Array([0x62, 0x20]));
        connection.write(new SharedBytes('shared '));
        connection.write('\u4f60\u597d ');
        connection.write('');
        connection.end('end');
      },
    });
    await peer.write('go');
    expect((await peer.ended()).toString()).toBe('text b shared \u4f60\u597d end');
  });

  test('copies what is written, so that the caller may use its memory again', async () => {
    const { peer } = await served({
      data: (connection) => {
        const bytes = Buffer.from('first ');
        connection.write(bytes);
        bytes.write('second');
        connection.write(bytes);
        const large = Buffer.alloc(2 * MIB, 'a');
        connection.write(large);
        large.fill('b');
        connection.end();
      },
    });
    await peer.write('go');
    const received = await peer.ended();
    expect(received.subarray(0, 12).toString()).toBe('first second');
    expect(received.subarray(12).equals(Buffer.alloc(2 * MIB, 'a'))).toBe(true);
  });

  test('keeps the order of small and large writes', async () => {
    const parts = [10, 20_000, 5, 100_000, 300_000, 1, 16_384, 3].map((length, index) => pattern(length, index));
    const { peer } = await served({
      data: (connection) => {
        for (const part of parts) connection.write(part);
        connection.end();
      },
    });
    await peer.write('go');
    expect((await peer.ended()).equals(Buffer.concat(parts))).toBe(true);
  });

  test.each([1000, 5000, 16_000])(
    'keeps writes of %i bytes in order when the kernel stops taking them within a turn',
    async (size) => {
      const sent = pattern(8 * MIB, size);
      const opened = new Signal<Connection>();
      const listener = await testListener({
        ...variant,
        maxPendingBytes: 16 * MIB,
        socket: { open: opened.set },
      });
      const peer = await connectPeer(portOf(listener));
      peer.socket.pause();
      const connection = await opened.within('a connection');
      // In one go: the turn is flushed several times on the way, and the first of these fills the socket.
      for (let at = 0; at < sent.length; at += size) connection.write(sent.subarray(at, at + size));
      connection.end();
      peer.socket.resume();
      expect((await peer.ended()).equals(sent)).toBe(true);
    },
  );

  test('brings 10 MiB to a slow reader, says that it is above the high-water mark, and when it is below again', async () => {
    const bytes = pattern(10 * MIB);
    const drained: number[] = [];
    const { peer, connection, closed } = await served({
      drain: (self) => {
        drained.push(self.pendingBytes);
        self.end();
      },
    });
    peer.socket.pause();
    expect(connection.write(bytes)).toBe(false);
    expect(connection.pendingBytes).toBeGreaterThan(65_536);
    const hash = createHash('sha256');
    let length = 0;
    peer.socket.on('data', (chunk) => {
      hash.update(chunk);
      length += chunk.length;
      // Slower than the kernel's buffers fill: a turn of the loop for each chunk.
      peer.socket.pause();
      setImmediate(() => peer.socket.resume());
    });
    peer.socket.resume();
    expect(await closed.within('the end')).toBeUndefined();
    expect(length).toBe(bytes.length);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(drained).toHaveLength(1);
    expect(drained[0]).toBeLessThanOrEqual(65_536);
  });

  test('destroys a connection whose peer never reads when its queue is full, and says why', async () => {
    const { peer, connection, closed, errors } = await served({}, { maxPendingBytes: MIB });
    peer.socket.pause();
    for (let i = 0; i < 100 && !connection.isDestroyed; i += 1) connection.write(pattern(MIB / 2));
    expect(connection.isDestroyed).toBe(true);
    expect(await closed.within('the close')).toMatchObject({ code: 'ERR_WRITE_QUEUE_FULL' });
    expect(errors).toMatchObject([{ code: 'ERR_WRITE_QUEUE_FULL' }]);
    expect(connection.pendingBytes).toBe(0);
  });

  test('stays open for writing after the peer has ended, if there is an end handler', async () => {
    const { peer, closed } = await served({
      end: (connection) => {
        setImmediate(() => {
          connection.write('late ');
          connection.end('answer');
        });
      },
    });
    peer.end();
    expect((await peer.ended()).toString()).toBe('late answer');
    expect(await closed.within('the close')).toBeUndefined();
  });

  test('ends its side too when the peer has ended and nobody handles that', async () => {
    const { peer, closed } = await served(echo);
    await peer.write('last words');
    peer.end();
    expect((await peer.ended()).toString()).toBe('last words');
    expect(await closed.within('the close')).toBeUndefined();
  });

  test.each(['tcp', 'unix'] as const)(
    'reads on behind urgent data and fds that it does not take, on %s',
    async (kind) => {
      const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
      let received = '';
      const listener = await listen({
        ...variant,
        ...(kind === 'tcp' ? { port: 0 } : { path: `\0fdmux-test-urgent-${process.pid}` }),
        multiplexer,
        socket: {
          data: (_connection, bytes) => {
            received += bytes.toString();
          },
        },
      });
      const peer = testSocket({ family: kind === 'tcp' ? 'inet' : 'unix' });
      peer.connect(listener.address);
      multiplexer.waitSync(0);
      peer.send('before ');
      if (kind === 'tcp') peer.send('!', MSG_OOB);
      else peer.sendMsg('with ', { control: [{ kind: 'rights', fds: [peer] }] });
      peer.send('behind');
      await until(() => {
        multiplexer.waitSync(0);
        return received.endsWith('behind');
      }, 'all of it');
      expect(received).toBe(kind === 'tcp' ? 'before behind' : 'before with behind');
      const closed = listener.close();
      multiplexer.waitSync(0);
      await within(closed, 'closing');
    },
  );

  test('goes on reading after it has ended its own side', async () => {
    const received: string[] = [];
    const { peer, connection, closed } = await served({
      data: (_connection, bytes) => received.push(bytes.toString()),
    });
    connection.end('bye');
    expect((await peer.ended()).toString()).toBe('bye');
    // node:net ends its side as soon as it has read the end; what it wrote before still arrives.
    expect(await closed.within('the close')).toBeUndefined();
    expect(connection.isDestroyed).toBe(true);

    const server = await listenPeer();
    const answered = new Signal<string>();
    const client = await connect({
      ...variant,
      port: server.port,
      socket: { data: (_connection, bytes) => answered.set(bytes.toString()) },
    });
    const halfOpen = await server.accepted();
    client.end('question');
    expect((await halfOpen.ended()).toString()).toBe('question');
    await halfOpen.write('answer');
    expect(await answered.within('the answer')).toBe('answer');
    halfOpen.end();
  });

  test('reports a reset by its errno, once', async () => {
    const { peer, closed, errors } = await served(echo);
    peer.reset();
    expect(await closed.within('the close')).toMatchObject({ code: 'ECONNRESET', syscall: 'recv' });
    expect(errors).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  test('reports a write after end to the error handler, once, and takes nothing', async () => {
    const { peer, connection, errors } = await served({ end: () => undefined });
    connection.end('end');
    expect(connection.write('too late')).toBe(false);
    expect(connection.write('still too late')).toBe(false);
    connection.end('again');
    await until(() => errors.length > 0, 'the error');
    expect(errors).toMatchObject([{ code: 'ERR_WRITE_AFTER_END' }]);
    expect(connection.isDestroyed).toBe(false);
    expect((await peer.ended()).toString()).toBe('end');
    connection.destroy();
    expect(connection.write('gone')).toBe(false);
  });

  test('reports nothing about a connection after its close', async () => {
    const told: string[] = [];
    const connections: Connection<string>[] = [];
    const listener = await testListener<string>({
      ...variant,
      socket: {
        open: (connection) => {
          connection.data = String(connections.push(connection));
        },
        error: (connection) => told.push(`error ${connection.data}`),
        close: (connection) => {
          told.push(`close ${connection.data}`);
          connections[1]?.write('after its end');
          connections[1]?.destroy();
        },
      },
    });
    await Promise.all([connectPeer(portOf(listener)), connectPeer(portOf(listener))]);
    await until(() => connections.length === 2, 'two connections');
    connections[1]?.end();
    connections[0]?.destroy();
    await until(() => told.length >= 2, 'both ends');
    // This takes another turn.
    await within(listener.close(), 'closing');
    expect(told).toEqual(['close 1', 'close 2']);
  });

  test('reports an fd that somebody else has closed, and closes the others all the same', async () => {
    const caught = catchUncaught();
    const { listener, connection, closed } = await served({});
    const other = await connectPeer(portOf(listener));
    await until(() => listener.connections === 2, 'two connections');
    native.close(connection.fd);
    connection.destroy();
    await within(listener.close(), 'closing');
    expect(await closed.within('the close')).toBeUndefined();
    await other.ended();
    expect(caught).toMatchObject([{ code: 'EBADF', syscall: 'close' }]);
  });

  test('is closed when a data handler closes the multiplexer with more to be read', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
    const closed = new Signal<Error | undefined>();
    const listener = await listen({
      ...variant,
      path: `\0fdmux-test-${process.pid}`,
      multiplexer,
      socket: {
        data: () => multiplexer.close(),
        close: (_connection, error) => closed.set(error),
      },
    });
    const peer = testSocket({ family: 'unix' });
    peer.connect(listener.address);
    expect(peer.sendAll(Buffer.alloc(128 * 1024))).toBe(128 * 1024);
    multiplexer.waitSync(0);
    expect(listener.connections).toBe(1);
    expect(() => multiplexer.waitSync(0)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    expect(await closed.within('the close')).toMatchObject({ code: 'ERR_CLOSED' });
    expect(listener.connections).toBe(0);
  });

  test('lets a handler that throws reach uncaughtException, and serves the connection and the others on', async () => {
    const caught = catchUncaught();
    const { peer, listener } = await served({
      data: (connection, bytes) => {
        if (bytes.toString() === 'bad') throw new Error('from a handler');
        connection.write(bytes);
      },
    });
    const other = await connectPeer(portOf(listener));
    await Promise.all([peer.write('bad'), other.write('good')]);
    expect((await other.take(4)).toString()).toBe('good');
    await until(() => caught.length > 0, 'the exception');
    await peer.write('well');
    expect((await peer.take(4)).toString()).toBe('well');
    expect(caught).toMatchObject([{ message: 'from a handler' }]);
  });

  test.each(['open', 'end', 'close', 'drain', 'error'] as const)(
    'lets the %s handler throw without harm to others',
    async (name) => {
      const caught = catchUncaught();
      const throws = () => {
        throw new Error(`from ${name}`);
      };
      const listener = await testListener({
        ...variant,
        highWaterMarkBytes: 0,
        socket: {
          ...echo,
          end: (connection) => {
            connection.end();
            if (name === 'error') connection.write('after end');
          },
          [name]: throws,
        },
      });
      const first = await connectPeer(portOf(listener));
      await first.write('x');
      await first.take(1);
      first.end();
      await until(() => caught.length > 0, 'the exception');
      const second = await connectPeer(portOf(listener));
      await second.write('y');
      expect((await second.take(1)).toString()).toBe('y');
      expect(caught[0]).toMatchObject({ message: `from ${name}` });
    },
  );

  test('calls no data handler while it is paused, not even for bytes that had left the kernel, and loses none', async () => {
    const connections: Connection[] = [];
    const received: string[] = [];
    const listener = await testListener({
      ...variant,
      socket: {
        open: (connection) => connections.push(connection),
        data: (connection, bytes) => {
          received.push(bytes.toString());
          for (const other of connections) if (other !== connection) other.pause();
        },
      },
    });
    const peers = [await connectPeer(portOf(listener)), await connectPeer(portOf(listener))];
    await until(() => connections.length === 2, 'two connections');
    await Promise.all(peers.map((peer, index) => peer.write(`from ${index}`)));
    await until(() => received.length > 0, 'the first bytes');
    await peers[0]?.write(';');
    await peers[1]?.write(';');
    await new Promise((resolve) => setImmediate(resolve));
    expect(connections.some((connection) => connection.isPaused)).toBe(true);
    await until(() => {
      for (const connection of connections) connection.resume();
      return received.join('').length === 'from 0;from 1;'.length;
    }, 'all bytes');
  });

  test('reports the end of a connection that another handler has paused after the bytes that are held for it', async () => {
    const told: string[] = [];
    const { connection, peer } = await served({
      data: (_connection, bytes) => told.push(bytes.toString()),
      end: () => told.push('end'),
    });
    if (!(connection instanceof ServedConnection)) throw new Error('another class');
    connection.pause();
    // What the turn does when it has received for the connection before another handler paused it.
    connection.received(Buffer.from('held'), false);
    connection.receivedEnd();
    expect(told).toEqual([]);
    peer.end();
    connection.resume();
    await until(() => told.length === 2, 'the end');
    expect(told).toEqual(['held', 'end']);
    connection.destroy();
  });

  test('slows a sender down while it is paused, and goes on where it stopped', async () => {
    const bytes = pattern(8 * MIB);
    const hash = createHash('sha256');
    let length = 0;
    const { peer, connection, closed } = await served({
      open: (self) => self.pause(),
      data: (_connection, chunk) => {
        length += chunk.length;
        hash.update(chunk);
      },
    });
    peer.socket.end(bytes);
    await new Promise((resolve) => setImmediate(resolve));
    expect(length).toBe(0);
    connection.resume();
    await closed.within('the close');
    expect(length).toBe(bytes.length);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test('serves a whisper within a bounded number of turns beside a firehose', async () => {
    let firehoseBytes = 0;
    let isSpraying = true;
    const listener = await testListener({
      ...variant,
      socket: {
        data: (connection, bytes) => {
          if (bytes.length > 100) firehoseBytes += bytes.length;
          else connection.write(bytes);
        },
      },
    });
    const firehose = await connect({ ...variant, port: portOf(listener), socket: { drain: spray } });
    function spray(self: Connection): void {
      while (isSpraying && self.write(FIREHOSE_CHUNK));
    }
    const whisper = await connectPeer(portOf(listener));
    spray(firehose);
    await until(() => firehoseBytes > 4 * MIB, 'the firehose');
    for (let i = 0; i < 20; i += 1) {
      const before = firehoseBytes;
      await whisper.write('whisper');
      await whisper.take(7);
      // Each turn gives the firehose 64 KiB at most; a round trip of the whisper takes a handful of turns.
      expect(firehoseBytes - before).toBeLessThan(8 * MIB);
    }
    isSpraying = false;
    firehose.destroy();
  });

  test('serves a whisper in the turn in which it arrives, and gives each firehose 64 KiB a turn', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
    const received = new Map<Connection, number>();
    const listener = await testListener({
      ...variant,
      multiplexer,
      socket: {
        open: (connection) => received.set(connection, 0),
        data: (connection, bytes) => received.set(connection, (received.get(connection) ?? 0) + bytes.length),
      },
    });
    const firehoses = Array.from({ length: 10 }, () => connectedSocket(portOf(listener)));
    const whisper = connectedSocket(portOf(listener));
    await until(() => {
      multiplexer.waitSync(0);
      return received.size === 11;
    }, 'the connections');
    const connections = [...received.keys()];
    const heard = connections.find((connection) => hasPort(connection.remoteAddress, whisper));
    if (heard === undefined) throw new Error('the whisper is not among the connections');
    for (let turn = 0; turn < 50; turn += 1) {
      for (const firehose of firehoses) while (firehose.send(FIREHOSE_CHUNK) !== null);
      whisper.send('psst');
      const before = new Map(received);
      multiplexer.waitSync(0);
      expect(received.get(heard)).toBe(4 * (turn + 1));
      for (const connection of connections) {
        expect((received.get(connection) ?? 0) - (before.get(connection) ?? 0)).toBeLessThanOrEqual(65_536);
      }
    }
    expect(Math.min(...received.values())).toBeGreaterThan(0);
    const closed = listener.close();
    multiplexer.waitSync(0);
    await within(closed, 'closing');
  });

  test('destroys an idle connection after its time, and not one on which bytes move', async () => {
    const closed: string[] = [];
    const listener = await testListener<string>({
      ...variant,
      idleTimeoutMs: 200,
      socket: {
        data: (connection, bytes) => {
          connection.data = bytes.toString();
        },
        close: (connection, error) =>
          closed.push(`${connection.data} ${String(error && 'code' in error && error.code)}`),
      },
    });
    const busy = await connectPeer(portOf(listener));
    const idle = await connectPeer(portOf(listener));
    await idle.write('idle');
    const beat = setInterval(() => void busy.write('busy'), 20);
    try {
      const begin = performance.now();
      await until(() => closed.length > 0, 'the timeout');
      expect(performance.now() - begin).toBeGreaterThan(150);
      expect(closed).toEqual(['idle ERR_IDLE_TIMEOUT']);
    } finally {
      clearInterval(beat);
    }
  });

  test('may be destroyed, by anyone, inside a loop over connections', async () => {
    const connections = new Set<Connection>();
    const order: string[] = [];
    const listener = await testListener({
      ...variant,
      socket: {
        open: (connection) => connections.add(connection),
        data: () => {
          for (const connection of connections) {
            connection.write('x');
            connection.destroy();
            connection.destroy();
            order.push('destroyed');
          }
        },
        close: (connection) => {
          order.push('closed');
          connections.delete(connection);
        },
      },
    });
    const peers = await Promise.all([1, 2, 3].map(() => connectPeer(portOf(listener))));
    await until(() => connections.size === 3, 'three connections');
    await peers[0]?.write('now');
    await Promise.all(peers.map((peer) => peer.ended()));
    await until(() => connections.size === 0, 'the closes');
    expect(order).toEqual([...Array(3).fill('destroyed'), ...Array(3).fill('closed')]);
    expect(listener.connections).toBe(0);
  });

  test('knows both addresses, also after it is closed', async () => {
    const { peer, connection, listener, closed } = await served(echo);
    const expected = { family: 'inet', host: '127.0.0.1', port: peer.port };
    expect(connection.remoteAddress).toEqual(expected);
    expect(connection.localAddress).toEqual(listener.address);
    peer.destroy();
    await closed.within('the close');
    expect(connection.remoteAddress).toEqual(expected);
    expect(connection.localAddress).toEqual(listener.address);
    expect(connection.fd).toBe(-1);
  });

  test.skipIf(!takesLargeFds(variant.backend))(
    'is byte-exact for 1,000 connections with random chunks both ways',
    { timeout: 60_000, tags: ['needs-large-select'] },
    async () => {
      const listener = await testListener({ ...variant, socket: echo });
      const ends = Array.from({ length: 1000 }, async (_, index) => {
        const bytes = pattern(1 + ((index * 7919) % 40_000), index);
        const received: Buffer[] = [];
        const closed = new Signal<Error | undefined>();
        const connection = await connect({
          ...variant,
          port: portOf(listener),
          socket: {
            data: (_connection, chunk) => received.push(Buffer.from(chunk)),
            close: (_connection, error) => closed.set(error),
          },
        });
        for (let sent = 0, step = index; sent < bytes.length; step += 1) {
          const size = 1 + ((step * 104_729) % 9000);
          connection.write(bytes.subarray(sent, sent + size));
          sent += size;
          if (step % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        connection.end();
        expect(await closed.within(`the close of ${index}`)).toBeUndefined();
        return Buffer.concat(received).equals(bytes);
      });
      const results = await Promise.all(ends);
      expect(results.filter((isEqual) => !isEqual)).toHaveLength(0);
    },
  );
});

const FIREHOSE_CHUNK = Buffer.alloc(65_536, 'f');

/** A connection that is driven by hand. */
function connectedSocket(port: number): Socket {
  const socket = testSocket();
  socket.connect({ family: 'inet', host: '127.0.0.1', port });
  socket.setBlocking(false);
  return socket;
}

function hasPort(address: Address, socket: Socket): boolean {
  return 'port' in address && address.port === portOfSocket(socket);
}
