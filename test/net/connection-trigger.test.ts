/** The trigger that the kernel has for connections whose options name none. */
import { readFileSync } from 'node:fs';
import { type BackendName, EPOLLET, Multiplexer } from 'fdmux';
import { expect, test } from 'vitest';
import { echo, exchange, serveOne } from '../support/connections.js';
import { disposedAtEnd, openFds } from '../support/fds.js';

/** Whether an epoll instance of this process has that fd edge-triggered: proc_pid_fdinfo(5). */
function isEdgeTriggered(fd: number): boolean {
  const line = new RegExp(`^tfd: +${fd} events: +([0-9a-f]+)`, 'm');
  const masks = [...openFds()]
    .filter(([, what]) => what.includes('eventpoll'))
    .map(([epollFd]) => line.exec(readFileSync(`/proc/self/fdinfo/${epollFd}`, 'latin1'))?.[1])
    .filter((mask) => mask !== undefined);
  // A watch of the event loop has a duplicate of the epoll fd.
  const [mask = '', ...others] = new Set(masks);
  expect(mask).not.toBe('');
  expect(others).toEqual([]);
  return (parseInt(mask, 16) & EPOLLET) !== 0;
}

test('is edge on a shared multiplexer of epoll', async () => {
  const { connection, peer } = await serveOne(echo, { backend: 'epoll' });
  expect(isEdgeTriggered(connection.fd)).toBe(true);
  expect(await exchange(peer)).toBe('ping');
});

test('is level on a multiplexer of the user, which may be switched', async () => {
  const multiplexer = disposedAtEnd(new Multiplexer<unknown, BackendName>({ backend: 'epoll' }));
  void multiplexer.run(() => undefined);
  const { connection, peer } = await serveOne(echo, { multiplexer });
  expect(isEdgeTriggered(connection.fd)).toBe(false);
  multiplexer.switchBackend('poll');
  expect(await exchange(peer)).toBe('ping');
});

test.each(['poll', 'select'])('is level on %s', async (backend) => {
  const { peer } = await serveOne(echo, { backend });
  expect(await exchange(peer)).toBe('ping');
});
