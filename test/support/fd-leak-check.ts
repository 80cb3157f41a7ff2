import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll } from 'vitest';
import { until } from './deadline.js';
import { openFds } from './fds.js';
import { runtime } from './runtime.js';

/**
 * Fails a test file that leaves an fd open. It runs before and after every file (vitest: `setupFiles`). A closed fd may
 * take some turns of the event loop to be gone, so the check waits, up to a deadline.
 */
let before: ReadonlyMap<number, string>;

beforeAll(() => {
  if (runtime === 'deno') openSignalSockets();
  if (runtime === 'bun') useStandardFds();
  before = openFds();
});

/** Bun keeps the epoll and eventfd that it makes for the first process, and its own fds of stdout and stderr. */
function useStandardFds(): void {
  execFileSync('true');
  for (const stream of [process.stdout, process.stderr]) stream.write('');
}

/** Deno opens a pair of sockets for the first listener of a signal, and keeps it. */
function openSignalSockets(): void {
  const listener = (): void => undefined;
  process.on('SIGUSR2', listener);
  process.off('SIGUSR2', listener);
}

afterAll(async () => {
  const opened = (): [number, string][] => [...openFds()].filter(([fd, target]) => before.get(fd) !== target);
  const leaked = runtime === 'node' ? opened : () => withoutPairs(opened());
  await until(
    () => leaked().length === 0,
    () =>
      `fds left open by this file: ${leaked()
        .map(([fd, target]) => `${fd} -> ${target}`)
        .join(', ')}`,
  );
});

/**
 * Deno keeps an epoll with an eventfd of some workers that load an addon, whatever that does; Bun those of its thread
 * for HTTP.
 */
function withoutPairs(fds: [number, string][]): [number, string][] {
  const count = (kind: string): number => fds.filter(([, target]) => target.includes(kind)).length;
  if (count('[eventpoll]') !== count('[eventfd]')) return fds;
  return fds.filter(([, target]) => !/\[event(poll|fd)\]/.test(target));
}
