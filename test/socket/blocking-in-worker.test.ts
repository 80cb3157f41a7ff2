/**
 * A worker that waits in a call of a socket: it can be terminated, and otherwise gets what the kernel's own wait would
 * give.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, constants as fsConstants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { pipe, type Socket } from 'fdmux';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { isAsleep, preambleOf, WAITS } from '../support/blocking-waits.js';
import { pattern } from '../support/connections.js';
import { nextEvent, until, within } from '../support/deadline.js';
import { disposedAtEnd, openFds } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { terminatesBusyWorkers } from '../support/runtime.js';
import { localPort, patient, tcpListener, testSocket, unixPair } from '../support/sockets.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'fdmux-'));
const PREAMBLE = preambleOf(FOLDER);
afterAll(() => rmSync(FOLDER, { recursive: true }));

/** A worker, and its first message. It is gone when the test ends. */
async function startWorker(code: string, workerData?: unknown): Promise<{ worker: Worker; message: unknown }> {
  const worker = new Worker(
    `${PREAMBLE}\nconst ready = (what = threadId()) => parentPort.postMessage(what);\n${code}`,
    {
      eval: true,
      workerData,
    },
  );
  onTestFinished(async () => {
    await worker.terminate();
  });
  const [message] = await nextEvent(worker, 'message');
  return { worker, message };
}

const itEnds = test.skipIf(!terminatesBusyWorkers);

itEnds.each(Object.entries(WAITS))(
  '%s in a worker ends with the worker, and nothing stays open',
  { tags: ['needs-worker-terminate', 'needs-quiet-fds'] },
  async (_name, wait) => {
    const before = openFds();
    const { worker, message } = await startWorker(wait);
    let looks = 0;
    // It has said so before it began to wait: if it sleeps in look after look, it does.
    await until(() => (looks = isAsleep(String(message)) ? looks + 1 : 0) > 4, 'the worker to wait');
    await within(worker.terminate(), 'the end of the worker');
    const left = (): string[] => [...openFds()].filter(([fd]) => !before.has(fd)).map(String);
    await until(
      () => left().length === 0,
      () => `left open: ${left().join(' ')}`,
    );
  },
);

/** Code that gives what the main thread and a worker have to agree on. */
const ANSWERS = {
  'an empty error queue, and no urgent data': {
    code: `const udp = Socket.create({ type: 'dgram', blocking: true }); udp.bind(LOOPBACK);
      const [a, b] = pair({ type: 'dgram' });
      const { MSG_ERRQUEUE } = fdmux;
      const answers = [udp.recvMsg(1, { flags: MSG_ERRQUEUE }), udp.recv(1, MSG_ERRQUEUE), udp.recvFrom(1, MSG_ERRQUEUE), udp.recvMmsg(1, 1, MSG_ERRQUEUE)];
      for (const socket of [udp, a, b]) socket.close();
      return answers;`,
    answer: [null, null, null, null],
  },
  'timeouts of the kernel': {
    code: `
      const after20Ms = (socket) => {
        const timeval = new BigInt64Array([0n, 20_000n]);
        socket.setsockopt(fdmux.SOL_SOCKET, fdmux.SO_RCVTIMEO, timeval);
        socket.setsockopt(fdmux.SOL_SOCKET, fdmux.SO_SNDTIMEO, timeval);
        return socket;
      };
      const [a, b] = pair().map(after20Ms);
      const [c, d] = pair({ type: 'dgram' }).map(after20Ms);
      const server = after20Ms(listening('unix', 0));
      const bytes = Buffer.alloc(16 * 1024 * 1024);
      const before = performance.now();
      const answers = [a.recv(1), a.recvMsg(1), c.recvMmsg(1, 1), server.accept(), b.send('ab'), a.recv(3, MSG_WAITALL).toString()];
      const waitedMs = performance.now() - before;
      const part = a.send(bytes);
      answers.push(part > 0 && part < bytes.length, a.send(bytes), a.sendAll(bytes), waitedMs >= 5 * 20);
      while (c.send('x') !== null);
      const clients = [];
      let errno = 0;
      while (errno === 0) {
        clients.push(after20Ms(Socket.create({ family: 'unix', blocking: true })));
        errno = clients.at(-1).connectEx(server.getsockname());
      }
      answers.push(errno);
      for (const socket of [a, b, c, d, server, ...clients]) socket.close();
      return answers;`,
    answer: [null, null, null, null, 2, 'ab', true, null, 0, true, constants.errno.EAGAIN],
  },
} as const;

describe.each(Object.entries(ANSWERS))('%s', (_name, { code, answer }) => {
  test('give the same answers in a worker as in the main thread', async () => {
    const body = `${PREAMBLE}\nconst answer = () => {${code}};`;
    const inMain: unknown = runInContext(
      `${body}\nanswer();`,
      createContext({ require: createRequire(__filename), Buffer, performance }),
    );
    expect(inMain).toEqual(answer);
    expect((await startWorker(`const answer = () => {${code}}; ready(answer());`)).message).toEqual(answer);
  });
});

describe('a blocking descriptor in a worker', () => {
  test('is read when there is something, and writes all of it', async () => {
    const [ours, theirs] = [pipe(), pipe()];
    for (const end of [...ours, ...theirs]) disposedAtEnd(end);
    const { worker } = await startWorker(
      `const [reader, writer] = workerData.map((fd) => Descriptor.fromFd(fd));
       for (const end of [reader, writer]) end.setBlocking(true);
       ready();
       ready(reader.read(100).toString());
       ready(writer.write(Buffer.alloc(1024 * 1024)));
       reader.detach(); writer.detach();`,
      [ours[0].fd, theirs[1].fd],
    );
    const first = nextEvent(worker, 'message');
    ours[1].write('hello');
    expect(await first).toEqual(['hello']);
    let count = 0;
    const second = nextEvent(worker, 'message');
    await until(
      () => {
        for (let bytes = theirs[0].read(65_536); bytes !== null; bytes = theirs[0].read(65_536)) count += bytes.length;
        return count === 1024 * 1024;
      },
      () => `${count} bytes`,
    );
    expect(await second).toEqual([1024 * 1024]);
  });

  test.each([
    ['read', fsConstants.O_RDONLY],
    ['write', fsConstants.O_WRONLY],
  ])('opens a FIFO to %s when its other end is there, and then blocks', async (_what, flags) => {
    const path = join(FOLDER, 'opened-from-both-ends');
    rmSync(path, { force: true });
    execFileSync('mkfifo', [path]);
    const { worker } = await startWorker(
      `ready(); const end = Descriptor.open(workerData.path, workerData.flags); ready(end.blocking); end.close();`,
      { path, flags },
    );
    const opened = nextEvent(worker, 'message');
    // Opened for both, a FIFO waits for nobody: fifo(7).
    const fd = openSync(path, 'r+');
    expect(await opened).toEqual([true]);
    closeSync(fd);
  });
});

describe('a blocking socket in a worker', () => {
  test('receives all of it, in any number of pieces and for any time', async () => {
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
    // Meanwhile it stops waiting for a moment, and goes on.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(messages).toEqual([]);
    ours.sendAll('cdefgh');
    await until(() => messages.length === 1, 'the first answer');
    ours.shutdown('write');
    await until(() => messages.length === 2, 'the second answer');
    expect(messages).toEqual(['abcdef', 'gh']);
  });

  test('sends all to a slow reader', async () => {
    const listener = tcpListener();
    const bytes = pattern(8 * 1024 * 1024);
    const { worker } = await startWorker(
      `const socket = Socket.create({ blocking: true });
       socket.connect({ family: 'inet', host: '127.0.0.1', port: workerData.port });
       ready();
       ready(socket.sendAll(workerData.bytes)); socket.close();`,
      { port: localPort(listener), bytes },
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

  itEnds(
    'shares a listener with other workers, none of which is left behind when they are terminated',
    { tags: ['needs-worker-terminate'] },
    async () => {
      const listener = tcpListener();
      listener.setBlocking(true);
      const code = `
      const listener = Socket.fromFd(workerData);
      ready();
      for (;;) { const { socket } = listener.accept(); socket.sendAll('hello'); socket.close(); }`;
      const workers = await Promise.all([1, 2, 3, 4].map(async () => (await startWorker(code, listener.fd)).worker));
      const peers = await Promise.all(Array.from({ length: 40 }, () => connectPeer(localPort(listener))));
      for (const peer of peers) expect((await peer.ended()).toString()).toBe('hello');
      await within(Promise.all(workers.map((worker) => worker.terminate())), 'the end of the workers');
    },
  );

  test('says at once what is wrong with a socket', async () => {
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
  test('is kept if a duplicate has made the socket blocking', () => {
    const [socket] = unixPair();
    socket.setTimeout(50);
    const duplicate = socket.dup();
    duplicate.setBlocking(true);
    duplicate.close();
    const start = performance.now();
    expect(() => socket.recv(1)).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }));
    expect(performance.now() - start).toBeGreaterThanOrEqual(49);
  });

  test('is kept without spinning if the kernel says ready and means the sender alone', () => {
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
