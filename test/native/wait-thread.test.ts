import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { constant, errorOf, fill, useFds } from './fds.js';
import { useReports } from './reports.js';

const fds = useFds();
const reports = useReports();
const POLLIN = constant('POLLIN');
const open: number[] = [];

function openThread(): number {
  const thread = native.waitThreadOpen(reports.dispatch);
  open.push(thread);
  native.waiterRef(thread);
  return thread;
}

function armPoll(thread: number, ...readers: number[]): void {
  native.waitThreadArmPoll(thread, Int32Array.from(readers.flatMap((fd) => [fd, POLLIN])), readers.length);
}

afterEach(() => {
  for (const thread of open.splice(0)) native.waiterClose(thread);
});

describe.each([
  ['poll', armPoll],
  [
    'select',
    (thread: number, ...readers: number[]) => {
      native.waitThreadArmSelect(thread, Int32Array.from(readers), readers.length, 0, 0);
    },
  ],
])('waitThread in %s', (_, arm) => {
  test('reports once per arming', async () => {
    const thread = openThread();
    const [reader, writer] = fds.pipe();
    fill(writer, 'x');
    arm(thread, reader);
    expect(await reports.next()).toBe(thread);
    // Another thread's whole round trip later, no second report has arrived.
    const other = openThread();
    arm(other, reader);
    expect(await reports.next()).toBe(other);
    expect(reports.waiting).toBe(0);
    arm(thread, reader);
    expect(await reports.next()).toBe(thread);
  });

  test('reports what becomes ready while it waits', async () => {
    const thread = openThread();
    const [reader, writer] = fds.pipe();
    const [quiet] = fds.pipe();
    arm(thread, quiet, reader);
    await nextTurn();
    fill(writer, 'x');
    expect(await reports.next()).toBe(thread);
  });

  test('forgets an arming that was taken back', async () => {
    const thread = openThread();
    const [reader, writer] = fds.pipe();
    const [otherReader, otherWriter] = fds.pipe();
    for (let i = 0; i < 200; i++) {
      arm(thread, reader);
      if (i === 100) fill(writer, 'x');
      native.waitThreadDisarm(thread);
      if (i % 10 === 0) await nextTurn();
    }
    expect(reports.waiting).toBe(0);
    fill(otherWriter, 'x');
    arm(thread, otherReader);
    expect(await reports.next()).toBe(thread);
    expect(reports.waiting).toBe(0);
  });

  test('takes the newest arming', async () => {
    const thread = openThread();
    const [ready, writer] = fds.pipe();
    const [quiet, quietWriter] = fds.pipe();
    fill(writer, 'x');
    arm(thread, ready);
    arm(thread, quiet);
    const other = openThread();
    arm(other, ready);
    expect(await reports.next()).toBe(other);
    expect(reports.waiting).toBe(0);
    fill(quietWriter, 'x');
    expect(await reports.next()).toBe(thread);
  });

  test('reports an fd that is closed', async () => {
    const thread = openThread();
    arm(thread, fds.closedFd());
    expect(await reports.next()).toBe(thread);
  });

  test('reports an fd far beyond the table of fds', async () => {
    const thread = openThread();
    arm(thread, 900_000_000);
    expect(await reports.next()).toBe(thread);
  });

  test('arms again and closes from within its report', async () => {
    const thread = openThread();
    const [reader, writer] = fds.pipe();
    fill(writer, 'x');
    let count = 0;
    reports.onReport(() => {
      if (++count < 50) arm(thread, reader);
      else native.waiterClose(thread);
    });
    arm(thread, reader);
    for (let i = 0; i < 50; i++) expect(await reports.next()).toBe(thread);
  });

  test('closes with a wait under way, and frees its fd and its thread', () => {
    const [reader] = fds.pipe();
    const before = native.eventFd(0);
    native.close(before);
    for (let i = 0; i < 50; i++) {
      const thread = native.waitThreadOpen(reports.dispatch);
      arm(thread, reader);
      native.waiterClose(thread);
      native.waiterClose(thread);
    }
  });
});

describe('waitThread', () => {
  test('watches an epoll fd with poll', async () => {
    const epoll = fds.epoll();
    const [reader, writer] = fds.pipe();
    native.epollCtl(epoll, constant('EPOLL_CTL_ADD'), reader, constant('EPOLLIN'), 0, 0);
    const thread = openThread();
    armPoll(thread, epoll);
    fill(writer, 'x');
    expect(await reports.next()).toBe(thread);
  });

  test('waits with nothing to wait for until it is armed again', async () => {
    const thread = openThread();
    native.waitThreadArmPoll(thread, new Int32Array(0), 0);
    native.waitThreadArmSelect(thread, new Int32Array(0), 0, 0, 0);
    const [reader, writer] = fds.pipe();
    fill(writer, 'x');
    armPoll(thread, reader);
    expect(await reports.next()).toBe(thread);
    expect(reports.waiting).toBe(0);
  });

  test('is no loop watch', () => {
    const thread = openThread();
    expect(errorOf(() => native.loopWatchStart(thread))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});

describe('waiterClose', () => {
  test('refuses a number that no waiter ever had', () => {
    expect(errorOf(() => native.waiterClose(4_000_000_000))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});
