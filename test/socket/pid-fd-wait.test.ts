/** The ends of processes, through their fds. */
import { spawn } from 'node:child_process';
import { PidFd, POLLIN, pollSync, Pty } from 'fdmux';
import { expect, test } from 'vitest';
import { nextEvent, within } from '../support/deadline.js';

test('takes the status of a child once, and keeps it', async () => {
  const child = Pty.spawn('sh', ['-c', 'read line; exit 9']);
  using process = new PidFd(child.pid);
  expect(process.tryWait()).toBeNull();
  child.master.write('\n');
  pollSync([{ fd: process, events: POLLIN }], 5000);
  expect(process.tryWait()).toEqual({ code: 9, signal: null });
  expect(process.tryWait()).toEqual({ code: 9, signal: null });
  expect(await process.wait()).toEqual({ code: 9, signal: null });
  await expect(child.exited).rejects.toMatchObject({ code: 'ECHILD' });
  child.close();
});

test('gives every waiter the same status', async () => {
  const child = Pty.spawn('true');
  expect(await within(Promise.all([child.exited, child.exited]), 'the end')).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ]);
  child.close();
});

test('refuses a process that is no child', async () => {
  using parent = new PidFd(process.ppid);
  await expect(parent.wait()).rejects.toMatchObject({ code: 'ECHILD', syscall: 'waitid' });
});

test('ends a wait when it is closed', async () => {
  const child = spawn('sleep', ['1000']);
  const process = new PidFd(child.pid ?? 0);
  const waiting = process.wait();
  process.close();
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  const ended = nextEvent(child, 'close');
  child.kill();
  await ended;
});
