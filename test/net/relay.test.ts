/** Relays: the bytes of two fds, the ends, and what is left behind. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { connect as connectTo, type Socket as NodeSocket } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Socket } from 'fdmux';
import * as fdmux from 'fdmux';
import {
  type BackendName,
  connect,
  type Connection,
  listen,
  Multiplexer,
  pipe,
  Pty,
  type Relay,
  relay,
  type RelayEnd,
  type RelayOptions,
} from 'fdmux';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SpliceOutcome } from '../../src/binding/contract.js';
import { native } from '../../src/binding/load.js';
import { systemError } from '../../src/errors.js';
import { F_SETPIPE_SZ } from '../../src/socket/constants.js';
import { errnoError } from '../../src/socket/errno-error.js';
import { DEADLINE_MS, until, within } from '../support/deadline.js';
import { disposedAtEnd, openFds, withoutFreeFds } from '../support/fds.js';
import { start } from '../support/processes.js';
import { accepted, localPort, tcpListener, testSocket, udpSocket, unixPair } from '../support/sockets.js';
import { callUntyped } from '../support/untyped.js';

const BACKENDS = ['epoll', 'poll', 'select'] as const satisfies readonly BackendName[];

/** A connection: the inner end is to be relayed, the outer one is a peer's. */
interface Line {
  readonly inner: Socket;
  readonly outer: NodeSocket;
}

function peer(options: { port: number } | { path: string }): NodeSocket {
  const outer = connectTo({ ...options, host: '127.0.0.1', allowHalfOpen: true });
  outer.on('error', () => undefined);
  onTestFinished(() => {
    outer.destroy();
  });
  return outer;
}

async function tcpLine(): Promise<Line> {
  const listener = tcpListener();
  const outer = peer({ port: localPort(listener) });
  await within(once(outer, 'connect'), 'the connection');
  return { inner: accepted(listener), outer };
}

async function unixLine(): Promise<Line> {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-relay-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'socket');
  const listener = testSocket({ family: 'unix' });
  listener.bind({ family: 'unix', path });
  listener.listen();
  const outer = peer({ path });
  await within(once(outer, 'connect'), 'the connection');
  return { inner: accepted(listener), outer };
}

/** A relay that ends with the test. */
function relayed(a: RelayEnd, b: RelayEnd, options: RelayOptions = {}): Relay {
  const result = relay(a, b, options);
  onTestFinished(async () => {
    result.stop();
    await within(result.ended, 'the end of the relay');
  });
  return result;
}

const outcomeOf = (each: Relay) => within(each.ended, 'the end of the relay');

/** Bytes that do not repeat in any power of two. */
function pattern(byteLength: number): Buffer {
  const bytes = Buffer.alloc(byteLength);
  for (let at = 0, value = 1; at + 4 <= byteLength; at += 4) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
    bytes.writeInt32LE(value, at);
  }
  return bytes;
}

/** Everything until the end. `stream/consumers` would destroy the stream behind it. */
async function buffer(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => void chunks.push(chunk)).resume();
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

const text = async (stream: Readable): Promise<string> => String(await buffer(stream));

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.each(BACKENDS)('on %s', (backend) => {
  test('carries bytes both ways, each end, and counts them', async () => {
    const a = await tcpLine();
    const b = await unixLine();
    const between = relayed(a.inner, b.inner, { backend });
    a.outer.write('question');
    expect(String(await within(once(b.outer, 'data'), 'the question'))).toBe('question');
    a.outer.end('?');
    // The end of one direction leaves the other one as it is.
    expect(await within(text(b.outer), 'the end of the question')).toBe('?');
    expect(between.closed).toBe(false);
    b.outer.end('the answer');
    expect(await within(text(a.outer), 'the answer')).toBe('the answer');
    expect(await outcomeOf(between)).toEqual({
      reason: 'ended',
      error: null,
      failedEnd: null,
      bytesToA: 10,
      bytesToB: 9,
    });
    expect([between.closed, a.inner.closed, b.inner.closed]).toEqual([true, true, true]);
  });

  test('resets the other connection when one was reset', async () => {
    const a = await tcpLine();
    const b = await tcpLine();
    const between = relayed(a.inner, b.inner, { backend });
    a.outer.write('a part');
    await within(once(b.outer, 'data'), 'the part');
    const reset = within(once(b.outer, 'error').catch(String), 'the reset');
    a.outer.resetAndDestroy();
    const outcome = await outcomeOf(between);
    expect(outcome).toMatchObject({ reason: 'failed', failedEnd: 'a', error: { code: 'ECONNRESET' }, bytesToB: 6 });
    expect(String(await reset)).toContain('ECONNRESET');
  });

  test('carries many MB past a slow reader', async () => {
    const a = await tcpLine();
    const b = await tcpLine();
    const between = relayed(a.inner, b.inner, { backend });
    const bytes = pattern((backend === 'epoll' ? 100 : 10) * 1024 * 1024);
    a.outer.end(bytes);
    const hash = createHash('sha256');
    let received = 0;
    b.outer.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      received += chunk.length;
      // Now and then it reads nothing until the kernel's buffers are full.
      if (received % (1 << 22) >= chunk.length) return;
      b.outer.pause();
      setImmediate(() => void b.outer.resume());
    });
    await within(once(b.outer, 'end'), 'the end', 2 * DEADLINE_MS);
    expect(received).toBe(bytes.length);
    expect(hash.digest('hex')).toBe(digest(bytes));
    b.outer.end();
    expect(await outcomeOf(between)).toMatchObject({ reason: 'ended', bytesToB: bytes.length, bytesToA: 0 });
  });

  test('does not read what the other side does not take', async () => {
    const a = await tcpLine();
    const b = await tcpLine();
    const between = relayed(a.inner, b.inner, { backend });
    b.outer.pause();
    const bytes = pattern(32 * 1024 * 1024);
    a.outer.write(bytes);
    let latest = -1;
    // It stands still when every buffer is full.
    await until(() => between.bytesToB > 0 && latest === (latest = between.bytesToB), 'the relay to wait');
    expect(between.bytesToB).toBeLessThan(bytes.length);
    expect(a.outer.writableLength).toBeGreaterThan(0);
    a.outer.end();
    const whole = await within(buffer(b.outer), 'the rest');
    expect(digest(whole)).toBe(digest(bytes));
  });

  test('copies what a terminal says, and is over when nobody has it open', async () => {
    const terminal = disposedAtEnd(Pty.open());
    const { master, slavePath } = terminal;
    const a = await tcpLine();
    const program = openSync(slavePath, 'r+');
    const between = relayed(a.inner, master, { backend });
    writeSync(program, 'prompt ');
    expect(String(await within(once(a.outer, 'data'), 'the prompt'))).toBe('prompt ');
    a.outer.write('typed\n');
    // The terminal's own echo.
    expect(String(await within(once(a.outer, 'data'), 'the echo'))).toContain('typed');
    closeSync(program);
    a.outer.on('data', () => undefined);
    await within(once(a.outer, 'end'), 'the end of the terminal');
    a.outer.end();
    expect(await outcomeOf(between)).toMatchObject({ reason: 'ended', error: null });
  });

  test('is over with the end of one who speaks to a terminal, after its last words', async () => {
    const terminal = disposedAtEnd(Pty.open());
    const { master, slavePath } = terminal;
    const a = await tcpLine();
    const program = openSync(slavePath, 'r+');
    onTestFinished(() => closeSync(program));
    const between = relayed(a.inner, master, { backend });
    a.outer.end('exit\n');
    expect(await within(text(a.outer), 'what the terminal has said')).toContain('exit');
    expect(await outcomeOf(between)).toMatchObject({ reason: 'ended', bytesToB: 5 });
  });

  test('carries one direction between pipes', async () => {
    const [source, intoSource] = pipe();
    const [fromTarget, target] = pipe();
    const streams = [intoSource.toDuplex(), fromTarget.toDuplex()] as const;
    const between = relayed(source, target, { backend });
    const bytes = pattern(1 << 20);
    streams[0].end(bytes);
    expect(digest(await within(buffer(streams[1]), 'the bytes'))).toBe(digest(bytes));
    expect(await outcomeOf(between)).toMatchObject({ reason: 'ended', bytesToB: bytes.length, bytesToA: 0 });
  });

  test('is over when nobody reads a pipe', async () => {
    const a = await tcpLine();
    const [reader, writer] = pipe();
    const between = relayed(a.inner, writer, { backend });
    reader.close();
    a.outer.write('for nobody');
    expect(await outcomeOf(between)).toMatchObject({ reason: 'failed', failedEnd: 'b', error: { code: 'EPIPE' } });
  });
});

describe('a connection', () => {
  /** A served connection and its peer. */
  async function served(): Promise<{ connection: Connection; outer: NodeSocket; closes: number[] }> {
    const closes: number[] = [];
    const opened: Connection[] = [];
    const listener = await listen({
      port: 0,
      socket: { open: (connection) => void opened.push(connection), close: () => void closes.push(1) },
    });
    onTestFinished(() => listener.close());
    const outer = peer({ port: listener.address.family === 'inet' ? listener.address.port : 0 });
    await until(() => opened.length > 0, 'the connection');
    const [connection] = opened;
    if (connection === undefined) throw new Error('no connection');
    return { connection, outer, closes };
  }

  test('loses nothing that was written, or held back, before it is relayed', async () => {
    const a = await served();
    const b = await tcpLine();
    a.connection.pause();
    a.outer.write('held ');
    const early = pattern(8 * 1024 * 1024);
    a.connection.write(early);
    const between = relayed(a.connection, b.inner);
    expect(a.connection.isDestroyed).toBe(true);
    a.outer.end('and the rest');
    b.outer.end('late');
    expect(await within(text(b.outer), 'what a has sent')).toBe('held and the rest');
    const received = await within(buffer(a.outer), 'what a gets');
    expect(digest(received)).toBe(digest(Buffer.concat([early, Buffer.from('late')])));
    expect(await outcomeOf(between)).toMatchObject({ reason: 'ended', bytesToB: 17 });
    expect(a.closes).toEqual([]);
  });

  test('loses nothing that had left the kernel when another handler of the turn paused it', async () => {
    const mux = disposedAtEnd(new Multiplexer<undefined>());
    const opened: Connection[] = [];
    const paused: Connection[] = [];
    const listener = await listen({
      port: 0,
      multiplexer: mux,
      socket: {
        open: (connection) => void opened.push(connection),
        data: (connection) => {
          const other = opened.find((each) => each !== connection);
          other?.pause();
          if (other !== undefined) paused.push(other);
        },
      },
    });
    onTestFinished(() => listener.close());
    const port = listener.address.family === 'inet' ? listener.address.port : 0;
    const peers = [peer({ port }), peer({ port })];
    await until(() => {
      mux.waitSync(0);
      return opened.length === 2;
    }, 'both connections');
    for (const each of peers) await new Promise<void>((resolve) => void each.write('held', () => resolve()));
    await until(() => {
      mux.waitSync(0);
      return paused.length > 0;
    }, 'the bytes to leave the kernel');
    const [connection] = paused;
    if (connection === undefined || paused.length !== 1) throw new Error('both have been handed out');
    const b = await tcpLine();
    const arrived = within(once(b.outer, 'data'), 'the bytes');
    const between = relayed(connection, b.inner, { multiplexer: mux });
    await until(() => {
      mux.waitSync(0);
      return between.bytesToB === 4;
    }, 'the bytes');
    expect(String(await arrived)).toBe('held');
  });

  test('is forwarded from within its own handlers', async () => {
    const target = await listen({ port: 0, socket: { data: (connection, bytes) => void connection.write(bytes) } });
    onTestFinished(() => target.close());
    const port = target.address.family === 'inet' ? target.address.port : 0;
    const relays: Relay[] = [];
    const forwarder = await listen({
      port: 0,
      socket: {
        open: (client) => {
          client.pause();
          void connect({ port, socket: {} }).then((server) => relays.push(relay(client, server)));
        },
      },
    });
    onTestFinished(() => forwarder.close());
    const outer = peer({ port: forwarder.address.family === 'inet' ? forwarder.address.port : 0 });
    outer.end('there and back');
    expect(await within(text(outer), 'the echo')).toBe('there and back');
    for (const each of relays) expect(await outcomeOf(each)).toMatchObject({ reason: 'ended', bytesToA: 14 });
    expect(relays).toHaveLength(1);
  });

  test('stays as it is if the other end is refused', async () => {
    const a = await served();
    const datagrams = udpSocket();
    expect(() => relay(a.connection, datagrams)).toThrow(expect.objectContaining({ code: 'EPROTOTYPE' }));
    a.connection.end('still served');
    expect(await within(text(a.outer), 'the words')).toBe('still served');
  });

  test('is refused once it is ended, a Duplex, or destroyed', async () => {
    const [, other] = unixPair();
    const ended = await served();
    ended.connection.end();
    expect(() => relay(ended.connection, other)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    const stream = await served();
    const duplex = stream.connection.toDuplex();
    expect(() => relay(stream.connection, other)).toThrow(expect.objectContaining({ code: 'ERR_BUSY' }));
    duplex.destroy();
    const destroyed = await served();
    destroyed.connection.destroy();
    expect(() => relay(destroyed.connection, other)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    expect(other.closed).toBe(false);
  });
});

test('ends a relay in which nothing moves, and none in which something does', async () => {
  const silent = [await tcpLine(), await tcpLine()] as const;
  const busy = [await tcpLine(), await tcpLine()] as const;
  const patient = relayed(busy[0].inner, busy[1].inner, { idleTimeoutMs: 60_000 });
  const started = performance.now();
  const idle = relayed(silent[0].inner, silent[1].inner, { idleTimeoutMs: 200 });
  silent[0].outer.write('last words');
  const outcome = await outcomeOf(idle);
  expect(outcome).toMatchObject({
    reason: 'failed',
    failedEnd: null,
    error: { code: 'ERR_IDLE_TIMEOUT' },
    bytesToB: 10,
  });
  expect(performance.now() - started).toBeGreaterThanOrEqual(199);
  expect(patient.closed).toBe(false);
  busy[0].outer.write('still there');
  expect(String(await within(once(busy[1].outer, 'data'), 'the bytes'))).toBe('still there');
});

test('is idle only if neither side has moved a byte since the latest looks', async () => {
  const a = await tcpLine();
  const b = await tcpLine();
  const between = relayed(a.inner, b.inner, { idleTimeoutMs: 400 });
  const started = performance.now();
  b.outer.on('data', (bytes: Buffer) => {
    // Each answer prompts the next question, until twice the timeout is over.
    if (performance.now() - started < 800) b.outer.write(bytes);
  });
  a.outer.on('data', (bytes: Buffer) => void a.outer.write(bytes));
  a.outer.write('x');
  expect(await outcomeOf(between)).toMatchObject({ error: { code: 'ERR_IDLE_TIMEOUT' } });
  expect(performance.now() - started).toBeGreaterThanOrEqual(1199);
});

test('passes by urgent data, which is no end', async () => {
  const listener = tcpListener();
  const sender = testSocket();
  sender.connect(listener.getsockname());
  const b = await tcpLine();
  relayed(accepted(listener), b.inner);
  const MSG_OOB = 1;
  sender.send('before');
  expect(String(await within(once(b.outer, 'data'), 'the bytes before'))).toBe('before');
  sender.send('!', MSG_OOB);
  sender.send('after');
  expect(String(await within(once(b.outer, 'data'), 'the bytes behind'))).toBe('after');
  sender.shutdown('write');
  await within(text(b.outer), 'the end');
});

test('passes by urgent data that the end has arrived behind', async () => {
  const listener = tcpListener();
  const sender = testSocket();
  sender.connect(listener.getsockname());
  const b = await tcpLine();
  const inner = accepted(listener);
  const MSG_OOB = 1;
  sender.send('before');
  sender.send('!', MSG_OOB);
  sender.send('after');
  sender.shutdown('write');
  // splice(2) would call the place before the urgent byte the end.
  relayed(inner, b.inner);
  expect(await within(text(b.outer), 'everything')).toBe('beforeafter');
});

test('stops at once, and leaves no fd open', async () => {
  const a = await tcpLine();
  const b = await tcpLine();
  const before = openFds();
  const own = [a.inner.fd, b.inner.fd];
  const between = relay(a.inner, b.inner);
  b.outer.pause();
  a.outer.write(Buffer.alloc(1 << 24));
  await until(() => between.bytesToB > 0, 'some bytes');
  between.stop();
  between.stop();
  expect(between.closed).toBe(true);
  expect(await outcomeOf(between)).toMatchObject({ reason: 'stopped', error: null, failedEnd: null });
  expect([a.inner.closed, b.inner.closed]).toEqual([true, true]);
  const rest = [...before.keys()].filter((fd) => !own.includes(fd));
  // The shared multiplexer goes at the next tick.
  await until(() => [...openFds().keys()].every((fd) => rest.includes(fd)), 'all fds to be closed');
});

test('copies if there is no fd left for a pipe', async () => {
  const mux = disposedAtEnd(new Multiplexer<undefined>());
  const a = await tcpLine();
  const b = await tcpLine();
  const between = relayed(a.inner, b.inner, { multiplexer: mux });
  const arrived = once(b.outer, 'data');
  await new Promise<void>((resolve) => void a.outer.write('without a pipe', () => resolve()));
  withoutFreeFds(() => {
    for (let looks = 0; looks < 1000 && between.bytesToB === 0; looks += 1) mux.waitSync(1);
  });
  expect(between.bytesToB).toBe(14);
  expect(String(await within(arrived, 'the bytes'))).toBe('without a pipe');
});

test('runs on a multiplexer of the user, and ends with it', async () => {
  const mux = disposedAtEnd(new Multiplexer<undefined>());
  const a = await tcpLine();
  const b = await tcpLine();
  const between = relayed(a.inner, b.inner, { multiplexer: mux });
  a.outer.write('by hand');
  const arrived = once(b.outer, 'data');
  await until(() => {
    mux.waitSync(0);
    return between.bytesToB === 7;
  }, 'the bytes');
  expect(String(await within(arrived, 'the bytes'))).toBe('by hand');
  mux.close();
  expect(await outcomeOf(between)).toMatchObject({ reason: 'failed', error: { code: 'ERR_CLOSED' }, failedEnd: null });
});

test('ends if somebody closes one of its sockets', async () => {
  const a = await tcpLine();
  const b = await tcpLine();
  const between = relayed(a.inner, b.inner);
  a.inner.close();
  b.outer.write('for nobody');
  expect(await outcomeOf(between)).toMatchObject({ reason: 'failed', error: { code: 'ERR_CLOSED' }, failedEnd: 'a' });
});

test('refuses what cannot be relayed, and leaves it alone', async () => {
  const [left, right] = unixPair();
  const [, other] = unixPair();
  const listener = tcpListener();
  const file = openSync('/etc/hostname', 'r');
  onTestFinished(() => closeSync(file));
  const fresh = testSocket();
  const refusals: readonly (readonly [unknown, unknown, unknown, string])[] = [
    [left, left, {}, 'EEXIST'],
    [left, left.fd, {}, 'EEXIST'],
    [left, udpSocket(), {}, 'EPROTOTYPE'],
    [left, listener, {}, 'EINVAL'],
    [left, fresh, {}, 'ENOTCONN'],
    [left, file, {}, 'EPERM'],
    [left, 2 ** 20, {}, 'EBADF'],
    [left, -1, {}, 'ERR_OUT_OF_RANGE'],
    [left, '3', {}, 'ERR_INVALID_ARG_TYPE'],
    [left, { fd: 3 }, {}, 'ERR_INVALID_ARG_TYPE'],
    [left, undefined, {}, 'ERR_INVALID_ARG_TYPE'],
    [left, right, { nonsense: 1 }, 'ERR_UNKNOWN_OPTION'],
    [left, right, { idleTimeoutMs: 0 }, 'ERR_OUT_OF_RANGE'],
    [left, right, { idleTimeoutMs: '5' }, 'ERR_INVALID_ARG_TYPE'],
    [left, right, { backend: 'kqueue' }, 'ERR_OUT_OF_RANGE'],
    [left, right, { multiplexer: {} }, 'ERR_INVALID_ARG_TYPE'],
  ];
  for (const [a, b, options, code] of refusals) {
    expect(() => callUntyped(fdmux, 'relay', a, b, options), code).toThrow(expect.objectContaining({ code }));
  }
  const between = relayed(right, other);
  expect(() => relay(left, other)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  expect(left.closed).toBe(false);
  left.send('alive');
  await until(() => between.bytesToB === 5, 'the bytes');
});

test('works with small pipes where none can be enlarged', async () => {
  const [a, b] = [await tcpLine(), await tcpLine()];
  const real = { ...native };
  let refused = 0;
  vi.spyOn(native, 'fcntl').mockImplementation((fd, command, argument) => {
    if (command !== F_SETPIPE_SZ) return real.fcntl(fd, command, argument);
    refused += 1;
    throw systemError('EINVAL', 'fcntl', 'invalid argument', fd);
  });
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  relayed(a.inner, b.inner);
  a.outer.write('question');
  expect(String(await within(once(b.outer, 'data'), 'the question'))).toBe('question');
  expect(refused).toBeGreaterThan(0);
});

test('gives what it has taken after a moment if the kernel had no memory to give it', async () => {
  const a = await tcpLine();
  const b = await tcpLine();
  const real = { ...native };
  const { ENOBUFS } = constants.errno;
  let tried = 0;
  vi.spyOn(native, 'spliceThrough').mockImplementation((from, to, reader, writer, pendingBytes, maxBytes, counts) => {
    tried += 1;
    if (tried > 3) return real.spliceThrough(from, to, reader, writer, pendingBytes, maxBytes, counts);
    const SPLICE_F_NONBLOCK = 2;
    counts[0] = pendingBytes > 0 ? 0 : native.splice(from, writer, maxBytes, -1, -1, SPLICE_F_NONBLOCK);
    counts[1] = 0;
    counts[2] = ENOBUFS;
    return SpliceOutcome.TARGET_FAILED;
  });
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  relayed(a.inner, b.inner);
  // Nothing follows: the source has no more to report.
  a.outer.write('question');
  expect(String(await within(once(b.outer, 'data'), 'the question'))).toBe('question');
  expect(tried).toBeGreaterThan(3);
});

test('ends no relay to a terminal while a slow reader has not taken what the terminal has said', async () => {
  const terminals = [disposedAtEnd(Pty.open()), disposedAtEnd(Pty.open())] as const;
  const [slow, silent] = [await unixLine(), await unixLine()];
  const other = openSync(terminals[1].slavePath, 'r+');
  onTestFinished(() => closeSync(other));
  const between = relayed(slow.inner, terminals[0].master);
  const silence = relayed(silent.inner, terminals[1].master);
  const said = 1 << 20;
  // Deno writes to a terminal in the main thread, which would wait for the relay in the same thread.
  start('sh', ['-c', `head -c ${said} /dev/zero > ${terminals[0].slavePath}`]);
  let stalledAt = -1;
  await until(() => {
    const isStalled = between.bytesToA > 0 && between.bytesToA === stalledAt;
    stalledAt = between.bytesToA;
    return isStalled;
  }, 'the reader to be behind');
  slow.outer.end();
  await until(() => slow.outer.writableFinished, 'the end of the slow one');
  // Its silence begins later, so the other relay would be over first.
  silent.outer.end();
  expect(await outcomeOf(silence)).toMatchObject({ reason: 'ended' });
  expect(between.closed).toBe(false);
  expect((await within(buffer(slow.outer), 'what the terminal has said')).length).toBe(said);
  expect(await outcomeOf(between)).toMatchObject({ reason: 'ended', bytesToA: said });
});

test('is over with an error of one end, even if somebody else has closed the number of the other one', async () => {
  const a = await tcpLine();
  const b = await tcpLine();
  vi.spyOn(native, 'setSockOpt').mockImplementation((fd) => {
    throw errnoError(constants.errno.EBADF, 'setsockopt', fd);
  });
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('uncaughtException', note);
  onTestFinished(() => void process.off('uncaughtException', note));
  const between = relayed(a.inner, b.inner);
  a.outer.resetAndDestroy();
  expect(await outcomeOf(between)).toMatchObject({ reason: 'failed', failedEnd: 'a' });
  await until(() => uncaught.length > 0, 'the report');
  expect(uncaught).toMatchObject([{ code: 'EBADF' }]);
});
