/** Multiplexers that go over to another backend while they run. */
import { Worker } from 'node:worker_threads';
import { type BackendName, Descriptor, Multiplexer, pipe, type Registration, Socket } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { present } from '../../src/errors.js';
import { portOf, testListener } from '../support/connections.js';
import { nextEvent, within } from '../support/deadline.js';
import { disposedAtEnd, openFds } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { packagePath } from '../support/processes.js';
import { seeded } from '../support/random.js';
import { unixPair } from '../support/sockets.js';
import { callUntyped } from '../support/untyped.js';

const BACKENDS = ['epoll', 'poll', 'select'] as const;
/** Every way from one backend to another. */
const WAYS = BACKENDS.flatMap((from) => BACKENDS.filter((to) => to !== from).map((to) => ({ from, to })));

/** A pair of which one end is registered, and what is known of it. */
interface Watched {
  readonly own: Socket;
  readonly peer: Socket;
  readonly registration: Registration;
  bytes: number;
  isPaused: boolean;
  isRegistered: boolean;
  reads: boolean;
}

function watch(multiplexer: Multiplexer): Watched {
  const [own, peer] = unixPair();
  const registration = multiplexer.register(own, { interest: 'read' });
  return { own, peer, registration, bytes: 0, isPaused: false, isRegistered: true, reads: true };
}

/** Which of them a wait must report. */
const expected = (all: readonly Watched[]): number[] =>
  all
    .filter(({ isRegistered, isPaused, bytes, reads }) => isRegistered && !isPaused && (reads ? bytes > 0 : true))
    .map(({ own }) => own.fd)
    .sort((a, b) => a - b);

const reported = (multiplexer: Multiplexer): number[] =>
  multiplexer
    .waitSync(0)
    .map(({ fd }) => fd)
    .sort((a, b) => a - b);

test('whatever is registered, paused, changed or ended, each backend reports exactly what is ready', () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const random = seeded(seed);
    const multiplexer = disposedAtEnd(new Multiplexer());
    const all: Watched[] = [];
    const any = (): Watched => present(all[Math.floor(random() * all.length)], 'one of them');
    all.push(watch(multiplexer), watch(multiplexer));
    const steps: ((one: Watched) => void)[] = [
      () => {
        if (all.length < 20) all.push(watch(multiplexer));
      },
      (one) => {
        one.peer.send('x');
        one.bytes += 1;
      },
      (one) => {
        if (one.bytes > 0) one.own.recv(one.bytes);
        one.bytes = 0;
      },
      (one) => {
        if (!one.isRegistered) return;
        if (one.isPaused) one.registration.resume();
        else one.registration.pause();
        one.isPaused = !one.isPaused;
      },
      (one) => {
        if (!one.isRegistered) return;
        one.reads = !one.reads;
        one.registration.modify({ interest: one.reads ? 'read' : 'write' });
      },
      (one) => {
        if (random() < 0.3) one.registration.unregister();
        one.isRegistered = multiplexer.has(one.own);
      },
      () => multiplexer.switchBackend(present(BACKENDS[Math.floor(random() * 3)], 'a backend')),
      () => multiplexer.switchBackend(present(BACKENDS[Math.floor(random() * 3)], 'a backend')),
    ];
    for (let step = 0; step < 200; step += 1) {
      present(steps[Math.floor(random() * steps.length)], 'a step')(any());
      expect({ seed, step, fds: reported(multiplexer) }).toEqual({ seed, step, fds: expected(all) });
    }
  }
});

describe.each(WAYS)('from $from to $to', ({ from, to }) => {
  test('what is ready is reported by the next wait, in the order of registering', () => {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: from }));
    const all = [watch(multiplexer), watch(multiplexer), watch(multiplexer)];
    for (const { peer } of all) peer.send('x');
    expect(reported(multiplexer)).toHaveLength(3);
    const before = openFds();
    multiplexer.switchBackend(to);
    expect(multiplexer.backend).toBe(to);
    expect(multiplexer.size).toBe(3);
    const fds = multiplexer.waitSync(0).map(({ fd }) => fd);
    expect(fds).toEqual(all.map(({ own }) => own.fd));
    multiplexer.switchBackend(from);
    expect(openFds().size).toBe(before.size);
  });

  test('a wait that is under way goes on', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: from }));
    const { own, peer } = watch(multiplexer);
    for (let round = 0; round < 5; round += 1) {
      const waiting = multiplexer.wait();
      multiplexer.switchBackend(round % 2 === 0 ? to : from);
      peer.send('x');
      const batch = await within(waiting, 'the wait');
      expect(batch.map(({ fd }) => fd)).toEqual([own.fd]);
      own.recv(1);
    }
  });

  test('another thread still wakes it', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: from }));
    const token = multiplexer.wakeupToken();
    multiplexer.switchBackend(to);
    const code = `const { workerData } = require('node:worker_threads'); require(workerData.index).wakeup(workerData.token);`;
    const worker = new Worker(code, { eval: true, workerData: { index: packagePath('dist/index.js'), token } });
    const ended = nextEvent(worker, 'exit');
    expect(await within(multiplexer.wait(), 'the wake-up')).toHaveLength(0);
    expect(multiplexer.stats().wakeups).toBe(1);
    await ended;
  });

  test('a handler may switch in the middle of a turn: the others of the turn are served, once', () => {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: from }));
    const served: number[] = [];
    const pairs = Array.from({ length: 4 }, () => unixPair());
    for (const [own, peer] of pairs) {
      multiplexer.register(own, {
        interest: 'read',
        onReady: ({ fd }) => {
          served.push(fd);
          own.recv(1);
          multiplexer.switchBackend(multiplexer.backend === from ? to : from);
        },
      });
      peer.send('x');
    }
    multiplexer.waitSync(0);
    multiplexer.waitSync(0);
    expect(served).toEqual(pairs.map(([own]) => own.fd));
  });
});

test('what one backend alone has is refused, and everything stays as it is', () => {
  for (const changes of [
    { trigger: 'edge' },
    { trigger: 'oneshot' },
    { trigger: 'edge-oneshot' },
    { exclusive: true },
  ] as const) {
    const multiplexer = disposedAtEnd(new Multiplexer());
    const level = watch(multiplexer);
    const [own, peer] = unixPair();
    multiplexer.register(own, { interest: 'read', ...changes });
    for (const backend of ['poll', 'select'] as const) {
      expect(() => multiplexer.switchBackend(backend)).toThrow(
        expect.objectContaining({ code: 'ERR_UNSUPPORTED_TRIGGER' }),
      );
    }
    expect(multiplexer.backend).toBe('epoll');
    for (const socket of [level.peer, peer]) socket.send('x');
    expect(reported(multiplexer)).toEqual([level.own.fd, own.fd].sort((a, b) => a - b));
    multiplexer.unregister(own);
    multiplexer.switchBackend('select');
    expect(reported(multiplexer)).toEqual([level.own.fd]);
  }
});

test('an fd that epoll does not watch keeps a multiplexer on its backend, unless it may count as ready', () => {
  const file = disposedAtEnd(Descriptor.memfd('a file'));
  for (const from of ['poll', 'select'] as const) {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: from }));
    const { own, peer } = watch(multiplexer);
    multiplexer.register(file, { interest: 'read' });
    const before = openFds();
    expect(() => multiplexer.switchBackend('epoll')).toThrow(expect.objectContaining({ code: 'EPERM' }));
    expect(openFds()).toEqual(before);
    expect(multiplexer.backend).toBe(from);
    peer.send('x');
    expect(reported(multiplexer)).toEqual([own.fd, file.fd].sort((a, b) => a - b));
  }
  const tolerant = disposedAtEnd(new Multiplexer<unknown, BackendName>({ backend: 'poll', unpollable: 'ready' }));
  tolerant.register(file, { interest: 'read' });
  tolerant.switchBackend('epoll');
  expect(reported(tolerant)).toEqual([file.fd]);
});

test('an fd that was closed behind its back keeps a multiplexer off epoll', () => {
  const multiplexer = disposedAtEnd(new Multiplexer<unknown, BackendName>({ backend: 'poll' }));
  // An epoll fd gets the lowest number that is free, which must be another one.
  const lower = pipe();
  const [reader, writer] = pipe().map((end) => disposedAtEnd(end));
  const { fd } = present(reader, 'the reader');
  for (const end of [...lower, reader, writer]) end?.close();
  // An object that closes its fd takes it out of every multiplexer, so it is registered by its number afterwards.
  multiplexer.register(fd, { interest: 'read' });
  expect(() => multiplexer.switchBackend('epoll')).toThrow(expect.objectContaining({ code: 'EBADF' }));
  expect(multiplexer.backend).toBe('poll');
  expect(multiplexer.waitSync(0).map(({ isInvalid }) => isInvalid)).toEqual([true]);
});

test('no name of a backend, and a closed multiplexer, are refused', () => {
  const multiplexer = new Multiplexer();
  expect(() => callUntyped(multiplexer, 'switchBackend', 'kqueue')).toThrow(
    expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
  );
  multiplexer.close();
  expect(() => multiplexer.switchBackend('poll')).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
});

test('a hundred switches under load: every connection stays, and every byte arrives once', async () => {
  const multiplexer = disposedAtEnd(new Multiplexer());
  const running = multiplexer.run(() => undefined);
  const closed: unknown[] = [];
  const listener = await testListener({
    multiplexer,
    socket: {
      data: (connection, bytes) => {
        if (!connection.write(bytes)) connection.pause();
      },
      drain: (connection) => connection.resume(),
      close: (_connection, error) => closed.push(error),
    },
  });
  const peers = await Promise.all(Array.from({ length: 20 }, () => connectPeer(portOf(listener))));
  const rounds = 100;
  const sendAndCheck = async (index: number): Promise<void> => {
    const peer = present(peers[index], 'a peer');
    for (let round = 0; round < rounds; round += 1) {
      const text = `${index}:${round};`.padEnd(round % 10 === 0 ? 50_000 : 50, '.');
      await peer.write(text);
      if ((await peer.take(text.length)).toString() !== text) throw new Error(`${index}:${round} is wrong`);
      if (index === 0) multiplexer.switchBackend(present(BACKENDS[(round + 1) % 3], 'a backend'));
    }
  };
  await Promise.all(peers.map((_, index) => sendAndCheck(index)));
  expect(closed).toEqual([]);
  expect(listener.connections).toBe(peers.length);
  for (const peer of peers) peer.socket.destroy();
  await within(listener.close(), 'closing');
  multiplexer.close();
  await running;
});

test('a worker that blocks may switch in its handler', async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { Multiplexer, Socket } = require(workerData.index);
    const names = ['poll', 'select', 'epoll'];
    const socket = Socket.fromFd(workerData.fd);
    const multiplexer = new Multiplexer();
    multiplexer.register(socket, { interest: 'read' });
    let count = 0;
    multiplexer.runSync((batch) => {
      for (const _ of batch) {
        const bytes = socket.recv(100);
        if (bytes.length === 0) return multiplexer.close();
        multiplexer.switchBackend(names[count++ % 3]);
        socket.send(Buffer.from(multiplexer.backend));
      }
    });
    socket.detach();`;
  const [own, theirs] = Socket.pair();
  own.setBlocking(false);
  onTestFinished(() => own.close());
  const worker = new Worker(code, { eval: true, workerData: { index: packagePath('dist/index.js'), fd: theirs.fd } });
  const ended = nextEvent(worker, 'exit');
  const multiplexer = disposedAtEnd(new Multiplexer());
  multiplexer.register(own, { interest: 'read' });
  const answers: string[] = [];
  for (let round = 0; round < 30; round += 1) {
    own.send('next');
    await within(multiplexer.wait(), 'an answer');
    answers.push(String(own.recv(100)));
  }
  own.shutdown('write');
  await ended;
  theirs.close();
  expect(answers.slice(0, 3)).toEqual(['poll', 'select', 'epoll']);
  expect(answers).toHaveLength(30);
});
