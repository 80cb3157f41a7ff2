/**
 * poll(2), with the assertions of CPython's test_poll.py (Lib/test/test_poll.py) in this API.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI } from '../../src/readiness/constants.js';
import { Poll, poll, pollSync } from '../../src/readiness/poll.js';
import { errorOf, fill, useFds } from '../native/fds.js';
import { within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { start } from '../support/processes.js';
import { callUntyped } from '../support/untyped.js';

const fds = useFds();

function readAll(fd: number): string {
  const buffer = Buffer.alloc(4096);
  const count = native.read(fd, buffer, 0, buffer.length);
  return count < 0 ? '' : buffer.toString('latin1', 0, count);
}

test('of twelve pipes the writers are ready, then each reader, with the very bytes', () => {
  const MESSAGE = ' This is a test.';
  const poller = disposedAtEnd(new Poll());
  const readerOf = new Map<number, number>();
  const writerOf = new Map<number, number>();
  for (let index = 0; index < 12; index += 1) {
    const [reader, writer] = native.pipe(true);
    poller.register(reader);
    poller.modify(reader, POLLIN);
    poller.register(writer, POLLOUT);
    readerOf.set(writer, reader);
    writerOf.set(reader, writer);
  }
  const received: string[] = [];
  while (writerOf.size > 0) {
    const writers = poller.waitSync().filter(({ revents }) => (revents & POLLOUT) !== 0);
    const writer = writers[Math.floor(Math.random() * writers.length)];
    if (writer === undefined) throw new Error('no writer is ready');
    fill(writer.fd, MESSAGE);
    const readers = poller.waitSync().filter(({ revents }) => (revents & POLLIN) !== 0);
    expect(readers.map(({ fd }) => fd)).toEqual([readerOf.get(writer.fd)]);
    for (const { fd } of readers) {
      received.push(readAll(fd));
      const peer = writerOf.get(fd) ?? -1;
      writerOf.delete(fd);
      native.close(fd);
      native.close(peer);
      poller.unregister(peer);
      poller.unregister(fd);
    }
  }
  expect(received).toEqual(Array<string>(12).fill(MESSAGE));
});

test('a closed fd reports POLLNVAL and nothing else; anything but an fd is refused', () => {
  const poller = disposedAtEnd(new Poll());
  const closed = fds.closedFd();
  poller.register(closed);
  expect(poller.waitSync()).toEqual([{ fd: closed, revents: POLLNVAL }]);
  poller.unregister(closed);

  const file = { fd: openSync(__filename, 'r') };
  poller.register(file, POLLIN);
  expect(poller.waitSync()).toEqual([{ fd: file.fd, revents: POLLIN }]);
  closeSync(file.fd);
  expect(poller.waitSync()).toEqual([{ fd: file.fd, revents: POLLNVAL }]);
  poller.unregister(file);

  for (const bad of [{}, { fd: 'x' }, null, undefined, '0']) {
    expect(errorOf(() => callUntyped(poller, 'register', bad))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(errorOf(() => callUntyped(poller, 'modify', bad, 1))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(errorOf(() => callUntyped(poller, 'unregister', bad))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  }
  expect(errorOf(() => poller.unregister(7777))).toMatchObject({ code: 'ERR_NOT_REGISTERED' });
  expect(errorOf(() => poller.modify(7777, POLLIN))).toMatchObject({ code: 'ERR_NOT_REGISTERED' });
});

test(
  'the output of a child process is POLLIN, and POLLHUP alone means that no more will arrive',
  { tags: ['needs-signals'] },
  () => {
    const [reader, writer] = native.pipe(true);
    fds.track(reader);
    const child = spawn('/bin/sh', ['-c', 'for i in 0 1 2 3 4 5 6 7 8 9; do echo testing...; sleep 0.02; done'], {
      stdio: ['ignore', writer, 'ignore'],
    });
    native.close(writer);
    const poller = disposedAtEnd(new Poll());
    poller.register(reader, POLLIN);
    let text = '';
    let hasEnded = false;
    for (const timeout of [0, 1000, 2000, 4000, 8000, 16_000, ...Array<null>(100).fill(null)]) {
      const [event] = poller.waitSync(timeout);
      if (event === undefined) continue;
      if ((event.revents & POLLIN) !== 0) {
        text += readAll(reader);
      } else if ((event.revents & POLLHUP) !== 0) {
        expect(readAll(reader)).toBe('');
        hasEnded = true;
        break;
      }
    }
    expect(text).toBe('testing...\n'.repeat(10));
    expect(hasEnded).toBe(true);
    child.unref();
  },
);

test('a mask beyond 64 bits is refused, a timeout beyond 64 bits waits for ever', () => {
  const poller = disposedAtEnd(new Poll());
  const [reader, writer] = fds.pipe();
  fill(writer, 'x');
  poller.register(reader, POLLIN);
  for (const mask of [-1, 2 ** 64]) {
    expect(errorOf(() => poller.register(reader, mask))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(errorOf(() => poller.modify(reader, mask))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(errorOf(() => pollSync([{ fd: reader, events: mask }], 0))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  }
  expect(poller.waitSync(2 ** 64)).toEqual([{ fd: reader, revents: POLLIN }]);
});

test('a mask is a short; a timeout beyond INT_MAX does not overflow', () => {
  const poller = disposedAtEnd(new Poll());
  const [reader, writer] = fds.pipe();
  fill(writer, 'x');
  expect(errorOf(() => poller.register(reader, 0x1_0000))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  poller.register(reader, 0xffff);
  expect(errorOf(() => poller.modify(reader, 0x1_0000))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  for (const timeout of [2 ** 31, 2 ** 32, 2 ** 32 + 1]) expect(poller.waitSync(timeout)).toHaveLength(1);
});

test('during a wait an fd can be registered and unregistered, and a second wait is refused', async () => {
  const poller = disposedAtEnd(new Poll());
  const [first, firstWriter] = fds.pipe();
  const [second, secondWriter] = fds.pipe();
  poller.register(first, POLLIN);
  const waiting = poller.wait();
  await expect(poller.wait()).rejects.toMatchObject({ code: 'ERR_BUSY' });
  expect(errorOf(() => poller.waitSync(0))).toMatchObject({ code: 'ERR_BUSY' });
  // Let the helper thread enter its call before the set changes.
  await new Promise((resolve) => setTimeout(resolve, 5));
  poller.unregister(first);
  poller.register(second, POLLIN);
  fill(firstWriter, 'x');
  fill(secondWriter, 'x');
  expect(await within(waiting, 'the wait')).toEqual([{ fd: second, revents: POLLIN }]);
});

test('null, undefined and Infinity block until there is data; negative timeouts are refused', async () => {
  const [reader, writer] = fds.pipe();
  const poller = disposedAtEnd(new Poll());
  poller.register(reader, POLLIN);
  for (const timeout of [null, undefined, Infinity]) {
    const waiting = poller.wait(timeout);
    expect(await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 10, 'blocked'))])).toBe('blocked');
    fill(writer, 'x');
    expect(await within(waiting, 'the wait')).toEqual([{ fd: reader, revents: POLLIN }]);
    readAll(reader);
  }
  for (const timeout of [-1000, -1, -1.0, -0.1, -1e-100, NaN]) {
    expect(errorOf(() => poller.waitSync(timeout))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    await expect(poller.wait(timeout)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  }
});

describe('Poll', () => {
  test('reports in the order of registering, even after some fds have left', () => {
    const poller = disposedAtEnd(new Poll());
    const writers = Array.from({ length: 40 }, () => fds.pipe()[1]);
    for (const writer of writers) poller.register(writer, POLLOUT);
    const left = writers.filter((_, index) => index % 3 === 0);
    for (const writer of writers) if (!left.includes(writer)) poller.unregister(writer);
    expect(poller.size).toBe(left.length);
    expect(poller.waitSync(0).map(({ fd }) => fd)).toEqual(left);
    const late = fds.pipe()[1];
    poller.register(late, POLLOUT);
    expect(poller.waitSync(0).map(({ fd }) => fd)).toEqual([...left, late]);
  });

  test('registering twice changes the events, as in Python', () => {
    const poller = disposedAtEnd(new Poll());
    const [, writer] = fds.pipe();
    poller.register(writer, POLLIN);
    expect(poller.waitSync(0)).toEqual([]);
    poller.register(writer);
    expect(poller.waitSync(0)).toEqual([{ fd: writer, revents: POLLOUT }]);
    expect(poller.size).toBe(1);
  });

  test('the result of a wait stays as it was', () => {
    const poller = disposedAtEnd(new Poll());
    const [reader, writer] = fds.pipe();
    poller.register(writer, POLLOUT);
    const before = poller.waitSync(0);
    poller.register(reader, POLLIN);
    fill(writer, 'x');
    expect(poller.waitSync(0)).toEqual([
      { fd: writer, revents: POLLOUT },
      { fd: reader, revents: POLLIN },
    ]);
    expect(before).toEqual([{ fd: writer, revents: POLLOUT }]);
  });

  test('after close every method throws ERR_CLOSED, a wait under way rejects with it, and close may be called again', async () => {
    const poller = new Poll();
    const [reader] = fds.pipe();
    poller.register(reader);
    const waiting = poller.wait();
    poller.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    poller.close();
    expect(poller.closed).toBe(true);
    for (const use of [
      () => poller.register(reader),
      () => poller.modify(reader, POLLIN),
      () => poller.unregister(reader),
      () => poller.waitSync(0),
    ]) {
      expect(errorOf(use)).toMatchObject({ code: 'ERR_CLOSED' });
    }
    await expect(poller.wait(0)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('an aborted wait rejects, and the object waits again', async () => {
    const poller = disposedAtEnd(new Poll());
    const [reader, writer] = fds.pipe();
    poller.register(reader, POLLIN);
    const controller = new AbortController();
    const waiting = poller.wait(null, { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    fill(writer, 'x');
    expect(await within(poller.wait(), 'the wait')).toEqual([{ fd: reader, revents: POLLIN }]);
  });
});

describe('pollSync', () => {
  test('a negative fd is an ignored entry', () => {
    const [, writer] = fds.pipe();
    expect(
      pollSync(
        [
          { fd: -1, events: POLLIN },
          { fd: writer, events: POLLOUT },
          { fd: -5, events: POLLOUT },
        ],
        0,
      ),
    ).toEqual([{ fd: writer, revents: POLLOUT }]);
  });

  test('each entry of one fd has its own answer', () => {
    const [a, b] = fds.socketPair();
    fill(b, 'x');
    const entries = [
      { fd: a, events: POLLIN },
      { fd: a, events: POLLPRI },
      { fd: { fd: a }, events: POLLIN | POLLOUT },
    ];
    expect(pollSync(entries, 0)).toEqual([
      { fd: a, revents: POLLIN },
      { fd: a, revents: POLLIN | POLLOUT },
    ]);
  });

  test('without entries it sleeps', () => {
    const start = performance.now();
    expect(pollSync([], 20)).toEqual([]);
    expect(performance.now() - start).toBeGreaterThanOrEqual(20);
  });
});

describe('poll', () => {
  test('returns the same while the event loop goes on', async () => {
    const [reader, writer] = fds.pipe();
    const waiting = poll([{ fd: reader, events: POLLIN }]);
    setTimeout(() => fill(writer, 'x'), 5);
    expect(await within(waiting, 'poll')).toEqual([{ fd: reader, revents: POLLIN }]);
  });

  test('reports a closed fd and rejects bad arguments', async () => {
    const closed = fds.closedFd();
    expect(await poll([{ fd: closed, events: 0 }])).toEqual([{ fd: closed, revents: POLLNVAL }]);
    await expect(poll([{ fd: closed, events: 1.5 }])).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    await expect(poll([], 0, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORT_ERR' });
  });
});

describe('under a limit of 128 open fds, with 100 of them in use', () => {
  const scripts = {
    'a Poll': `
      const poller = new Poll();
      for (const fd of fds) poller.register(fd, POLLIN);
      for (let round = 0; round < 200; round += 1) {
        poller.unregister(fds[round % 2]);
        poller.register(fds[round % 2], POLLIN);
        if (poller.waitSync(0).length !== 0) process.exit(3);
      }`,
    'a Multiplexer on poll': `
      const mux = new Multiplexer({ backend: 'poll' });
      const registrations = fds.map((fd) => mux.register(fd, { interest: 'read' }));
      for (let round = 0; round < 200; round += 1) {
        registrations[round % 2].pause();
        registrations[round % 2].resume();
        if (mux.waitSync(0).length !== 0) process.exit(3);
      }`,
  };

  test.each(Object.entries(scripts))('%s can register and unregister without limit', async (_, script) => {
    const open = `
      const { Multiplexer, pipe, Poll, POLLIN } = require('./dist/index.js');
      const fds = Array.from({ length: 50 }, () => pipe()).flat().map(({ fd }) => fd).sort((a, b) => a - b);`;
    const ended = await start('prlimit', ['--nofile=128', process.execPath, '-e', open + script]).ended();
    expect(ended).toMatchObject({ code: 0, stderr: '' });
  });
});
