/**
 * epoll(7), with the assertions of CPython's test_epoll.py (Lib/test/test_epoll.py), which derives from Twisted's
 * test_epoll.py, in this API.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import {
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  EPOLLWAKEUP,
} from '../../src/readiness/constants.js';
import { Epoll } from '../../src/readiness/epoll.js';
import type { WaiterKind } from '../../src/readiness/waiter.js';
import { errorOf, fill, useFds } from '../native/fds.js';
import { within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { start } from '../support/processes.js';
import { WAITERS } from '../support/runtime.js';
import { callUntyped } from '../support/untyped.js';
import { tcpPair } from './sockets.js';

const fds = useFds();
const epoll = (waiter?: WaiterKind): Epoll => disposedAtEnd(new Epoll({ waiter }));

test('an instance has an fd until it is closed', () => {
  const ep = new Epoll();
  expect(ep.fd).toBeGreaterThan(0);
  expect(ep.closed).toBe(false);
  ep.close();
  expect(ep.closed).toBe(true);
  expect(errorOf(() => ep.fd)).toMatchObject({ code: 'ERR_CLOSED' });
  for (const options of [undefined, {}, { waiter: undefined }]) new Epoll(options).close();
});

test('wrong options are refused', () => {
  for (const bad of [1, 'x', null, []]) {
    expect(errorOf(() => Reflect.construct(Epoll, [bad]))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  }
  expect(errorOf(() => Reflect.construct(Epoll, [{ waiter: 'both' }]))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});

test('it is closed at the end of the block that declares it with using', () => {
  let seen: Epoll;
  {
    using ep = new Epoll();
    expect(ep.closed).toBe(false);
    seen = ep;
  }
  expect(seen.closed).toBe(true);
  expect(errorOf(() => seen.fd)).toMatchObject({ code: 'ERR_CLOSED' });
});

test('add takes a number or an object, refuses anything else, and throws EBADF and EEXIST', () => {
  const ep = epoll();
  const [reader, writer] = fds.pipe();
  ep.add(reader, EPOLLIN);
  ep.add({ fd: writer }, EPOLLOUT);
  for (const bad of [{}, null, undefined, 'x', { fd: 'x' }]) {
    expect(errorOf(() => callUntyped(ep, 'add', bad, EPOLLIN))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  }
  expect(errorOf(() => ep.add(-1, EPOLLIN))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  expect(errorOf(() => ep.add(10_000, EPOLLIN))).toMatchObject({
    code: 'EBADF',
    errno: -9,
    syscall: 'epoll_ctl',
    fd: 10_000,
  });
  expect(errorOf(() => ep.add(reader, EPOLLIN))).toMatchObject({ code: 'EEXIST', fd: reader });
});

test('two objects on one epoll fd report the same; once one is closed, waits of the other are EBADF', () => {
  const first = new Epoll();
  const second = Epoll.fromFd(first.fd);
  const [, writer] = fds.pipe();
  second.add(writer, EPOLLOUT);
  expect(first.waitSync(0)).toEqual([{ fd: writer, events: EPOLLOUT }]);
  expect(second.waitSync(0)).toEqual([{ fd: writer, events: EPOLLOUT }]);
  first.close();
  expect(errorOf(() => second.waitSync(0))).toMatchObject({ code: 'EBADF', syscall: 'epoll_wait' });
  expect(errorOf(() => second.close())).toMatchObject({ code: 'EBADF' });
  expect(second.closed).toBe(true);
});

test('edge mode reports the state at first, then whenever something new happens, each time the whole state', () => {
  const ep = epoll();
  const [client, server] = tcpPair(fds);
  ep.add(server, EPOLLIN | EPOLLOUT | EPOLLET);
  ep.add(client, EPOLLIN | EPOLLOUT | EPOLLET);
  const start = performance.now();
  expect(ep.waitSync(1000)).toEqual(
    expect.arrayContaining([
      { fd: client, events: EPOLLOUT },
      { fd: server, events: EPOLLOUT },
    ]),
  );
  // At once: long before the timeout, however busy the machine is.
  expect(performance.now() - start).toBeLessThan(900);
  expect(ep.waitSync(10)).toEqual([]);
  fill(client, 'Hello!');
  fill(server, 'world!!!');
  const seen = new Map<number, number>();
  while (seen.size < 2) for (const { fd, events } of ep.waitSync(1000)) seen.set(fd, events);
  expect(seen).toEqual(
    new Map([
      [client, EPOLLIN | EPOLLOUT],
      [server, EPOLLIN | EPOLLOUT],
    ]),
  );
  ep.remove(client);
  ep.modify(server, EPOLLOUT);
  expect(ep.waitSync(1000)).toEqual([{ fd: server, events: EPOLLOUT }]);
});

test('negative numbers are refused as fds', () => {
  expect(errorOf(() => Epoll.fromFd(-2))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  expect(errorOf(() => epoll().add(-1, EPOLLIN))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});

test('removing an fd that was closed is EBADF', () => {
  const ep = epoll();
  const fd = native.eventFd(0);
  ep.add(fd, EPOLLIN);
  native.close(fd);
  expect(errorOf(() => ep.remove(fd))).toMatchObject({ code: 'EBADF', syscall: 'epoll_ctl', fd });
});

test('it can be closed twice; every other method of a closed one throws ERR_CLOSED', async () => {
  const ep = new Epoll();
  const fd = ep.fd;
  ep.close();
  ep.close();
  expect(errorOf(() => native.close(fd))).toMatchObject({ code: 'EBADF' });
  for (const use of [
    () => ep.modify(0, EPOLLIN),
    () => ep.add(0, EPOLLIN),
    () => ep.remove(0),
    () => ep.waitSync(0),
    () => ep.getParams(),
    () => ep.setParams({ busyPollUsecs: 0, busyPollBudget: 0, preferBusyPoll: false }),
  ]) {
    expect(errorOf(use)).toMatchObject({ code: 'ERR_CLOSED' });
  }
  await expect(ep.wait(0)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
});

test('the epoll fd is close-on-exec', () => {
  const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${epoll().fd}`, 'latin1'))?.[1] ?? '0';
  expect(parseInt(flags, 8) & 0o2000000).toBe(0o2000000);
});

describe('flags', () => {
  test('masks made by | are accepted in their negative form and reported unsigned', () => {
    const ep = epoll();
    const [reader, writer] = fds.pipe();
    expect(EPOLLIN | EPOLLET).toBeLessThan(0);
    ep.add(reader, EPOLLIN | EPOLLET);
    ep.modify(reader, (EPOLLIN | EPOLLET) >>> 0);
    fill(writer, 'x');
    expect(ep.waitSync(0)).toEqual([{ fd: reader, events: EPOLLIN }]);
  });

  test('bits that epoll does not know are refused', () => {
    const ep = epoll();
    const [reader] = fds.pipe();
    for (const mask of [-1, 0x0800_0000, 2 ** 32, -(2 ** 31) - 1, 1.5, NaN]) {
      expect(errorOf(() => ep.add(reader, mask))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
  });

  test('a one-shot fd reports nothing after its event until it is modified, not even a hangup', () => {
    const ep = epoll();
    const [a, b] = native.socketPair(native.constants['AF_UNIX'] ?? 0, native.constants['SOCK_STREAM'] ?? 0, 0, true);
    fds.track(a);
    ep.add(a, EPOLLOUT | EPOLLONESHOT);
    expect(ep.waitSync(0)).toEqual([{ fd: a, events: EPOLLOUT }]);
    native.close(b);
    expect(ep.waitSync(0)).toEqual([]);
    ep.modify(a, EPOLLOUT | EPOLLONESHOT);
    expect(ep.waitSync(0)).toEqual([{ fd: a, events: EPOLLOUT | EPOLLHUP }]);
  });

  test('a half-closed peer is reported as RDHUP on request', () => {
    const ep = epoll();
    const [a, b] = fds.socketPair();
    ep.add(a, EPOLLIN | EPOLLRDHUP);
    native.shutdown(b, 1);
    expect(ep.waitSync(0)).toEqual([{ fd: a, events: EPOLLIN | EPOLLRDHUP }]);
    ep.modify(a, EPOLLIN);
    expect(ep.waitSync(0)).toEqual([{ fd: a, events: EPOLLIN }]);
  });

  test('out-of-band data is reported as PRI', () => {
    const ep = epoll();
    const [client, server] = tcpPair(fds);
    ep.add(server, EPOLLPRI);
    native.send(client, Buffer.from('!'), 0, 1, native.constants['MSG_OOB'] ?? 1);
    expect(ep.waitSync(1000)).toEqual([{ fd: server, events: EPOLLPRI }]);
  });

  test('EXCLUSIVE goes with edge, not with ONESHOT, RDHUP or PRI, and is never modified', () => {
    const ep = epoll();
    const [reader] = fds.pipe();
    for (const flag of [EPOLLONESHOT, EPOLLRDHUP, EPOLLPRI]) {
      expect(errorOf(() => ep.add(reader, EPOLLIN | EPOLLEXCLUSIVE | flag))).toMatchObject({ code: 'EINVAL' });
    }
    ep.add(reader, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET);
    expect(errorOf(() => ep.modify(reader, EPOLLIN))).toMatchObject({ code: 'EINVAL' });
  });

  test('WAKEUP is accepted', () => {
    const ep = epoll();
    const [, writer] = fds.pipe();
    ep.add(writer, EPOLLOUT | EPOLLWAKEUP);
    expect(ep.waitSync(0).map(({ events }) => events & ~EPOLLWAKEUP)).toEqual([EPOLLOUT]);
  });
});

describe('nesting', () => {
  test('an epoll instance is readable in another when it has something to report', () => {
    const inner = epoll();
    const outer = epoll();
    const [reader, writer] = fds.pipe();
    inner.add(reader, EPOLLIN);
    outer.add(inner, EPOLLIN);
    expect(outer.waitSync(0)).toEqual([]);
    fill(writer, 'x');
    expect(outer.waitSync(0)).toEqual([{ fd: inner.fd, events: EPOLLIN }]);
    expect(inner.waitSync(0)).toEqual([{ fd: reader, events: EPOLLIN }]);
  });

  test('an instance in itself is EINVAL, a cycle or more than five levels are ELOOP', () => {
    const chain = Array.from({ length: 7 }, () => epoll());
    const [first, second] = chain;
    if (first === undefined || second === undefined) throw new Error('no chain');
    expect(errorOf(() => first.add(first, EPOLLIN))).toMatchObject({ code: 'EINVAL' });
    second.add(first, EPOLLIN);
    expect(errorOf(() => first.add(second, EPOLLIN))).toMatchObject({ code: 'ELOOP' });
    const failure = errorOf(() => {
      for (let depth = 1; depth + 1 < chain.length; depth += 1) {
        const outer = chain[depth + 1];
        const inner = chain[depth];
        if (outer !== undefined && inner !== undefined) outer.add(inner, EPOLLIN);
      }
    });
    expect(failure).toMatchObject({ code: 'ELOOP' });
  });
});

describe('maxEvents', () => {
  test('rotates fairly over the fds that are ready', () => {
    const ep = epoll();
    const writers = Array.from({ length: 5 }, () => fds.pipe()[1]);
    for (const writer of writers) ep.add(writer, EPOLLOUT);
    const seen = new Set<number>();
    for (let round = 0; round < 3; round += 1) {
      const events = ep.waitSync(0, { maxEvents: 2 });
      expect(events).toHaveLength(2);
      for (const { fd } of events) seen.add(fd);
    }
    expect(seen.size).toBe(5);
  });

  test('without it one wait reports everything, however many fds were added', () => {
    const ep = epoll();
    const writers = Array.from({ length: 300 }, () => fds.pipe()[1]);
    for (const writer of writers) ep.add(writer, EPOLLOUT);
    expect(ep.waitSync(0)).toHaveLength(300);
  });

  test('the room of an object that did not add the fds grows when it is used up', () => {
    const ep = epoll();
    const other = Epoll.fromFd(ep.fd);
    for (let index = 0; index < 100; index += 1) ep.add(fds.pipe()[1], EPOLLOUT);
    expect(other.waitSync(0).length).toBe(64);
    expect(other.waitSync(0).length).toBe(100);
  });

  test('is an integer of at least 1', async () => {
    const ep = epoll();
    for (const maxEvents of [0, -1, 1.5, NaN, 2 ** 21]) {
      expect(errorOf(() => ep.waitSync(0, { maxEvents }))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
      await expect(ep.wait(0, { maxEvents })).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
  });
});

test('the busy-polling parameters are set and read back', { tags: ['needs-busy-poll'] }, () => {
  const ep = epoll();
  expect(ep.getParams()).toEqual({ busyPollUsecs: 0, busyPollBudget: 0, preferBusyPoll: false });
  const params = { busyPollUsecs: 50, busyPollBudget: 16, preferBusyPoll: true };
  ep.setParams(params);
  expect(ep.getParams()).toEqual(params);
  expect(errorOf(() => ep.setParams({ ...params, busyPollUsecs: 2 ** 31 }))).toMatchObject({
    code: 'ERR_OUT_OF_RANGE',
  });
  expect(errorOf(() => ep.setParams({ ...params, busyPollBudget: 0x1_0000 }))).toMatchObject({
    code: 'ERR_OUT_OF_RANGE',
  });
});

test('a regular file is EPERM', () => {
  const file = fds.track(native.open(__filename, 0, 0));
  expect(errorOf(() => epoll().add(file, EPOLLIN))).toMatchObject({ code: 'EPERM', syscall: 'epoll_ctl', fd: file });
});

test('the result of a wait stays as it was, and its events cannot be changed', () => {
  const ep = epoll();
  const [reader, writer] = fds.pipe();
  ep.add(writer, EPOLLOUT);
  const before = ep.waitSync(0);
  ep.add(reader, EPOLLIN);
  fill(writer, 'x');
  expect(ep.waitSync(0)).toHaveLength(2);
  expect(before).toEqual([{ fd: writer, events: EPOLLOUT }]);
  expect(Object.isFrozen(before[0])).toBe(true);
});

describe.each(WAITERS)('wait() with the %s waiter', (waiter) => {
  test('returns what waitSync returns while the event loop goes on', async () => {
    const ep = epoll(waiter);
    const [reader, writer] = fds.pipe();
    ep.add(reader, EPOLLIN | EPOLLET);
    const waiting = ep.wait();
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
      if (turns === 3) fill(writer, 'x');
    }, 1);
    expect(await within(waiting, 'the wait')).toEqual([{ fd: reader, events: EPOLLIN }]);
    clearInterval(timer);
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(await ep.wait(1)).toEqual([]);
  });

  test('an edge is not lost between two waits', async () => {
    const ep = epoll(waiter);
    const [reader, writer] = fds.pipe();
    ep.add(reader, EPOLLIN | EPOLLET);
    for (let round = 0; round < 50; round += 1) {
      fill(writer, 'x');
      expect(await within(ep.wait(), 'the wait')).toEqual([{ fd: reader, events: EPOLLIN }]);
    }
  });

  test('adding, modifying and removing take effect during a wait', async () => {
    const ep = epoll(waiter);
    const [reader, writer] = fds.pipe();
    const [other] = fds.pipe();
    fill(writer, 'x');
    const waiting = ep.wait();
    await new Promise((resolve) => setImmediate(resolve));
    ep.add(other, EPOLLIN);
    ep.remove(other);
    ep.add(reader, 0);
    ep.modify(reader, EPOLLIN);
    expect(await within(waiting, 'the wait')).toEqual([{ fd: reader, events: EPOLLIN }]);
  });

  test('a second wait is refused, synchronous or not', async () => {
    const ep = epoll(waiter);
    const waiting = ep.wait(20);
    await expect(ep.wait()).rejects.toMatchObject({ code: 'ERR_BUSY' });
    expect(errorOf(() => ep.waitSync(0))).toMatchObject({ code: 'ERR_BUSY' });
    expect(await waiting).toEqual([]);
  });

  test('an aborted wait rejects with the reason as its cause, and loses no event', async () => {
    const ep = epoll(waiter);
    const [reader, writer] = fds.pipe();
    ep.add(reader, EPOLLIN | EPOLLET);
    const controller = new AbortController();
    const waiting = ep.wait(null, { signal: controller.signal });
    fill(writer, 'x');
    controller.abort('enough');
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
    expect(await within(ep.wait(), 'the next wait')).toEqual([{ fd: reader, events: EPOLLIN }]);
    await expect(ep.wait(0, { signal: controller.signal })).rejects.toMatchObject({ code: 'ABORT_ERR' });
  });

  test('close ends it with ERR_CLOSED', async () => {
    const ep = new Epoll({ waiter });
    const waiting = ep.wait();
    ep.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('is never early', async () => {
    const ep = epoll(waiter);
    for (const timeout of [1, 1.7, 20.25]) {
      const start = performance.now();
      expect(await ep.wait(timeout)).toEqual([]);
      expect(performance.now() - start).toBeGreaterThanOrEqual(timeout);
    }
    expect(await ep.wait(0)).toEqual([]);
  });

  test('a loop of waits on an fd that is always ready starves nobody', async () => {
    const ep = epoll(waiter);
    ep.add(fds.pipe()[1], EPOLLOUT);
    const fired: string[] = [];
    setTimeout(() => fired.push('the timer'), 5);
    while (fired.length === 0) expect(await ep.wait()).toHaveLength(1);
  });

  test('accepts maxEvents', async () => {
    const ep = epoll(waiter);
    for (let index = 0; index < 3; index += 1) ep.add(fds.pipe()[1], EPOLLOUT);
    expect(await ep.wait(null, { maxEvents: 2 })).toHaveLength(2);
    expect(await ep.wait()).toHaveLength(3);
  });
});

test.each(WAITERS)(
  'an epoll fd that other code closes in the turn in which a wait begins ends the wait with EBADF (waiter %s)',
  { tags: ['needs-quiet-fds', 'needs-fs-of-fds'] },
  async (waiter) => {
    const script = `
      const { Epoll, EPOLLIN, pipe } = require('./dist/index.js');
      const ep = new Epoll({ waiter: '${waiter}' });
      const [reader, writer] = pipe();
      ep.add(reader, EPOLLIN);
      const waiting = ep.wait(500);
      require('node:fs').closeSync(ep.fd);
      writer.write('x');
      waiting.catch(({ code }) => console.log(code));`;
    const { code, signal, stdout } = await start(process.execPath, ['-e', script]).ended();
    expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: 'EBADF\n' });
  },
);
