/**
 * The multiplexer as CPython's selectors: the assertions of its test_selectors.py (Lib/test/test_selectors.py) in this
 * API, on every backend. Those about signals are in test/readiness/eintr.test.ts, and the one about many fds is in
 * robustness.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import { POLLIN, POLLOUT } from '../../src/readiness/constants.js';
import { constant, errorOf, fill, useFds } from '../native/fds.js';
import { DEADLINE_MS } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { callUntyped } from '../support/untyped.js';
import { BACKENDS } from './variants.js';

const fds = useFds();

/** Takes a free number: opens fds until it is the next one. */
function occupy(number: number): void {
  const taken: number[] = [];
  for (;;) {
    const fd = native.eventFd(0);
    if (fd === number) break;
    taken.push(fd);
    if (fd > number) throw new Error(`fd ${number} was not free`);
  }
  fds.track(number);
  for (const fd of taken) native.close(fd);
}

describe.each(BACKENDS)('%s', (backend) => {
  const open = <T = unknown>() => disposedAtEnd(new Multiplexer<T>({ backend }));

  test('a registration has fd, interest and data; wrong arguments and an fd that is registered already are refused', () => {
    const mux = open<string>();
    const [reader] = fds.pipe();
    const registration = mux.register(reader, { interest: 'read', data: 'data' });
    expect(registration).toMatchObject({ fd: reader, interest: 'read', data: 'data', active: true, events: 0 });
    for (const interest of ['', 'all', {}, { read: false }]) {
      expect(errorOf(() => callUntyped(mux, 'register', 0, { interest }))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
    for (const interest of [undefined, null, 0, 999_999, [], { read: 1 }]) {
      expect(errorOf(() => callUntyped(mux, 'register', 0, { interest }))).toMatchObject({
        code: 'ERR_INVALID_ARG_TYPE',
      });
    }
    const again = { interest: 'read', data: '' } as const;
    expect(errorOf(() => mux.register(-10, again))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(errorOf(() => mux.register(reader, again))).toMatchObject({ code: 'EEXIST' });
    expect(errorOf(() => mux.register({ fd: reader }, again))).toMatchObject({ code: 'EEXIST' });
  });

  test('unregistering a second time is ERR_NOT_REGISTERED, as for an fd that was never registered', () => {
    const mux = open();
    const [reader] = fds.pipe();
    const registration = mux.register(reader, { interest: 'read' });
    expect(mux.unregister(reader)).toBe(registration);
    expect(errorOf(() => mux.unregister(reader))).toMatchObject({ code: 'ERR_NOT_REGISTERED' });
    expect(errorOf(() => mux.unregister(9999))).toMatchObject({ code: 'ERR_NOT_REGISTERED' });
  });

  test('an fd that was closed can be unregistered', () => {
    const mux = open();
    const pair = native.pipe(true);
    for (const fd of pair) mux.register(fd, { interest: 'read-write' });
    for (const fd of pair) native.close(fd);
    for (const fd of pair) mux.unregister(fd);
    expect(mux.size).toBe(0);
  });

  test('an fd that was closed can be unregistered after another file has taken its number', () => {
    const mux = open();
    const pair = native.pipe(true);
    for (const fd of pair) mux.register(fd, { interest: 'read-write' });
    for (const fd of pair) native.close(fd);
    for (const fd of pair) occupy(fd);
    for (const fd of pair) mux.unregister(fd);
    expect(mux.size).toBe(0);
  });

  test('an object whose fd has become invalid can be unregistered', () => {
    const mux = open();
    const [a, b] = native.pipe(true);
    const first = { fd: a };
    const second = { fd: b };
    mux.register(first, { interest: 'read' });
    mux.register(second, { interest: 'write' });
    for (const object of [first, second]) {
      native.close(object.fd);
      object.fd = -1;
    }
    mux.unregister(first);
    mux.unregister(second);
    expect(mux.size).toBe(0);
    expect(errorOf(() => mux.unregister(first))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('modifying changes events and data; data alone costs no call; an unknown fd is ERR_NOT_REGISTERED', () => {
    const mux = open<object>();
    const [a] = fds.socketPair();
    const data = {};
    const registration = mux.register(a, { interest: 'read', data });
    expect(mux.modify(a, { interest: 'write' })).toBe(registration);
    expect(registration).toMatchObject({ interest: 'write', data });
    const other = {};
    mux.modify(a, { data: other });
    expect(mux.get(a)?.data).toBe(other);
    expect(errorOf(() => mux.modify(9999, { interest: 'read' }))).toMatchObject({ code: 'ERR_NOT_REGISTERED' });
    // On epoll, a call for a closed fd would fail: none is made.
    const fd = native.eventFd(0);
    const closed = mux.register(fd, { interest: 'read', data });
    native.close(fd);
    closed.modify({ data: other });
    expect(closed.data).toBe(other);
    closed.unregister();
  });

  test('if the kernel refuses a change, its error is thrown and the registration is gone', () => {
    const mux = open();
    const fd = native.eventFd(0);
    const registration = mux.register(fd, { interest: 'read' });
    native.close(fd);
    if (backend === 'epoll') {
      expect(errorOf(() => registration.modify({ interest: 'write' }))).toMatchObject({ code: 'EBADF' });
      expect(mux.size).toBe(0);
      expect(mux.get(fd)).toBeUndefined();
      expect(errorOf(() => registration.modify({ interest: 'write' }))).toMatchObject({ code: 'ERR_NOT_REGISTERED' });
    } else {
      // poll and select keep nothing in the kernel, so nothing can refuse.
      registration.modify({ interest: 'write' });
      expect(mux.size).toBe(1);
    }
  });

  test('nothing is found after close', () => {
    const mux = open();
    const [a, b] = fds.pipe();
    mux.register(a, { interest: 'read' });
    mux.register(b, { interest: 'write' });
    mux.close();
    expect([mux.get(a), mux.get(b), mux.size, [...mux]]).toEqual([undefined, undefined, 0, []]);
    expect(errorOf(() => mux.modify(a, {}))).toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('get returns the registration that register returned, and undefined for an unknown fd', () => {
    const mux = open<string>();
    const [reader] = fds.pipe();
    const registration = mux.register(reader, { interest: 'read', data: 'data' });
    expect(mux.get(reader)).toBe(registration);
    expect(mux.get(9999)).toBeUndefined();
  });

  test('size, has and iteration show the registrations, and nothing of it can be written to', () => {
    const mux = open();
    const [reader] = fds.pipe();
    expect([mux.size, [...mux]]).toEqual([0, []]);
    const registration = mux.register({ fd: reader }, { interest: 'read' });
    expect(mux.size).toBe(1);
    expect(mux.has({ fd: reader })).toBe(true);
    expect([...mux].map(({ fd }) => fd)).toEqual([reader]);
    expect([...mux]).toEqual([registration]);
    expect(mux.has(9999)).toBe(false);
    expect(Reflect.set(mux, 'size', 0)).toBe(false);
  });

  test('a wait returns the writer that is ready, with the requested events and no others', () => {
    const mux = open();
    const [a] = fds.socketPair();
    const [b] = fds.socketPair();
    mux.register(a, { interest: 'read' });
    const writer = mux.register(b, { interest: 'write' });
    expect([...mux.waitSync()]).toEqual([writer]);
    expect(writer.events).not.toBe(0);
    expect(writer.events & ~(POLLIN | POLLOUT)).toBe(0);
  });

  test('it is closed at the end of the block that declares it with using', () => {
    const [reader] = fds.pipe();
    let seen: Multiplexer;
    {
      using mux = new Multiplexer({ backend });
      mux.register(reader, { interest: 'read' });
      seen = mux;
    }
    expect(seen.closed).toBe(true);
    expect(seen.get(reader)).toBeUndefined();
  });

  test('of twelve socket pairs, exactly the peer of the writer becomes readable, with the very bytes', () => {
    const MESSAGE = ' This is a test.';
    const mux = open();
    const readerOf = new Map<number, number>();
    const writerOf = new Map<number, number>();
    for (let index = 0; index < 12; index += 1) {
      const pair = native.socketPair(constant('AF_UNIX'), constant('SOCK_STREAM'), 0, true);
      const [reader, writer] = [fds.track(pair[0]), fds.track(pair[1])];
      mux.register(reader, { interest: 'read' });
      mux.register(writer, { interest: 'write' });
      readerOf.set(writer, reader);
      writerOf.set(reader, writer);
    }
    const buffer = Buffer.alloc(64);
    let rounds = 0;
    while (writerOf.size > 0) {
      const writers = [...mux.waitSync()].filter(({ isWritable, fd }) => isWritable && readerOf.has(fd));
      expect(writers).toHaveLength(writerOf.size);
      const writer = writers[Math.floor(Math.random() * writers.length)]?.fd ?? -1;
      fill(writer, MESSAGE);
      const readers = [...mux.waitSync()].filter(({ isReadable }) => isReadable).map(({ fd }) => fd);
      const reader = readerOf.get(writer) ?? -1;
      expect(readers).toEqual([reader]);
      expect(buffer.toString('latin1', 0, native.read(reader, buffer, 0, buffer.length))).toBe(MESSAGE);
      for (const fd of [reader, writer]) {
        mux.unregister(fd);
        fds.close(fd);
      }
      readerOf.delete(writer);
      writerOf.delete(reader);
      rounds += 1;
    }
    expect(rounds).toBe(12);
    expect(mux.size).toBe(0);
  });

  test('a wait of 0 with nothing registered returns an empty batch at once', () => {
    expect(open().waitSync(0)).toEqual([]);
  });

  test('a timeout of 0 looks and returns, one of a second lasts a second, a negative one is refused', () => {
    const mux = open();
    const [a, b] = fds.socketPair();
    const registration = mux.register(b, { interest: 'write' });
    let start = performance.now();
    expect([...mux.waitSync(0)]).toEqual([registration]);
    expect(performance.now() - start).toBeLessThan(800);
    registration.unregister();
    mux.register(a, { interest: 'read' });
    start = performance.now();
    expect(mux.waitSync(0)).toHaveLength(0);
    expect(performance.now() - start).toBeLessThan(800);
    start = performance.now();
    expect(mux.waitSync(1000)).toHaveLength(0);
    expect(performance.now() - start).toBeGreaterThanOrEqual(1000);
    expect(performance.now() - start).toBeLessThan(DEADLINE_MS);
    expect(errorOf(() => mux.waitSync(-1))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('a timeout is honoured even with no fds', () => {
    const mux = open();
    const start = performance.now();
    expect(mux.waitSync(1000)).toHaveLength(0);
    expect(performance.now() - start).toBeGreaterThanOrEqual(1000);
    expect(performance.now() - start).toBeLessThan(DEADLINE_MS);
  });
});

test('an Epoll has an fd that other waits take', async () => {
  const { Epoll } = await import('../../src/readiness/epoll.js');
  using ep = new Epoll();
  expect(Number.isInteger(ep.fd) && ep.fd >= 0).toBe(true);
  const mux = disposedAtEnd(new Multiplexer());
  const registration = mux.register(ep, { interest: 'read' });
  ep.add(fds.pipe()[1], POLLOUT);
  expect([...mux.waitSync(1000)]).toEqual([registration]);
});

test('a regular file on epoll is EPERM, and nothing of it stays registered', () => {
  const mux = disposedAtEnd(new Multiplexer({ backend: 'epoll' }));
  const file = fds.track(native.open(__filename, 0, 0));
  expect(errorOf(() => mux.register(file, { interest: 'read' }))).toMatchObject({
    code: 'EPERM',
    syscall: 'epoll_ctl',
  });
  expect([mux.size, mux.has(file)]).toEqual([0, false]);
});

test('a closed fd on epoll is EBADF, and nothing of it stays registered', () => {
  const mux = disposedAtEnd(new Multiplexer({ backend: 'epoll' }));
  const fd = fds.closedFd();
  expect(errorOf(() => mux.register(fd, { interest: 'read' }))).toMatchObject({ code: 'EBADF', syscall: 'epoll_ctl' });
  expect([mux.size, mux.has(fd)]).toEqual([0, false]);
});
