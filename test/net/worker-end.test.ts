import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Socket } from 'fdmux';
import { expect, test } from 'vitest';
import { nextEvent, until } from '../support/deadline.js';
import { disposedAtEnd, openFds } from '../support/fds.js';
import { packagePath } from '../support/processes.js';
import { testSocket } from '../support/sockets.js';

/** Opens one of everything, posts the port of a listener and an fd that it gave away, and stays alive. */
const OPEN_ALL = `
  const { connect, Descriptor, EventFd, Inotify, listen, Multiplexer, PidFd, pipe, Socket, TimerFd } = require('${packagePath('dist/index.js')}');
  const { parentPort } = require('node:worker_threads');
  async function main() {
    const listener = await listen({ host: '127.0.0.1', port: 0, socket: {} });
    const connection = await connect({ host: '127.0.0.1', port: listener.address.port, socket: {} });
    globalThis.kept = [
      listener, connection, Socket.create(), Socket.pair(), pipe(), new EventFd(), new TimerFd(), new Inotify(),
      new PidFd(process.pid), Descriptor.open('/dev/null'), new Multiplexer(),
    ];
    const given = Socket.create({ type: 'dgram' });
    parentPort.postMessage([listener.address.port, given.detach()]);
    setInterval(() => undefined, 1000);
  }
  parentPort.on('message', () => process.exit());
  void main();
`;

/** The worker's own pipes and sockets to the main thread close later than it ends, so the test waits for them. */
test.each([
  ['is terminated', (worker: Worker) => void worker.terminate()],
  ['ends by process.exit()', (worker: Worker) => worker.postMessage('exit')],
])('closes everything that a worker opened when it %s, but not what it gave away', async (_how, end) => {
  const before = openFds();
  const worker = new Worker(OPEN_ALL, { eval: true });
  const [message] = await nextEvent(worker, 'message');
  if (!Array.isArray(message)) throw new Error('no message');
  const [port, given] = message.map(Number);
  const exited = once(worker, 'exit');
  end(worker);
  await exited;
  const socket = disposedAtEnd(Socket.fromFd(given ?? -1));
  expect(socket.type).toBe('dgram');
  const left = (): string[] => [...openFds()].filter(([fd]) => !before.has(fd) && fd !== socket.fd).map(String);
  await until(
    () => left().length === 0,
    () => `left open: ${left().join(' ')}`,
  );
  expect(() => testSocket().connect({ family: 'inet', host: '127.0.0.1', port: port ?? 0 })).toThrow(
    expect.objectContaining({ code: 'ECONNREFUSED' }),
  );
});
