import { closeSync, readdirSync, readlinkSync } from 'node:fs';
import { onTestFinished } from 'vitest';

/** The open fds of this process and what each is ('socket:[123]', 'anon_inode:[eventpoll]', a path). */
export function openFds(): Map<number, string> {
  const fds = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      fds.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The fd by which the folder was listed is gone by now.
    }
  }
  return fds;
}

/** Closes an fd; one that is closed already is no failure. */
export function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // The test closed it itself.
  }
}

/** Has these fds closed when the current test ends, whatever its outcome, and gives them back. */
export function closedAtEnd<T extends readonly number[]>(...fds: T): T {
  onTestFinished(() => {
    for (const fd of fds) closeQuietly(fd);
  });
  return fds;
}

/** Has a disposable closed when the current test ends, and gives it back. */
export function disposedAtEnd<T extends Disposable>(resource: T): T {
  onTestFinished(() => resource[Symbol.dispose]());
  return resource;
}
