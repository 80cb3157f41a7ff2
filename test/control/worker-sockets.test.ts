import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openPlace, WorkerSockets } from '../../src/control/worker-sockets.js';
import { listen } from '../../src/net/listener.js';
import type { Place } from '../../src/net/place.js';
import { nextEvent } from '../support/deadline.js';
import { temporaryFolder } from '../support/temporary.js';

const want = (at: Place) => ({ at, backlog: 16, given: undefined });
const anyPort = want({ host: '127.0.0.1', port: 0 });

function opened(): WorkerSockets {
  const sockets = new WorkerSockets();
  onTestFinished(() => sockets.close());
  return sockets;
}

test('each worker has its own socket on the same port, and the same one again', async () => {
  const sockets = opened();
  sockets.add(await openPlace(anyPort));
  const [one, other] = [await sockets.of('w1'), await sockets.of('w2')];
  expect(one.get(0)).not.toBe(other.get(0));
  expect(await sockets.of('w1')).toEqual(one);
  const listener = await listen({ fd: one.get(0), socket: {} });
  expect(listener.address).toEqual(sockets.addresses[0]);
  await listener.close();
});

test('a port that somebody listens on is refused, whoever that is', async () => {
  const sockets = opened();
  sockets.add(await openPlace(anyPort));
  await sockets.of('w1');
  const [address] = sockets.addresses;
  const port = address && 'port' in address ? address.port : 0;
  await expect(openPlace(want({ host: '127.0.0.1', port }))).rejects.toMatchObject({ code: 'EADDRINUSE' });
  const server = createServer().listen(0, '127.0.0.1');
  await nextEvent(server, 'listening');
  onTestFinished(() => void server.close());
  const taken = Number(Reflect.get(Object(server.address()), 'port'));
  await expect(openPlace(want({ host: '127.0.0.1', port: taken }))).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

test('who connects while no worker listens waits, and is turned away when the socket is dropped', async () => {
  const sockets = opened();
  sockets.add(await openPlace(anyPort));
  await sockets.of('w1');
  const [address] = sockets.addresses;
  const peer = connect(address && 'port' in address ? address.port : 0, '127.0.0.1');
  onTestFinished(() => void peer.destroy());
  await nextEvent(peer, 'connect');
  const reset = new Promise((resolve) => peer.once('error', resolve));
  sockets.drop('w1');
  expect(await reset).toMatchObject({ code: 'ECONNRESET' });
  expect((await sockets.of('w1')).size).toBe(1);
});

test('a unix socket is one for all, and its file goes with it', async () => {
  const path = join(temporaryFolder(), 'irc.sock');
  const sockets = new WorkerSockets();
  sockets.add(await openPlace(want({ path, mode: 0o600 })));
  expect(await sockets.of('w1')).toEqual(await sockets.of('w2'));
  sockets.drop('w1');
  expect(existsSync(path)).toBe(true);
  await sockets.close();
  expect(existsSync(path)).toBe(false);
});

test('the sockets of workers that listen already are gone on with, and one that is given is left open', async () => {
  const before = opened();
  before.add(await openPlace(anyPort));
  const listener = await listen({ port: 0, socket: {} });
  onTestFinished(() => listener.close());
  const own = (await before.of('w1')).get(0) ?? -1;
  const copy = await listen({ fd: own, socket: {} });
  const sockets = opened();
  sockets.add(await openPlace({ ...anyPort, given: listener.fd }));
  sockets.add(null);
  expect(sockets.addresses).toEqual([listener.address, null]);
  expect(await sockets.of('w1')).toEqual(new Map([[0, listener.fd]]));
  await sockets.close();
  expect(listener.closed).toBe(false);
  await copy.close();
});
