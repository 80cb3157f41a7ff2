import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem, say } from './progress.mjs';

const LIMIT_MS = 15 * 60_000;

/**
 * Runs `work` while no other process of this machine runs work of the same name; they take turns. The lock is a socket
 * in Linux's abstract namespace: the kernel gives a name to one process at a time and takes it back when that process
 * ends in whatever way, so there is no stale lock to take over and nothing to remove.
 */
export async function withLock(name, work) {
  const address = `\0fdmux-${createHash('sha256').update(name).digest('hex')}`;
  const deadline = Date.now() + LIMIT_MS;
  let isSaid = false;
  let lock;
  while ((lock = await tryLock(address)) === undefined) {
    if (!isSaid) say('another process is at work on this folder; waiting for it');
    isSaid = true;
    if (Date.now() > deadline)
      throw new Problem('another process has been at work on this folder for 15 minutes; end it and try again.');
    await delay(100);
  }
  try {
    await work();
  } finally {
    await new Promise((resolve) => lock.close(resolve));
  }
}

/** The socket that has the name, or undefined while another process has it. */
function tryLock(address) {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(address, () => resolve(server));
  });
}
