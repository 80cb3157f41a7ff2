import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openPlace, WorkerSockets } from '../../src/control/worker-sockets.js';
import { listen } from '../../src/net/listener.js';
import type { Place } from '../../src/net/place.js';
import { nextEvent } from '../support/deadline.js';
import { listenPeer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';

const want = (at: Place) => ({ at, backlog: 16, given: undefined });
const anyPort = want({ host: '127.0.0.1', port: 0 });

function opened(): WorkerSockets {
  const sockets = new WorkerSockets((index) => ({ number: index }));
  onTestFinished(() => sockets.close());
  return sockets;
}

test('each worker has its own socket on the same port, and the same one again', async () => {
  const sockets = opened();
  sockets.add(await openPlace(anyPort));
  const [one, other] = [await sockets.of('w1'), await sockets.of('w2')];
  expect(one).toMatchObject([{ index: 0, place: { number: 0 } }]);
  expect(one[0]?.fd).not.toBe(other[0]?.fd);
  expect(await sockets.of('w1')).toEqual(one);
  const listener = await listen({ fd: one[0]?.fd, socket: {} });
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
  const { port: taken } = await listenPeer();
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
  expect(await sockets.of('w1')).toHaveLength(1);
});

test('a unix socket is one for all, and its file goes with it', async () => {
  const path = join(temporaryFolder(), 'irc.sock');
  const sockets = new WorkerSockets((index) => ({ number: index }));
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
  const own = (await before.of('w1'))[0]?.fd ?? -1;
  const copy = await listen({ fd: own, socket: {} });
  const sockets = opened();
  sockets.add(await openPlace({ ...anyPort, given: listener.fd }));
  sockets.add(null);
  expect(sockets.addresses).toEqual([listener.address, null]);
  expect(await sockets.of('w1')).toEqual([{ index: 0, fd: listener.fd, place: { number: 0 } }]);
  await sockets.close();
  expect(listener.closed).toBe(false);
  await copy.close();
});

test('a worker lacks what is opened for it now, and may lack what it shares with others', async () => {
  const sockets = opened();
  sockets.add(await openPlace(anyPort));
  await sockets.of('w1');
  sockets.add(await openPlace(anyPort));
  sockets.add(await openPlace(want({ path: join(temporaryFolder(), 'irc.sock') })));
  const indexesOf = async (worker: string) => (await sockets.lackedBy(worker)).map(({ index }) => index);
  expect(await indexesOf('w1')).toEqual([1, 2]);
  expect(await indexesOf('w1')).toEqual([2]);
  expect(await indexesOf('w2')).toEqual([0, 1, 2]);
});
