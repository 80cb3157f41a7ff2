import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { EPOLLET, Socket } from 'fdmux';
import { onTestFinished } from 'vitest';
import { native } from '../../src/binding/load.js';

/** A sanitizer opens its report when it has something to report, and keeps it open. */
const REPORTS = process.env['FDMUX_REPORTS'];

/**
 * The open fds of this process and the target of each ('socket:[123]', 'anon_inode:[eventpoll]', a path), without the
 * report of a sanitizer.
 */
export function openFds(): Map<number, string> {
  const fds = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      if (REPORTS === undefined || !target.startsWith(REPORTS)) fds.set(Number(name), target);
    } catch {
      // The fd by which the folder was listed is gone by now.
    }
  }
  return fds;
}

/** The sockets that epoll instances of this process have edge-triggered: proc_pid_fdinfo(5). */
export function edgeTriggeredSockets(): Set<number> {
  const fds = openFds();
  const edges = new Set<number>();
  for (const [epollFd, what] of fds) {
    if (!what.includes('eventpoll')) continue;
    const members = readFileSync(`/proc/self/fdinfo/${epollFd}`, 'latin1').matchAll(
      /^tfd: +(\d+) events: +([0-9a-f]+)/gm,
    );
    for (const [, fd, mask = ''] of members) {
      const isEdge = (parseInt(mask, 16) & EPOLLET) !== 0;
      if (isEdge && fds.get(Number(fd))?.startsWith('socket:') === true) edges.add(Number(fd));
    }
  }
  return edges;
}

/** Closes an fd; one that is closed already is no failure. */
export function closeQuietly(fd: number): void {
  try {
    native.close(fd); // Deno's closeSync knows only fds that it has opened.
  } catch {
    // The test closed it itself.
  }
}

/** Has these fds closed when the current test ends, whatever its outcome, and returns them. */
export function closedAtEnd<T extends readonly number[]>(...fds: T): T {
  onTestFinished(() => {
    for (const fd of fds) closeQuietly(fd);
  });
  return fds;
}

/** Has a disposable closed when the current test ends, and returns it. */
export function disposedAtEnd<T extends Disposable>(resource: T): T {
  onTestFinished(() => resource[Symbol.dispose]());
  return resource;
}

/** How many fds this process may have. */
export function maxOpenFiles(): number {
  return Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
}

/** Takes up every fd that the process may still open while `body` runs. */
export function withoutFreeFds(body: () => void): void {
  const taken: Socket[] = [];
  try {
    for (;;) taken.push(Socket.create({ family: 'unix', type: 'dgram' }));
  } catch {
    // EMFILE: this is the goal.
  }
  try {
    body();
  } finally {
    for (const socket of taken) socket.close();
  }
}
