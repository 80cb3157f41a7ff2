/** The option `into`: events in an array of the caller's, and nothing left to the garbage collector. */
import { describe, expect, test } from 'vitest';
import { EPOLLIN, POLLIN } from '../../src/readiness/constants.js';
import { Epoll } from '../../src/readiness/epoll.js';
import { Poll } from '../../src/readiness/poll.js';
import { EventFd } from '../../src/socket/event-fd.js';
import { errorOf } from '../native/fds.js';
import { disposedAtEnd } from '../support/fds.js';
import { start } from '../support/processes.js';
import { runtime } from '../support/runtime.js';
import { callUntyped } from '../support/untyped.js';

function epollOf(fd: number): Epoll {
  const epoll = disposedAtEnd(new Epoll());
  epoll.add(fd, EPOLLIN);
  return epoll;
}

function pollOf(fd: number): Poll {
  const poll = disposedAtEnd(new Poll());
  poll.register(fd, POLLIN);
  return poll;
}

/** The waits of an object for one fd. */
interface Waiter<Event> {
  waitSync(timeoutMs: number, options?: { into: Event[] }): Event[];
  wait(timeoutMs: number | null, options: { into: Event[] }): Promise<Event[]>;
}

describe('Epoll', () => {
  checkWaits(epollOf, { fd: -1, events: 0 });
});

describe('Poll', () => {
  checkWaits(pollOf, { fd: -1, revents: 0 });
});

/** @param former stands in the array before a wait */
function checkWaits<Event>(waiterOf: (fd: number) => Waiter<Event>, former: Event): void {
  test('a wait fills the array that it gets, whatever was in it, and returns it', async () => {
    const event = disposedAtEnd(new EventFd(1));
    const waiter = waiterOf(event.fd);
    const [expected] = waiter.waitSync(0);
    const into: Event[] = [];
    for (const count of [0, 1, 3]) {
      into.length = 0;
      for (let index = 0; index < count; index += 1) into.push(former);
      expect(waiter.waitSync(0, { into })).toBe(into);
      expect(into).toEqual([expected]);
      expect(await waiter.wait(null, { into })).toBe(into);
      expect(into).toEqual([expected]);
    }
    event.read();
    expect(await waiter.wait(1, { into })).toBe(into);
    expect(into).toEqual([]);
  });

  test('a wait without an array makes a new one each time', () => {
    const waiter = waiterOf(disposedAtEnd(new EventFd(1)).fd);
    const first = waiter.waitSync(0);
    expect(waiter.waitSync(0)).not.toBe(first);
    expect(first).toHaveLength(1);
  });

  test('a wait refuses what is no array', async () => {
    const waiter = waiterOf(disposedAtEnd(new EventFd(1)).fd);
    for (const into of [null, {}, 'list', new Uint32Array(4)]) {
      expect(errorOf(() => callUntyped(waiter, 'waitSync', 0, { into }))).toMatchObject({
        code: 'ERR_INVALID_ARG_TYPE',
      });
      await expect(Promise.resolve(callUntyped(waiter, 'wait', 0, { into }))).rejects.toMatchObject({
        code: 'ERR_INVALID_ARG_TYPE',
      });
    }
  });
}

/** Prints by how many bytes the heap has grown in 200,000 waits: nothing is collected meanwhile. */
const measure = (prepare: string): string => `
  const { Epoll, EPOLLIN, EventFd, Multiplexer, Poll, POLLIN } = require('./dist/index.js');
  const fds = [1, 2, 3].map(() => new EventFd(1).fd);
  ${prepare}
  let sum = 0;
  const loop = (count) => { for (let index = 0; index < count; index += 1) sum += wait().length; };
  loop(50_000);
  const before = process.memoryUsage().heapUsed;
  loop(200_000);
  const grown = process.memoryUsage().heapUsed - before;
  if (sum !== 750_000) throw new Error('events are missing');
  console.log(grown);
`;

test.runIf(runtime === 'node').each([
  [
    'Epoll.waitSync with an array',
    `const epoll = new Epoll();
     for (const fd of fds) epoll.add(fd, EPOLLIN);
     const options = { into: [] };
     const wait = () => epoll.waitSync(0, options);`,
  ],
  [
    'Poll.waitSync with an array',
    `const poll = new Poll();
     for (const fd of fds) poll.register(fd, POLLIN);
     const options = { into: [] };
     const wait = () => poll.waitSync(0, options);`,
  ],
  [
    'Multiplexer.waitSync',
    `const mux = new Multiplexer();
     for (const fd of fds) mux.register(fd, { interest: 'read', data: fd });
     const wait = () => mux.waitSync(0);`,
  ],
])('%s leaves nothing to the garbage collector', { tags: ['needs-v8'] }, async (_, prepare) => {
  const young = ['--max-semi-space-size=512', '--min-semi-space-size=512'];
  const { code, stdout, stderr } = await start(process.execPath, [...young, '-e', measure(prepare)]).ended();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // What the engine compiles meanwhile is counted, too; an object for each wait would be 3.2 MB.
  expect(Number(stdout)).toBeLessThan(1_000_000);
});
