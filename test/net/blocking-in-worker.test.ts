/** A worker that waits in a call of a socket: it can be terminated, and otherwise gets what the kernel's own wait would give. */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';

import type { Socket } from 'fdmux';
import { describe, expect, it, onTestFinished, test } from 'vitest';

import { pattern } from '../support/connections.js';
import { nextEvent, until, within } from '../support/deadline.js';
import { openFds } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { packagePath } from '../support/processes.js';
import { terminatesBusyWorkers } from '../support/runtime.js';
import { patient, portOf, tcpListener, testSocket, unixPair } from '../support/sockets.js';

const PREAMBLE = `
  const { listen, Multiplexer, MSG_WAITALL, Socket } = require('${packagePath('dist/index.js')}');
  const { parentPort, workerData } = require('node:worker_threads');
  const LOOPBACK = { family: 'inet', host: '127.0.0.1', port: 0 };
  const listening = (type = 'inet', backlog = 8) => {
    const listener = Socket.create({ family: type, blocking: true });
    listener.bind(type === 'inet' ? LOOPBACK : { family: 'unix' });
    listener.listen(backlog);
    return listener;
  };
  const pair = (options) => Socket.pair({ blocking: true, ...options });
`;

/** What a worker is amid when it is terminated. Each would wait for ever. */
const WAITS = {
  'recv()': `const [a, b] = pair(); ready(); a.recv(1);`,
  'recv() with a timeout': `const [a, b] = pair(); a.setTimeout(600_000); ready(); a.recv(1);`,
  'recv() of all of it': `const [a, b] = pair(); b.send('x'); ready(); a.recv(2, MSG_WAITALL);`,
  'recvFrom()': `const socket = Socket.create({ type: 'dgram', blocking: true }); socket.bind(LOOPBACK); ready(); socket.recvFrom(1);`,
  'recvMsg()': `const [a, b] = pair(); ready(); a.recvMsg(1);`,
  'sendAll()': `const [a, b] = pair(); ready(); a.sendAll(Buffer.alloc(16 * 1024 * 1024));`,
  'sendTo() to a full queue': `
    const [receiver, sender] = [0, 1].map(() => Socket.create({ family: 'unix', type: 'dgram', blocking: true }));
    receiver.bind({ family: 'unix' });
    ready();
    for (;;) sender.sendTo('x', receiver.getsockname());`,
  'accept()': `const listener = listening(); ready(); listener.accept();`,
  'accept() on a unix socket': `const listener = listening('unix'); ready(); listener.accept();`,
  'connect() to a full queue': `
    const address = listening('inet', 0).getsockname();
    ready();
    for (const all = []; ; ) { const socket = Socket.create({ blocking: true }); all.push(socket); socket.connect(address); }`,
  'connect() to a full queue of a unix socket': `
    const address = listening('unix', 0).getsockname();
    ready();
    for (const all = []; ; ) { const socket = Socket.create({ family: 'unix', blocking: true }); all.push(socket); socket.connect(address); }`,
  'runSync() of a listener': `
    const multiplexer = new Multiplexer();
    listen({ port: 0, multiplexer, socket: {} }).then(() => { ready(); multiplexer.runSync(() => {}); });`,
};

/** A worker, and its first message. It is gone when the test ends. */
async function startWorker(code: string, workerData?: unknown): Promise<{ worker: Worker; message: unknown }> {
  const worker = new Worker(`${PREAMBLE}\nconst ready = (what) => parentPort.postMessage(what);\n${code}`, {
    eval: true,
    workerData,
  });
  onTestFinished(async () => {
    await worker.terminate();
  });
  const [message] = await nextEvent(worker, 'message');
  return { worker, message };
}

const itEnds = it.skipIf(!terminatesBusyWorkers);

itEnds.each(Object.entries(WAITS))(
  '%s in a worker ends with the worker, and nothing stays open',
  async (_name, wait) => {
    const before = openFds();
    const { worker } = await startWorker(wait);
    await within(worker.terminate(), 'the end of the worker', 5_000);
    const left = (): string[] => [...openFds()].filter(([fd]) => !before.has(fd)).map(String);
    await until(
      () => left().length === 0,
      () => `left open: ${left().join(' ')}`,
    );
  },
);

describe('a blocking socket in a worker', () => {
  it('receives all of it, in however many pieces it comes and however long that takes', async () => {
    const [ours, theirs] = unixPair();
    theirs.setBlocking(true);
    const { worker } = await startWorker(
      `const socket = Socket.fromFd(workerData); ready();
       ready(socket.recv(6, MSG_WAITALL).toString()); ready(socket.recv(6, MSG_WAITALL).toString()); socket.detach();`,
      theirs.fd,
    );
    const messages: unknown[] = [];
    worker.on('message', (message) => messages.push(message));
    ours.sendAll('ab');
    // It comes up for air meanwhile, and goes on waiting.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(messages).toEqual([]);
    ours.sendAll('cdefgh');
    await until(() => messages.length === 1, 'the first answer');
    ours.shutdown('write');
    await until(() => messages.length === 2, 'the second answer');
    expect(messages).toEqual(['abcdef', 'gh']);
  });

  it('sends all to a slow reader', async () => {
    const listener = tcpListener();
    const bytes = pattern(8 * 1024 * 1024);
    const { worker } = await startWorker(
      `const socket = Socket.create({ blocking: true });
       socket.connect({ family: 'inet', host: '127.0.0.1', port: workerData.port });
       ready();
       ready(socket.sendAll(workerData.bytes)); socket.close();`,
      { port: portOf(listener), bytes },
    );
    const reader = listener.accept()?.socket;
    if (reader === undefined) throw new Error('no connection');
    const sent = nextEvent(worker, 'message');
    const hash = createHash('sha256');
    let length = 0;
    for (patient(reader); ;) {
      const chunk = reader.recv(65_536);
      if (chunk === null || chunk.length === 0) break;
      hash.update(chunk);
      length += chunk.length;
      if (length % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    reader.close();
    expect(length).toBe(bytes.length);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(await sent).toEqual([bytes.length]);
  });

  itEnds('shares a listener with other workers, none of which is left behind when they are terminated', async () => {
    const listener = tcpListener();
    listener.setBlocking(true);
    const code = `
      const listener = Socket.fromFd(workerData);
      ready();
      for (;;) { const { socket } = listener.accept(); socket.sendAll('hello'); socket.close(); }`;
    const workers = await Promise.all([1, 2, 3, 4].map(async () => (await startWorker(code, listener.fd)).worker));
    const peers = await Promise.all(Array.from({ length: 40 }, () => connectPeer(portOf(listener))));
    for (const peer of peers) expect((await peer.ended()).toString()).toBe('hello');
    await within(Promise.all(workers.map((worker) => worker.terminate())), 'the end of the workers', 5_000);
  });

  it('says at once what is wrong with a socket', async () => {
    const { message } = await startWorker(`
      const codes = [];
      const tell = (call) => { try { codes.push(call()); } catch (error) { codes.push(error.code); } };
      tell(() => Socket.create({ blocking: true }).accept());
      tell(() => Socket.create({ type: 'dgram', blocking: true }).accept());
      tell(() => Socket.create({ blocking: true }).recv(1));
      tell(() => { const listener = listening(); const address = listener.getsockname(); listener.close(); return Socket.create({ blocking: true }).connect(address); });
      tell(() => { const socket = Socket.create({ blocking: true }); socket.connect(listening().getsockname()); const same = Socket.fromFd(socket.detach()); const both = [socket.blocking, same.blocking]; same.close(); return both.join(); });
      ready(codes);`);
    expect(message).toEqual(['EINVAL', 'EOPNOTSUPP', 'ENOTCONN', 'ECONNREFUSED', 'true,true']);
  });
});

describe('a timeout', () => {
  test('is kept where a duplicate has made the socket blocking', () => {
    const [socket] = unixPair();
    socket.setTimeout(50);
    const duplicate = socket.dup();
    duplicate.setBlocking(true);
    duplicate.close();
    const start = performance.now();
    expect(() => socket.recv(1)).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }));
    expect(performance.now() - start).toBeGreaterThanOrEqual(49);
  });

  test('is kept without spinning where the kernel says ready and means the sender alone', () => {
    const receiver = testSocket({ family: 'unix', type: 'dgram' });
    receiver.bind({ family: 'unix' });
    const sender: Socket = testSocket({ family: 'unix', type: 'dgram' });
    sender.setTimeout(0);
    while (sender.sendTo('x', receiver.getsockname()) !== null);
    sender.setTimeout(400);
    const before = process.cpuUsage();
    const start = performance.now();
    expect(() => sender.sendTo('x', receiver.getsockname())).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }));
    expect(performance.now() - start).toBeGreaterThanOrEqual(399);
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(200_000);
  });
});
