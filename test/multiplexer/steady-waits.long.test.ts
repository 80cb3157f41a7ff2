/** The garbage that a loop of waits leaves to be collected. */
import { describe, expect, test } from 'vitest';
import { packagePath, run } from '../support/processes.js';
import { hasLoopWatch } from '../support/runtime.js';

/** So many that what V8 takes for compiling, some 300 KB, is less than a few bytes a wait. */
const WAITS = 100_000;
/** Less than any object. */
const MAX_BYTES_PER_WAIT = 8;

/** Each wait finds 64 fds. Prints how much of the heap it has taken; nothing is collected meanwhile. */
const program = `
  const { Epoll, EPOLLIN, EventFd, Multiplexer } = require('fdmux');
  const fds = Array.from({ length: 64 }, () => new EventFd(1).fd);
  const multiplexer = new Multiplexer({ backend: 'epoll' });
  const epoll = new Epoll();
  for (const fd of fds) {
    multiplexer.register(fd, { interest: 'read', data: fd });
    epoll.add(fd, EPOLLIN);
  }
  const options = { into: [] };
  const loops = {
    'Multiplexer, by index': () => {
      const batch = multiplexer.waitSync(0);
      for (let index = 0; index < batch.length; index += 1) if (batch[index].isReadable) ready += 1;
    },
    'Epoll, into': () => {
      for (const { events } of epoll.waitSync(0, options)) if ((events & EPOLLIN) !== 0) ready += 1;
    },
  };
  let ready = 0;
  const bytes = {};
  for (const [name, wait] of Object.entries(loops)) {
    for (let count = 0; count < ${WAITS}; count += 1) wait();
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < ${WAITS}; count += 1) wait();
    bytes[name] = (process.memoryUsage().heapUsed - before) / ${WAITS};
  }
  console.log(JSON.stringify({ ready, bytes }));
`;

describe.runIf(hasLoopWatch)('waits that find 64 fds', { tags: ['needs-uv-poll'] }, () => {
  test('leave no object behind if their results are reused', async () => {
    const args = ['--expose-gc', '--max-semi-space-size=64', '-e', program];
    const { stdout, ...ended } = await run(process.execPath, args, { cwd: packagePath() });
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
    const { ready, bytes }: { ready: number; bytes: Record<string, number> } = JSON.parse(stdout);
    expect(ready).toBe(4 * WAITS * 64);
    for (const [name, count] of Object.entries(bytes)) expect(Math.abs(count), name).toBeLessThan(MAX_BYTES_PER_WAIT);
  });
});
