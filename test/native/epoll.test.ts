import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { constant, errorOf, fill, useFds } from './fds.js';
import { sendSignals } from './signals.js';

const fds = useFds();
const ADD = constant('EPOLL_CTL_ADD');
const MOD = constant('EPOLL_CTL_MOD');
const DEL = constant('EPOLL_CTL_DEL');
const EPOLLIN = constant('EPOLLIN');
const EPOLLOUT = constant('EPOLLOUT');
const EPOLLET = constant('EPOLLET');

function wait(epollFd: number, timeoutMs = 0, maxEvents = 64) {
  const words = new Uint32Array(native.eventBuffer(maxEvents));
  const count = native.epollWait(epollFd, maxEvents, timeoutMs, false, null);
  return Array.from({ length: count }, (_, i) => {
    const at = i * native.eventStrideWords;
    const data = at + native.eventDataWord;
    return { events: words[at], low: words[data], high: words[data + 1] };
  });
}

describe('epoll', () => {
  test('hands back the mask and both words of data', () => {
    const epoll = fds.epoll();
    const [reader, writer] = fds.pipe();
    native.epollCtl(epoll, ADD, reader, EPOLLIN | EPOLLET, 0xffff_ffff, 0x8000_0001);
    expect(wait(epoll)).toEqual([]);
    fill(writer, 'x');
    expect(wait(epoll)).toEqual([{ events: EPOLLIN, low: 0xffff_ffff, high: 0x8000_0001 }]);
    expect(wait(epoll)).toEqual([]);
  });

  test('modifies and deletes', () => {
    const epoll = fds.epoll();
    const [, writer] = fds.pipe();
    native.epollCtl(epoll, ADD, writer, 0, 1, 0);
    native.epollCtl(epoll, MOD, writer, EPOLLOUT, 2, 0);
    expect(wait(epoll)).toEqual([{ events: EPOLLOUT, low: 2, high: 0 }]);
    native.epollCtl(epoll, DEL, writer, 0, 0, 0);
    expect(wait(epoll)).toEqual([]);
  });

  test.each([
    [
      'EEXIST',
      (epoll: number, fd: number) => {
        native.epollCtl(epoll, ADD, fd, 0, 0, 0);
        native.epollCtl(epoll, ADD, fd, 0, 0, 0);
      },
    ],
    ['ENOENT', (epoll: number, fd: number) => native.epollCtl(epoll, MOD, fd, 0, 0, 0)],
    ['EINVAL', (epoll: number) => native.epollCtl(epoll, ADD, epoll, 0, 0, 0)],
    ['EINVAL', (epoll: number, fd: number) => native.epollCtl(epoll, 77, fd, 0, 0, 0)],
    ['EBADF', (epoll: number) => native.epollCtl(epoll, ADD, fds.closedFd(), 0, 0, 0)],
  ])('says %s', (code, call) => {
    const epoll = fds.epoll();
    const [reader] = fds.pipe();
    expect(errorOf(() => call(epoll, reader))).toMatchObject({ code, syscall: 'epoll_ctl' });
  });

  test('reports at most as many events as it is asked for', () => {
    const epoll = fds.epoll();
    for (let i = 0; i < 5; i++) native.epollCtl(epoll, ADD, fds.pipe()[1], EPOLLOUT, i, 0);
    expect(wait(epoll, 0, 2)).toHaveLength(2);
    expect(wait(epoll, 0, 64)).toHaveLength(5);
  });

  test('refuses more events than the buffer holds, and none', () => {
    const epoll = fds.epoll();
    const capacity = native.eventBuffer(1).byteLength / 4 / native.eventStrideWords;
    for (const maxEvents of [0, -1, 0.5, NaN, capacity + 1]) {
      expect(errorOf(() => native.epollWait(epoll, maxEvents, 0, false, null))).toMatchObject({
        code: 'ERR_OUT_OF_RANGE',
      });
    }
  });

  test('grows the buffer, and leaves the one before readable', () => {
    const first = native.eventBuffer(1);
    const capacity = first.byteLength / 4 / native.eventStrideWords;
    expect(native.eventBuffer(capacity)).toBe(first);
    const second = native.eventBuffer(2 * capacity);
    expect(second).not.toBe(first);
    expect(second.byteLength).toBe(2 * first.byteLength);
    expect(first.byteLength).toBeGreaterThan(0);
    const epoll = fds.epoll();
    const writers = Array.from({ length: 20 }, () => fds.pipe()[1]);
    for (const fd of writers) native.epollCtl(epoll, ADD, fd, EPOLLOUT, fd, 0);
    expect(wait(epoll, 0, 2 * capacity).length).toBe(Math.min(2 * capacity, writers.length));
  });

  test.each([0.1, 1, 1.7, 25])('waits %d ms, never less', (timeoutMs) => {
    const epoll = fds.epoll();
    const start = process.hrtime.bigint();
    expect(wait(epoll, timeoutMs)).toEqual([]);
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(timeoutMs);
  });

  test('takes timeouts beyond 2^31 ms and without end', () => {
    const epoll = fds.epoll();
    native.epollCtl(epoll, ADD, fds.pipe()[1], EPOLLOUT, 0, 0);
    for (const timeoutMs of [2 ** 31, 2 ** 53 - 1, Number.MAX_VALUE, Infinity, -1]) {
      expect(wait(epoll, timeoutMs)).toHaveLength(1);
    }
  });

  test('ends early and empty on a signal, or goes on to its deadline', { tags: ['needs-signals'] }, () => {
    const epoll = fds.epoll();
    native.eventBuffer(1);
    sendSignals();
    expect(native.epollWait(epoll, 1, 60_000, false, null)).toBe(0);
    const start = process.hrtime.bigint();
    expect(native.epollWait(epoll, 1, 200, true, null)).toBe(0);
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(200);
  });

  test('is not interrupted by a signal that its mask blocks', { tags: ['needs-signals'] }, () => {
    const epoll = fds.epoll();
    native.eventBuffer(1);
    const signal = sendSignals();
    for (const timeoutMs of [100, 100.5]) {
      const start = process.hrtime.bigint();
      native.epollWait(epoll, 1, timeoutMs, false, [constant(signal)]);
      expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(timeoutMs);
    }
  });

  test('says EINVAL for an fd that is no epoll, EBADF for a closed one', () => {
    native.eventBuffer(1);
    expect(errorOf(() => native.epollWait(fds.pipe()[0], 1, 0, false, null))).toMatchObject({
      code: 'EINVAL',
      syscall: 'epoll_wait',
    });
    expect(errorOf(() => native.epollWait(fds.closedFd(), 1, 0, false, null))).toMatchObject({ code: 'EBADF' });
  });
});
