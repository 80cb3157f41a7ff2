import { rmSync, writeFileSync } from 'node:fs';
import { connect as connectNode } from 'node:net';
import { join } from 'node:path';
import { connect, type Connection, formatAddress, listen, type Listener, Multiplexer } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  catchUncaught,
  echo,
  exchange,
  pattern,
  portOf,
  Signal,
  testListener,
  VARIANTS,
} from '../support/connections.js';
import { within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { start } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

const MIB = 1024 * 1024;

describe.each(VARIANTS)('a listener that closes on $backend/$trigger', (variant) => {
  /** A listener that accepts nobody before its multiplexer is waited on, and peers that wait, each with a question. */
  async function unaccepted(count: number, onOpen: (listener: Listener) => void = () => undefined) {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
    const listener: Listener = await listen({
      ...variant,
      port: 0,
      multiplexer,
      socket: { ...echo, open: () => onOpen(listener) },
    });
    const peers = await Promise.all(Array.from({ length: count }, () => connectPeer(portOf(listener))));
    await Promise.all(peers.map((peer, index) => peer.write(`question ${index}`)));
    expect(listener.connections).toBe(0);
    return { multiplexer, listener, peers };
  }

  test('after stopAccepting nobody else connects, and those who have are served until they leave', async () => {
    const listener = await testListener({ ...variant, socket: echo });
    const port = portOf(listener);
    const peer = await connectPeer(port);
    expect(await exchange(peer)).toBe('ping');
    listener.stopAccepting();
    listener.stopAccepting();
    await expect(connectPeer(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await exchange(peer)).toBe('ping');
    expect(listener.connections).toBe(1);
    peer.end();
    await peer.ended();
    await within(listener.close({ drainMs: null }), 'closing');
  });

  test('lets go of what is pending before it closes, within drainMs', async () => {
    const bytes = pattern(4 * MIB);
    const opened = new Signal<Connection>();
    const listener = await listen({ ...variant, port: 0, socket: { open: opened.set } });
    const peer = await connectPeer(portOf(listener));
    peer.socket.pause();
    (await opened.within('a connection')).write(bytes);
    const closed = listener.close({ drainMs: 10_000 });
    expect(listener.closed).toBe(true);
    await expect(connect({ port: portOf(listener), socket: {} })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    peer.socket.resume();
    expect((await peer.ended()).equals(bytes)).toBe(true);
    await within(closed, 'closing');
    expect(listener.connections).toBe(0);
  });

  test('destroys at drainMs what does not end, and frees its port', async () => {
    const opened = new Signal<Connection>();
    const listener = await listen({ ...variant, port: 0, socket: { open: opened.set } });
    const socket = connectNode({ port: portOf(listener), host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => {
      socket.destroy();
    });
    socket.on('error', () => undefined);
    const connection = await opened.within('a connection');
    const begin = performance.now();
    await within(Promise.all([listener.close({ drainMs: 100 }), listener.close({ drainMs: 150 })]), 'closing');
    expect(performance.now() - begin).toBeGreaterThanOrEqual(99);
    expect(connection.isDestroyed).toBe(true);
    const again = await testListener({ ...variant, port: portOf(listener), socket: echo });
    expect(portOf(again)).toBe(portOf(listener));
    await within(listener.close(), 'closing once more');
  });

  test('keeps its deadline when it is closed again with more time, and is closed already when that was all', async () => {
    const opened = new Signal<Connection>();
    const listener = await listen({ ...variant, port: 0, socket: { open: opened.set, end: () => undefined } });
    const peer = await connectPeer(portOf(listener));
    peer.socket.allowHalfOpen = true;
    await opened.within('a connection');
    const closed = listener.close({ drainMs: 50 });
    await within(
      Promise.all([closed, listener.close({ drainMs: null }), listener.close({ drainMs: 600_000 })]),
      'closing',
    );
    await within(listener.close({ drainMs: 50 }), 'closing once more');
  });

  test('reports why it cannot remove its path, and is closed all the same', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'socket');
    const told: unknown[] = [];
    const listener = await listen({ ...variant, path, socket: {}, onError: (error) => told.push(error) });
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    await within(listener.close(), 'closing');
    expect(told).toMatchObject([{ code: 'ENOTDIR', path }]);
  });

  test('serves connections that are not accepted yet when it closes with time to drain', async () => {
    const { multiplexer, listener, peers } = await unaccepted(150);
    const closed = listener.close({ drainMs: 10_000 });
    expect(listener.connections).toBe(150);
    await expect(connect({ port: portOf(listener), socket: {} })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const run = multiplexer.run(() => undefined);
    for (const [index, peer] of peers.entries()) {
      expect((await peer.ended()).toString()).toBe(`question ${index}`);
      expect(peer.error).toBeUndefined();
    }
    await within(closed, 'closing');
    multiplexer.close();
    await run;
  });

  test('serves the others of a batch when an open handler closes it with time to drain', async () => {
    let closed: Promise<void> | undefined;
    const { multiplexer, peers } = await unaccepted(70, (listener) => {
      closed ??= listener.close({ drainMs: 10_000 });
    });
    const run = multiplexer.run(() => undefined);
    for (const [index, peer] of peers.entries()) expect((await peer.ended()).toString()).toBe(`question ${index}`);
    expect(closed).toBeDefined();
    await within(closed ?? fail(), 'closing');
    multiplexer.close();
    await run;
  });

  test('resets connections that are not accepted yet when it closes without', async () => {
    const { listener, peers } = await unaccepted(3);
    await within(listener.close(), 'closing');
    for (const peer of peers) {
      await peer.ended();
      expect(peer.error).toMatchObject({ code: 'ECONNRESET' });
    }
  });
});

describe('a listener that closes', () => {
  test('reports a failing error handler, and lets the process end when it is closed', async () => {
    const caught = catchUncaught();
    const listener = await testListener({ socket: { error: () => undefined } });
    expect(formatAddress(listener.address)).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(caught).toHaveLength(0);
    const script = `
      const { listen, connect } = require('./dist/index.js');
      listen({ port: 0, socket: { data: (c, b) => { c.write(b); } } }).then(async (listener) => {
        const connection = await connect({ port: listener.address.port, socket: { data: (c) => { c.end(); listener.close({ drainMs: 1000 }); } } });
        connection.write('x');
      });`;
    const ended = await start(process.execPath, ['-e', script]).ended();
    expect(ended).toMatchObject({ code: 0, stderr: '' });
  });
});

function fail(): never {
  throw new Error('not there');
}
