import { inspect } from 'node:util';
import { connect, Descriptor, Epoll, EventFd, Inotify, listen, PidFd, Poll, SignalFd, Socket, TimerFd } from 'fdmux';
import { expect, test } from 'vitest';
import { summary } from '../src/inspect.js';
import { portOf } from './support/connections.js';
import { until } from './support/deadline.js';
import { disposedAtEnd } from './support/fds.js';

class Shown {
  [inspect.custom](depth: number, options: object): string {
    return summary('Shown', { fd: 5, name: 'x' }, depth, options);
  }
}

test('an object shows its class and its fields', () => {
  expect(inspect(new Shown())).toBe("Shown { fd: 5, name: 'x' }");
});

test('an object deep inside others shows only its class', () => {
  expect(inspect({ a: { b: { c: new Shown() } } }, { depth: 2 })).toContain('[Shown]');
});

const descriptors: readonly (readonly [string, () => Disposable & { readonly fd: number; close(): void }])[] = [
  ['Descriptor', () => Descriptor.open('/dev/null')],
  ['Epoll', () => new Epoll()],
  ['EventFd', () => new EventFd()],
  ['Inotify', () => new Inotify()],
  ['PidFd', () => new PidFd(process.pid)],
  ['SignalFd', () => new SignalFd(['SIGUSR2'])],
  ['Socket', () => Socket.create()],
  ['TimerFd', () => new TimerFd()],
];

test.each(descriptors)('%s shows its class, its fd and whether it is closed', (name, open) => {
  const owner = disposedAtEnd(open());
  expect(owner.constructor.name).toBe(name);
  expect(inspect(owner, { breakLength: Infinity })).toMatch(new RegExp(`^${name} \\{ fd: ${owner.fd}, closed: false`));
  owner.close();
  expect(inspect(owner, { breakLength: Infinity })).toMatch(new RegExp(`^${name} \\{ fd: -1, closed: true`));
});

test('a Poll shows how many fds it has', () => {
  const poll = disposedAtEnd(new Poll());
  poll.register(0);
  expect(inspect(poll)).toBe('Poll { size: 1, closed: false }');
});

test('a listener and a connection show their addresses and states', async () => {
  const listener = await listen({ port: 0, socket: {} });
  const connection = await connect({ port: portOf(listener), socket: {}, data: 'mine' });
  const { fd } = connection;
  const shown = (value: unknown) => inspect(value, { breakLength: Infinity });
  expect(shown(listener)).toMatch(
    /^Listener \{ fd: \d+, address: \{ family: 'inet', .*connections: \d, closed: false \}$/,
  );
  expect(shown(connection)).toMatch(new RegExp(`^Connection \\{ fd: ${fd}, state: 'open', remoteAddress: `));
  expect(shown(connection)).toContain("pendingBytes: 0, data: 'mine'");
  connection.end();
  expect(shown(connection)).toContain("state: 'ending'");
  connection.destroy();
  await listener.close();
  expect(shown(listener)).toMatch(/^Listener \{ fd: -1, .*closed: true \}$/);
  await until(() => connection.fd === -1, 'the end');
  expect(shown(connection)).toMatch(/^Connection \{ fd: -1, state: 'closed'/);
});
