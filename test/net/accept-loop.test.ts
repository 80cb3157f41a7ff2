import { constants } from 'node:os';
import { EventFd, Multiplexer } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { type AcceptCalls, AcceptLoop, type AcceptSink, type AcceptSource } from '../../src/net/accept-loop.js';
import { Turn } from '../../src/net/turn.js';
import type { FdOwner } from '../../src/net/turn-member.js';
import { disposedAtEnd } from '../support/fds.js';

const { EAGAIN, EBADF, ECONNABORTED, EMFILE, ENOMEM, EPROTO } = constants.errno;

/** The fds and errnos that accepting gives, in order; then, as a kernel whose queue is empty, EAGAIN. */
class FakeKernel implements AcceptCalls {
  /** For each call, how many it was for, and whether the socket might block. */
  readonly calls: { readonly wanted: number; readonly mayBlock: boolean }[] = [];
  readonly #answers: number[];

  /** @param answers fds, or errnos as negative numbers */
  constructor(answers: readonly number[]) {
    this.#answers = [...answers];
  }

  acceptMany(_fd: number, results: Int32Array, addresses: Uint8Array, wanted: number, mayBlock: boolean): number {
    this.calls.push({ wanted, mayBlock });
    for (let done = 0; done < wanted; done += 1) {
      const answer = this.#answers.shift() ?? -EAGAIN;
      results[2 * done] = answer;
      if (answer < 0) return done;
      addresses[128 * done] = 0xe0 + answer;
      results[2 * done + 1] = 1;
    }
    return wanted;
  }
}

/** A loop on an fd that is always readable, with what it has reported. */
function startLoop(answers: readonly number[], changes: Partial<AcceptSource & AcceptSink> = {}) {
  const multiplexer = disposedAtEnd(new Multiplexer());
  const { fd } = disposedAtEnd(new EventFd(1));
  const kernel = new FakeKernel(answers);
  const log: string[] = [];
  let reports = 0;
  const owner: FdOwner = {
    ready: () => {
      reports += 1;
    },
    waitFailed: () => undefined,
    // A turn of a closed multiplexer asks until nobody is left.
    abandoned: () => loop.stop(false),
  };
  const loop: AcceptLoop = new AcceptLoop(
    Turn.of(multiplexer),
    owner,
    { fd, isShared: false, exclusive: false, backlog: 511, ...changes },
    {
      take: (accepted, remote) => log.push(`${accepted} from ${remote}`),
      failed: (error) => log.push(String(Reflect.get(error, 'code'))),
      ended: () => log.push('ended'),
      ...changes,
    },
    kernel,
  );
  return {
    loop,
    log,
    kernel,
    multiplexer,
    /** Whether the multiplexer still reports the fd. */
    isWatched: () => {
      const before = reports;
      multiplexer.waitSync(0);
      return reports > before;
    },
  };
}

const someFds = (count: number) => Array.from({ length: count }, () => 7);

describe('a batch', () => {
  test('hands over each connection with its address, until nobody waits', () => {
    const { loop, log } = startLoop([3, 4]);
    expect(loop.takeBatch(Infinity)).toBe(EAGAIN);
    expect(log).toEqual(['3 from \u00e3', '4 from \u00e4']);
  });

  test('takes no more than 64, or than there is room for', () => {
    const { loop, log, kernel } = startLoop(someFds(200));
    expect(loop.takeBatch(Infinity)).toBe(0);
    expect(log).toHaveLength(64);
    loop.takeBatch(5);
    expect(log).toHaveLength(69);
    expect(kernel.calls).toEqual([64, 5].map((wanted) => ({ wanted, mayBlock: false })));
  });

  test("takes one from a user's socket, which may block", () => {
    const { loop, log, kernel } = startLoop([3, 4], { isShared: true });
    loop.takeBatch(Infinity);
    expect(log).toHaveLength(1);
    expect(kernel.calls).toEqual([{ wanted: 1, mayBlock: true }]);
  });

  test('is known to be under way while its connections are handed over', () => {
    const seen: boolean[] = [];
    const { loop } = startLoop([3], { take: () => seen.push(loop.isTaking) });
    loop.takeBatch(Infinity);
    expect([...seen, loop.isTaking]).toEqual([true, false]);
  });
});

describe('after a failure, the loop', () => {
  test.each([
    ['a queue that is empty', EAGAIN],
    ['a connection that is gone', ECONNABORTED],
    ['a broken connection', EPROTO],
  ])('goes on at once and reports nothing: %s', (_what, errno) => {
    const { loop, log, isWatched } = startLoop([-errno]);
    loop.recover(loop.takeBatch(Infinity));
    expect(log).toEqual([]);
    expect(loop.isResting).toBe(false);
    expect(isWatched()).toBe(true);
  });

  test.each([
    ['EMFILE', EMFILE],
    ['ENOMEM', ENOMEM],
  ])('reports %s once, rests, and goes on by itself', (code, errno) => {
    const { loop, log, multiplexer, isWatched } = startLoop([-errno]);
    loop.recover(loop.takeBatch(Infinity));
    expect(log).toEqual([code]);
    expect(loop.isResting).toBe(true);
    expect(isWatched()).toBe(false);
    // Until the timer of the rest, nothing else is watched.
    while (loop.isResting) multiplexer.waitSync(5);
    expect(isWatched()).toBe(true);
    expect(log).toEqual([code]);
  });

  test('goes on before its rest is over if it is asked to', () => {
    const { loop, isWatched } = startLoop([-EMFILE]);
    loop.recover(loop.takeBatch(Infinity));
    loop.resume();
    expect(loop.isResting).toBe(false);
    expect(isWatched()).toBe(true);
  });

  test('reports an error of the listening socket, and that this is the end', () => {
    const { loop, log } = startLoop([-EBADF]);
    loop.recover(loop.takeBatch(Infinity));
    expect(log).toEqual(['EBADF', 'ended']);
    expect(loop.isResting).toBe(false);
  });

  test.each([
    ['out of fds', EMFILE],
    ['broken', EBADF],
  ])('neither rests nor ends if its report has stopped it: %s', (_what, errno) => {
    const ends: string[] = [];
    const { loop } = startLoop([-errno], { failed: () => loop.stop(false), ended: () => ends.push('ended') });
    loop.recover(loop.takeBatch(Infinity));
    expect(loop.isStopped).toBe(true);
    expect(loop.isResting).toBe(false);
    expect(ends).toEqual([]);
  });
});

describe('a loop that is stopped', () => {
  test('is no longer watched, and takes nothing', () => {
    const { loop, log, kernel, isWatched } = startLoop([3]);
    loop.stop(false);
    expect(isWatched()).toBe(false);
    expect(log).toEqual([]);
    expect(kernel.calls).toEqual([]);
  });

  test('stays stopped when a rest would have ended', () => {
    const { loop, isWatched } = startLoop([-EMFILE]);
    loop.recover(loop.takeBatch(Infinity));
    loop.stop(false);
    loop.resume();
    expect(loop.isResting).toBe(false);
    expect(isWatched()).toBe(false);
  });

  test('takes all that wait if asked to, past connections that are gone', () => {
    const { loop, log } = startLoop([...someFds(70), -ECONNABORTED, 7, -EAGAIN, 7]);
    loop.stop(true);
    expect(log).toHaveLength(71);
  });

  test('takes no more than its queue holds, though others go on connecting', () => {
    const { loop, log, kernel } = startLoop(someFds(1000), { backlog: 100 });
    loop.stop(true);
    expect(kernel.calls).toHaveLength(2);
    expect(log).toHaveLength(128);
  });

  test('reports why it cannot take those that wait', () => {
    const { loop, log } = startLoop([7, -EMFILE, 7]);
    loop.stop(true);
    expect(log.slice(1)).toEqual(['EMFILE']);
  });
});
