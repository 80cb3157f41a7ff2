import { afterEach, describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { hasLoopWatch } from '../support/runtime.js';
import { constant, errorOf, fill, useFds } from './fds.js';
import { useReports } from './reports.js';

const fds = useFds();
const reports = useReports();
const open: number[] = [];

function openWatch(): { watch: number; epoll: number; writer: number; reader: number } {
  const epoll = fds.epoll();
  const [reader, writer] = fds.pipe();
  native.epollCtl(epoll, constant('EPOLL_CTL_ADD'), reader, constant('EPOLLIN'), 0, 0);
  const watch = native.loopWatchOpen(epoll, reports.dispatch);
  open.push(watch);
  native.waiterRef(watch);
  return { watch, epoll, writer, reader };
}

afterEach(() => {
  for (const watch of open.splice(0)) native.waiterClose(watch);
});

describe.runIf(hasLoopWatch)('loopWatch', { tags: ['needs-uv-poll'] }, () => {
  test('reports on every turn of the loop while the epoll fd is readable', async () => {
    const { watch, writer } = openWatch();
    native.loopWatchStart(watch);
    fill(writer, 'x');
    for (let i = 0; i < 3; i++) expect(await reports.next()).toBe(watch);
  });

  test('reports nothing after it was stopped, and again after it was started', async () => {
    const { watch, writer } = openWatch();
    native.loopWatchStart(watch);
    fill(writer, 'x');
    expect(await reports.next()).toBe(watch);
    native.loopWatchStop(watch);
    reports.clear();
    const other = openWatch();
    native.loopWatchStart(other.watch);
    fill(other.writer, 'x');
    expect(await reports.next()).toBe(other.watch);
    native.loopWatchStop(other.watch);
    native.loopWatchStart(watch);
    expect(await reports.next()).toBe(watch);
  });

  test('stops and closes from within its report', async () => {
    const { watch, writer } = openWatch();
    reports.onReport(() => {
      native.loopWatchStop(watch);
      native.waiterClose(watch);
    });
    native.loopWatchStart(watch);
    fill(writer, 'x');
    expect(await reports.next()).toBe(watch);
  });

  test('lets process.nextTick and promises run after each report', async () => {
    const { watch, writer } = openWatch();
    const order: string[] = [];
    const done = new Promise<void>((resolve) => {
      reports.onReport(() => {
        order.push('report');
        process.nextTick(() => order.push('tick'));
        void Promise.resolve().then(() => order.push('microtask'));
        if (order.length > 3) resolve();
      });
    });
    native.loopWatchStart(watch);
    fill(writer, 'x');
    await done;
    expect(order.slice(0, 4)).toEqual(['report', 'tick', 'microtask', 'report']);
  });

  test('survives the close of the epoll fd before the loop goes round', async () => {
    const { watch, epoll, writer } = openWatch();
    native.loopWatchStart(watch);
    fds.close(epoll);
    fill(writer, 'x');
    expect(await reports.next()).toBe(watch);
  });

  test('reports to the function that it was opened with, beside a watch with another', async () => {
    const { watch, epoll, writer } = openWatch();
    const other = await new Promise<number>((resolve) => {
      const second = native.loopWatchOpen(epoll, resolve);
      open.push(second);
      native.waiterRef(second);
      native.loopWatchStart(second);
      native.loopWatchStart(watch);
      fill(writer, 'x');
    });
    expect(await reports.next()).toBe(watch);
    expect(other).not.toBe(watch);
  });

  test('refuses a closed fd', () => {
    expect(errorOf(() => native.loopWatchOpen(fds.closedFd(), reports.dispatch))).toMatchObject({
      code: 'EBADF',
      syscall: 'fcntl',
    });
  });

  test('is closed once and for all', () => {
    const { watch } = openWatch();
    native.waiterClose(watch);
    native.waiterClose(watch);
    for (const call of ['loopWatchStart', 'loopWatchStop', 'waiterRef', 'waiterUnref'] as const) {
      expect(errorOf(() => native[call](watch))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
    const next = native.loopWatchOpen(fds.epoll(), reports.dispatch);
    open.push(next);
    expect(next).toBeGreaterThan(watch);
  });

  test('is no wait thread', () => {
    const { watch } = openWatch();
    expect(errorOf(() => native.waitThreadDisarm(watch))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});
