/** The promises of docs/semantics.md, one test each. If a promise has more cases, a comment says where they are. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { WOULD_BLOCK } from '../src/binding/contract.js';
import { native } from '../src/binding/load.js';
import { Multiplexer } from '../src/multiplexer/multiplexer.js';
import { RegistrationRecord } from '../src/multiplexer/registration-record.js';
import {
  EPOLLET,
  EPOLLIN,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  POLLRDNORM,
} from '../src/readiness/constants.js';
import { Epoll } from '../src/readiness/epoll.js';
import { pollSync } from '../src/readiness/poll.js';
import { selectSync } from '../src/readiness/select.js';
import { BACKENDS } from './multiplexer/variants.js';
import { errorOf, fill, useFds } from './native/fds.js';
import { within } from './support/deadline.js';
import { disposedAtEnd } from './support/fds.js';
import { WAITERS } from './support/runtime.js';

const fds = useFds();
const open = <T = unknown>(backend: (typeof BACKENDS)[number] = 'epoll') =>
  disposedAtEnd(new Multiplexer<T>({ backend }));

test('promise 1: readiness is a hint: an fd may not be ready any more, which is a value and not an error', () => {
  const mux = open();
  const [reader, writer] = fds.pipe();
  const registration = mux.register(reader, { interest: 'read' });
  fill(writer, 'x');
  expect([...mux.waitSync(0)]).toEqual([registration]);
  const byte = new Uint8Array(1);
  native.read(reader, byte, 0, 1);
  expect(registration.isReadable).toBe(true);
  expect(native.read(reader, byte, 0, 1)).toBe(WOULD_BLOCK);
});

describe('promise 2: the raw mask is available, unsigned, and the getters follow from it', () => {
  const unused = () => undefined;
  const withEvents = (events: number, reportsErrors: boolean) => {
    const owner = {
      reportsErrors,
      checkRegistered: unused,
      modify: unused,
      pause: unused,
      resume: unused,
      rearm: unused,
      unregister: unused,
      requeue: unused,
      setRef: unused,
    };
    const settings = { interestMask: POLLIN, trigger: 'level', exclusive: false, onReady: undefined, data: 0 } as const;
    const record = new RegistrationRecord(owner, 3, 3, 1, settings);
    record.becomeReady(events);
    return record;
  };

  /** All combinations of these bits. */
  const bits = [POLLIN, POLLRDNORM, POLLOUT, POLLPRI, POLLERR, POLLHUP, POLLRDHUP, POLLNVAL];
  const masks = Array.from({ length: 2 ** bits.length }, (_, index) =>
    bits.reduce((mask, bit, position) => ((index >> position) & 1 ? mask | bit : mask), 0),
  );

  test.each([
    ['isReadable', (mask: number) => (mask & (POLLIN | POLLRDNORM | POLLHUP | POLLERR | POLLRDHUP)) !== 0],
    ['isWritable', (mask: number) => (mask & (POLLOUT | POLLERR | POLLHUP)) !== 0],
    ['isPriority', (mask: number) => (mask & POLLPRI) !== 0],
    ['isInvalid', (mask: number) => (mask & POLLNVAL) !== 0],
  ] as const)('%s, on every backend', (getter, expected) => {
    for (const mask of masks) {
      for (const reportsErrors of [true, false]) expect(withEvents(mask, reportsErrors)[getter]).toBe(expected(mask));
    }
  });

  test.each([
    ['isError', (mask: number) => (mask & POLLERR) !== 0],
    ['isHangup', (mask: number) => (mask & POLLHUP) !== 0],
    ['isReadClosed', (mask: number) => (mask & POLLHUP) !== 0 || ((mask & POLLIN) !== 0 && (mask & POLLRDHUP) !== 0)],
    [
      'isWriteClosed',
      (mask: number) =>
        (mask & POLLHUP) !== 0 || ((mask & POLLOUT) !== 0 && (mask & POLLERR) !== 0) || mask === POLLERR,
    ],
  ] as const)('%s, which select cannot report', (getter, expected) => {
    for (const mask of masks) {
      expect(withEvents(mask, true)[getter]).toBe(expected(mask));
      expect(withEvents(mask, false)[getter]).toBeUndefined();
    }
  });

  test('an error does not unregister and does not end a loop', () => {
    const mux = open();
    const [reader, writer] = fds.pipe();
    fds.close(reader);
    const registration = mux.register(writer, { interest: 'write' });
    for (let round = 0; round < 3; round += 1) expect([...mux.waitSync(0)]).toEqual([registration]);
    expect(registration.events).toBe(POLLOUT | POLLERR);
  });
});

test.each(BACKENDS)('promise 3: pause() really stops: a hangup on %s costs no wait', (backend) => {
  const mux = open(backend);
  const [reader, writer] = fds.pipe();
  fds.close(writer);
  mux.register(reader, { interest: 'read' }).pause();
  expect(mux.waitSync(20)).toHaveLength(0);
  expect(mux.stats().waits).toBe(1);
});

test.each(BACKENDS)(
  'promise 4: unregister is idempotent, works after a foreign close and frees the entry on %s',
  (backend) => {
    const mux = open(backend);
    const fd = native.eventFd(1);
    const registration = mux.register(fd, { interest: 'read' });
    native.close(fd);
    registration.unregister();
    registration.unregister();
    expect(mux.size).toBe(0);
    expect(mux.waitSync(0)).toHaveLength(0);
  },
);

describe('promise 5: generation tokens', () => {
  /** Registers a pipe's reader, duplicates and closes it, and opens another file under its number. */
  const makeStale = (mux: Multiplexer) => {
    const [reader, writer] = fds.pipe();
    const duplicate = fds.track(native.duplicate(reader));
    const registration = mux.register(reader, { interest: 'read' });
    fds.close(reader);
    registration.unregister();
    const reused = fds.track(native.eventFd(0));
    expect(reused).toBe(reader);
    return { reused, writer, duplicate };
  };

  test('an event of a registration that is gone reaches no other one, and is counted', () => {
    const mux = open();
    const { reused, writer } = makeStale(mux);
    const registration = mux.register(reused, { interest: 'read' });
    fill(writer, 'x');
    expect(mux.waitSync(0)).toHaveLength(0);
    expect(mux.stats().staleEvents).toBe(1);
    expect(registration.events).toBe(0);
  });

  test('if such events do not end, the epoll fd is rebuilt, and the live registrations go on', () => {
    const mux = open();
    const { reused, writer } = makeStale(mux);
    const living = mux.register(reused, { interest: 'write' });
    const paused = mux.register(fds.pipe()[1], { interest: 'write' });
    paused.pause();
    const [reader, edgeWriter] = fds.pipe();
    const edge = mux.register(reader, { interest: 'read', trigger: 'edge' });
    const disarmed = mux.register(edgeWriter, { interest: 'write', trigger: 'oneshot' });
    fill(writer, 'x');
    for (let round = 0; round < 10; round += 1) expect([...mux.waitSync(0)]).toContain(living);
    const { rebuilds, staleEvents } = mux.stats();
    expect(rebuilds).toBe(1);
    expect(staleEvents).toBeLessThan(10);
    living.unregister();
    expect(disarmed.active).toBe(false);
    expect(mux.waitSync(10)).toHaveLength(0);
    disarmed.rearm();
    expect([...mux.waitSync(0)]).toEqual([disarmed]);
    fill(edgeWriter, 'x');
    expect([...mux.waitSync(0)]).toEqual([edge]);
    paused.resume();
    expect([...mux.waitSync(0)]).toEqual([paused]);
  });

  test('they do not make a wait end early', () => {
    const mux = open();
    const { writer } = makeStale(mux);
    fill(writer, 'x');
    const start = performance.now();
    expect(mux.waitSync(20)).toHaveLength(0);
    expect(performance.now() - start).toBeGreaterThanOrEqual(20);
    expect(mux.stats().rebuilds).toBe(1);
  });

  test.each(WAITERS)('an asynchronous wait with the %s waiter goes on through a rebuild', async (waiter) => {
    const mux = disposedAtEnd(new Multiplexer({ backend: 'epoll', waiter }));
    const { writer } = makeStale(mux);
    const [reader, late] = fds.pipe();
    const registration = mux.register(reader, { interest: 'read' });
    const waiting = mux.wait();
    fill(writer, 'x');
    while (mux.stats().rebuilds === 0) await new Promise((resolve) => setImmediate(resolve));
    fill(late, 'x');
    expect([...(await within(waiting, 'a batch'))]).toEqual([registration]);
  });
});

test('promise 6: batch safety: a registration that an earlier handler unregisters is not delivered', () => {
  const mux = open();
  const [, first] = fds.pipe();
  const [, second] = fds.pipe();
  const registrations = [mux.register(first, { interest: 'write' }), mux.register(second, { interest: 'write' })];
  let delivered = 0;
  for (const registration of mux.waitSync(0)) {
    for (const other of registrations) if (other !== registration) other.unregister();
    delivered += 1;
  }
  expect(delivered).toBe(1);
});

describe('promise 7: time is in milliseconds, never early, without overflow', () => {
  const waits: readonly (readonly [string, (timeoutMs: number | null | undefined) => unknown])[] = [
    ['selectSync', (timeoutMs) => selectSync([], [], [], timeoutMs)],
    ['pollSync', (timeoutMs) => pollSync([], timeoutMs)],
    ['Epoll.waitSync', (timeoutMs) => disposedAtEnd(new Epoll()).waitSync(timeoutMs)],
    ...BACKENDS.map(
      (backend) => [backend, (timeoutMs: number | null | undefined) => open(backend).waitSync(timeoutMs)] as const,
    ),
  ];

  test.each(waits)('%s', (_, wait) => {
    for (const timeoutMs of [0, 0.05, 0.999, 1.5, 10.25]) {
      const start = performance.now();
      wait(timeoutMs);
      expect(performance.now() - start).toBeGreaterThanOrEqual(timeoutMs);
    }
    for (const timeoutMs of [-1, -0.001, NaN, -Infinity]) {
      expect(errorOf(() => wait(timeoutMs))).toMatchObject({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
    }
  });

  test.each([null, undefined, Infinity, 2 ** 31, 2 ** 32 + 1, 2 ** 53, Number.MAX_VALUE])(
    '%s waits until something is ready',
    (timeoutMs) => {
      const [, writer] = fds.pipe();
      expect(selectSync([], [writer], [], timeoutMs).writable).toEqual([writer]);
      expect(pollSync([{ fd: writer, events: POLLOUT }], timeoutMs)).toHaveLength(1);
      const mux = open();
      mux.register(writer, { interest: 'write' });
      expect(mux.waitSync(timeoutMs)).toHaveLength(1);
    },
  );
});

// Promise 8, signals: test/readiness/eintr.test.ts.

test('promise 9: select takes any fd number, and a closed fd is EBADF whatever its number', () => {
  const [, writer] = fds.pipe();
  for (const fd of [fds.closedFd(), 1023, 1024, 5000, 100_000, 2 ** 31 - 1]) {
    expect(errorOf(() => selectSync([fd], [], [], 0))).toMatchObject({ code: 'EBADF', syscall: 'select' });
    expect(errorOf(() => selectSync([], [writer], [fd], 0))).toMatchObject({ code: 'EBADF' });
  }
});

test('promise 10: poll reports NVAL as data, ignores negative fds, and answers duplicates separately', () => {
  const [, writer] = fds.pipe();
  const closed = fds.closedFd();
  const entries = [closed, -1, writer, writer].map((fd) => ({ fd, events: POLLOUT }));
  expect(pollSync(entries, 0)).toEqual([
    { fd: closed, revents: POLLNVAL },
    { fd: writer, revents: POLLOUT },
    { fd: writer, revents: POLLOUT },
  ]);
});

test('promise 11: plain files on epoll are EPERM, or always ready on request', () => {
  const file = fds.track(native.open(__filename, 0, 0));
  expect(errorOf(() => open().register(file, { interest: 'read' }))).toMatchObject({ code: 'EPERM' });
  const mux = disposedAtEnd(new Multiplexer({ unpollable: 'ready' }));
  const registration = mux.register(file, { interest: 'read' });
  expect([...mux.waitSync()]).toEqual([registration]);
});

test('promise 12: close() is idempotent and ends a wait with ERR_CLOSED', async () => {
  const ep = new Epoll();
  const waiting = ep.wait();
  ep.close();
  ep.close();
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  expect(errorOf(() => ep.waitSync(0))).toMatchObject({ code: 'ERR_CLOSED' });
});

// Promise 13, wake-ups from another thread: test/multiplexer/workers.test.ts.
test.each(BACKENDS)('promise 13: wakeup() on %s is coalesced, sticky and never an event', (backend) => {
  const mux = open(backend);
  mux.wakeupToken();
  for (let time = 0; time < 3; time += 1) mux.wakeup();
  expect(mux.waitSync()).toHaveLength(0);
  expect(mux.waitSync(1)).toHaveLength(0);
  expect(mux.stats()).toMatchObject({ wakeups: 1, events: 0 });
});

test.each(BACKENDS)(
  'promise 14: on %s changes take effect during a wait, and a second wait is ERR_BUSY',
  async (backend) => {
    const mux = open(backend);
    const waiting = mux.wait();
    await expect(mux.wait()).rejects.toMatchObject({ code: 'ERR_BUSY' });
    await new Promise((resolve) => setImmediate(resolve));
    const registration = mux.register(fds.pipe()[1], { interest: 'write' });
    expect([...(await within(waiting, 'a batch'))]).toEqual([registration]);
  },
);

test.each(BACKENDS)('promise 15: registering on %s does not touch O_NONBLOCK', async (backend) => {
  const [reader, writer] = native.pipe(false);
  fds.track(reader);
  fds.track(writer);
  const mux = open(backend);
  mux.register(reader, { interest: 'read' });
  mux.register(writer, { interest: 'write' });
  expect(await mux.wait()).toHaveLength(1);
  expect([native.isNonBlocking(reader), native.isNonBlocking(writer)]).toEqual([false, false]);
});

test('promise 16: a drain within its budget leaves the others their turn', () => {
  const mux = open<string>();
  const [busy, firehose] = fds.pipe();
  const [quiet, drop] = fds.pipe();
  fill(firehose, 'x'.repeat(1000));
  fill(drop, 'x');
  mux.register(busy, { interest: 'read', trigger: 'edge', data: 'busy' });
  mux.register(quiet, { interest: 'read', trigger: 'edge', data: 'quiet' });
  const buffer = new Uint8Array(100);
  const log: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    for (const registration of mux.waitSync(0)) {
      const read = () => {
        const count = native.read(registration.fd, buffer, 0, buffer.length);
        return count < 0 ? null : count;
      };
      log.push(`${registration.data} ${registration.drain(read, { budgetBytes: 400 })}`);
    }
  }
  expect(log.slice(0, 2).sort()).toEqual(['busy queued', 'quiet drained']);
  expect(log.slice(2)).toEqual(['busy queued', 'busy drained']);
});

// Promise 17, accept errors: test/net. Promise 18, lifetime: test/multiplexer/{process-life,workers}.test.ts.

test('promise 19: fds that are created are close-on-exec; fds that are passed in are neither closed nor changed', () => {
  const ep = new Epoll();
  const mux = new Multiplexer();
  const fd = fds.track(native.eventFd(0));
  const flags = (number: number) =>
    parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'latin1'))?.[1] ?? '0', 8);
  const before = flags(fd);
  expect(flags(ep.fd) & 0o2000000).toBe(0o2000000);
  ep.add(fd, EPOLLIN | EPOLLET);
  mux.register(fd, { interest: 'read' });
  ep.close();
  mux.close();
  expect(flags(fd)).toBe(before);
});

test('promise 20: select and poll report in the order of registering', () => {
  const writers = Array.from({ length: 5 }, () => fds.pipe()[1]).reverse();
  for (const backend of ['poll', 'select'] as const) {
    const mux = open(backend);
    for (const writer of writers) mux.register(writer, { interest: 'write' });
    expect(mux.waitSync(0).map(({ fd }) => fd)).toEqual(writers);
  }
});

test('promise 21: errors have Node’s shape, and every argument is checked as the double that it is', () => {
  const ep = disposedAtEnd(new Epoll());
  const closed = fds.closedFd();
  const error = errorOf(() => ep.add(closed, EPOLLIN));
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ code: 'EBADF', errno: -9, syscall: 'epoll_ctl', fd: closed });
  for (const fd of [NaN, Infinity, 1.9, 2 ** 32 + 1]) {
    expect(errorOf(() => ep.add(fd, EPOLLIN))).toMatchObject({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
  }
});
