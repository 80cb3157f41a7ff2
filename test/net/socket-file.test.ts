import { existsSync, lstatSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, listen, type Listener, Socket } from 'fdmux';
import { expect, onTestFinished, test } from 'vitest';
import { within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-path-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'socket');
}

/** Leaves the file of a server that has ended without removing it, as a crash does. */
function crashAt(path: string): void {
  const socket = disposedAtEnd(Socket.create({ family: 'unix' }));
  socket.bind({ family: 'unix', path });
  socket.listen(1);
  socket.close();
  expect(existsSync(path)).toBe(true);
}

async function opened(options: { path: string; mode?: number; group?: number }): Promise<Listener> {
  const listener = await listen({ ...options, socket: {} });
  onTestFinished(() => listener.close());
  return listener;
}

async function answers(path: string): Promise<boolean> {
  try {
    (await connect({ path, socket: {} })).destroy();
    return true;
  } catch {
    return false;
  }
}

test('the file of a crashed server is replaced', async () => {
  const path = socketPath();
  crashAt(path);
  await opened({ path });
  expect(await answers(path)).toBe(true);
});

test('of several that replace it at once, one listens and the others hear that the path is in use', async () => {
  const path = socketPath();
  crashAt(path);
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => opened({ path })));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'EADDRINUSE', path });
  }
  expect(await answers(path)).toBe(true);
});

test('the path of a server that lives is left alone, even if its queue is full', async () => {
  const path = socketPath();
  const busy = disposedAtEnd(Socket.create({ family: 'unix', blocking: false }));
  busy.bind({ family: 'unix', path });
  busy.listen(1);
  const { ino } = lstatSync(path);
  for (let waiting = 0; waiting < 4; waiting += 1) {
    const peer = disposedAtEnd(Socket.create({ family: 'unix', blocking: false }));
    try {
      peer.connect({ family: 'unix', path });
    } catch {
      break;
    }
  }
  await expect(opened({ path })).rejects.toMatchObject({ code: 'EADDRINUSE', path });
  expect(lstatSync(path).ino).toBe(ino);
});

test('a file that is no socket is refused and left', async () => {
  const path = socketPath();
  writeFileSync(path, 'precious');
  await expect(opened({ path })).rejects.toThrow(`there is a file that is no socket: ${path}`);
  expect(statSync(path).size).toBe(8);
});

test('a listener that closes leaves the file of the one that took its path', async () => {
  const path = socketPath();
  const first = await opened({ path });
  rmSync(path);
  const second = await opened({ path });
  await within(first.close(), 'closing');
  expect(await answers(path)).toBe(true);
  await within(second.close(), 'closing');
  expect(existsSync(path)).toBe(false);
});

test('a file that was moved is left, too', async () => {
  const path = socketPath();
  const listener = await opened({ path });
  renameSync(path, `${path}.moved`);
  await within(listener.close(), 'closing');
  expect(existsSync(`${path}.moved`)).toBe(true);
});

test('mode and group are those of the file, whatever the umask', async () => {
  const path = socketPath();
  const before = process.umask(0o077);
  onTestFinished(() => void process.umask(before));
  const group = process.getgid?.() ?? 0;
  await opened({ path, mode: 0o666, group });
  expect(statSync(path).mode & 0o777).toBe(0o666);
  expect(statSync(path).gid).toBe(group);
});

test.for([
  [{ path: '/tmp/x', mode: 0o1777 }, 'ERR_OUT_OF_RANGE'],
  [{ path: '/tmp/x', mode: '0660' }, 'ERR_INVALID_ARG_TYPE'],
  [{ path: '/tmp/x', group: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ path: '\0abstract', mode: 0o600 }, 'ERR_INVALID_ARG_TYPE'],
  [{ port: 0, group: 0 }, 'ERR_INVALID_ARG_TYPE'],
] as const)('bad or pointless access %j is refused', async ([options, code]) => {
  await expect(Reflect.apply(listen, null, [{ ...options, socket: {} }])).rejects.toMatchObject({ code });
});
