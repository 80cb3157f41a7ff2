/** The trigger that the kernel has for connections: the one that they begin with, and another one later. */
import { type BackendName, Multiplexer } from 'fdmux';
import { expect, test } from 'vitest';
import { echo, exchange, portOf, serveOne } from '../support/connections.js';
import { disposedAtEnd, edgeTriggeredSockets } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { callUntyped } from '../support/untyped.js';

const isEdgeTriggered = (fd: number): boolean => edgeTriggeredSockets().has(fd);

/** A multiplexer of the user, which runs. */
function running(): Multiplexer {
  const multiplexer = disposedAtEnd(new Multiplexer<unknown, BackendName>({ backend: 'epoll' }));
  void multiplexer.run(() => undefined);
  return multiplexer;
}

test('is edge on a shared multiplexer of epoll', async () => {
  const { connection, peer } = await serveOne(echo, { backend: 'epoll' });
  expect(isEdgeTriggered(connection.fd)).toBe(true);
  expect(await exchange(peer)).toBe('ping');
});

test('is level on a multiplexer of the user, which may be switched', async () => {
  const multiplexer = running();
  const { connection, peer } = await serveOne(echo, { multiplexer });
  expect(isEdgeTriggered(connection.fd)).toBe(false);
  multiplexer.switchBackend('poll');
  expect(await exchange(peer)).toBe('ping');
});

test.each(['poll', 'select'])('is level on %s', async (backend) => {
  const { peer } = await serveOne(echo, { backend });
  expect(await exchange(peer)).toBe('ping');
});

test('changes with its listener: a multiplexer with edges can be switched to a backend without, and back', async () => {
  const multiplexer = running();
  const { connection, listener, peer } = await serveOne(echo, { multiplexer, trigger: 'edge' });
  expect(isEdgeTriggered(connection.fd)).toBe(true);
  expect(() => multiplexer.switchBackend('poll')).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED_TRIGGER' }));
  listener.setTrigger('level');
  expect(isEdgeTriggered(connection.fd)).toBe(false);
  multiplexer.switchBackend('poll');
  expect(() => listener.setTrigger('edge')).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED_TRIGGER' }));
  expect(await exchange(peer)).toBe('ping');
  const later = await connectPeer(portOf(listener));
  expect(await exchange(later)).toBe('ping');
  const before = edgeTriggeredSockets().size;
  multiplexer.switchBackend('epoll');
  listener.setTrigger('edge');
  expect(edgeTriggeredSockets().size).toBe(before + 2);
  expect(await exchange(peer)).toBe('ping');
  expect(await exchange(later)).toBe('ping');
  expect(() => callUntyped(listener, 'setTrigger', 'oneshot')).toThrow(
    expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
  );
});

test('changes while a connection waits for nothing, and it goes on where it was', async () => {
  const multiplexer = running();
  const { connection, listener, peer } = await serveOne(echo, { multiplexer, trigger: 'edge' });
  connection.pause();
  await peer.write('held');
  listener.setTrigger('level');
  multiplexer.switchBackend('select');
  multiplexer.switchBackend('epoll');
  listener.setTrigger('edge');
  connection.resume();
  expect((await peer.take(4)).toString()).toBe('held');
  expect(isEdgeTriggered(connection.fd)).toBe(true);
});

test('changes under load, in each handler: every byte arrives once, in order', async () => {
  const multiplexer = running();
  const rounds = 400;
  let handled = 0;
  const { listener, peer } = await serveOne(
    {
      data: (connection, bytes) => {
        listener.setTrigger(handled % 2 === 0 ? 'level' : 'edge');
        handled += 1;
        connection.write(bytes);
      },
    },
    { multiplexer, trigger: 'edge' },
  );
  const text = Array.from({ length: rounds }, (_, index) => `${index}:${'x'.repeat(index * 37)};`);
  for (const part of text) await peer.write(part);
  const whole = text.join('');
  expect((await peer.take(whole.length)).toString()).toBe(whole);
  expect(handled).toBeGreaterThan(1);
});
