import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { LoopWait } from '../../src/readiness/loop-wait.js';
import type { Waiter } from '../../src/readiness/waiter.js';

/** A waiter that records its calls. */
class Recorder implements Waiter {
  readonly calls: string[] = [];
  readonly report: () => void;

  constructor(report: () => void) {
    this.report = report;
  }

  start(): void {
    this.calls.push('start');
  }

  stop(): void {
    this.calls.push('stop');
  }

  ref(): void {
    this.calls.push('ref');
  }

  unref(): void {
    this.calls.push('unref');
  }

  close(): void {
    this.calls.push('close');
  }

  /** Takes the calls since the last time. */
  take(): string[] {
    return this.calls.splice(0);
  }
}

/** Creates a loop wait, with the waiters that it opens. */
function createLoop(isWorthLooking: (hasLooked: boolean) => boolean = () => false) {
  const waiters: Recorder[] = [];
  const loop = new LoopWait({
    open: (report) => {
      const waiter = new Recorder(report);
      waiters.push(waiter);
      return waiter;
    },
    isWorthLooking,
  });
  const latest = () => {
    const waiter = waiters.at(-1);
    if (waiter === undefined) throw new Error('no waiter was opened');
    return waiter;
  };
  return { loop, waiters, latest };
}

describe('LoopWait', () => {
  test('opens its waiter when it is first needed, and looks when that reports', () => {
    const { loop, waiters, latest } = createLoop();
    let looks = 0;
    loop.begin(() => (looks += 1));
    expect(waiters).toHaveLength(0);
    loop.start();
    latest().report();
    loop.start();
    expect(looks).toBe(1);
    expect(waiters).toHaveLength(1);
    expect(latest().take()).toEqual(['ref', 'start', 'start']);
  });

  test('looks at the next turn, without the waiter, if that is worth it', async () => {
    const { loop, waiters } = createLoop((hasLooked) => !hasLooked);
    let looks = 0;
    loop.begin(() => {
      looks += 1;
      loop.start();
    });
    loop.start();
    expect(looks).toBe(0);
    await nextTurn();
    expect(looks).toBe(1);
    expect(waiters).toHaveLength(1);
  });

  test('a second wait is worth a look again', async () => {
    const { loop, waiters } = createLoop((hasLooked) => !hasLooked);
    for (const expected of [1, 2]) {
      let looks = expected - 1;
      loop.begin(() => {
        looks += 1;
        loop.end();
      });
      loop.start();
      await nextTurn();
      expect(looks).toBe(expected);
    }
    expect(waiters).toHaveLength(0);
  });

  test('looks once for all that ask before the next turn', async () => {
    const { loop } = createLoop();
    let looks = 0;
    loop.begin(() => (looks += 1));
    loop.lookSoon();
    loop.lookSoon();
    await nextTurn();
    await nextTurn();
    expect(looks).toBe(1);
  });

  test('a change during a look asks for no other one, because the look ends the wait or starts again', async () => {
    const { loop, latest } = createLoop();
    let looks = 0;
    loop.begin(() => {
      looks += 1;
      loop.lookSoon();
      loop.start();
    });
    loop.start();
    latest().report();
    await nextTurn();
    expect(looks).toBe(1);
  });

  test('nothing looks after the end: neither a report nor a look that was due', async () => {
    const { loop, latest } = createLoop();
    let looks = 0;
    loop.begin(() => (looks += 1));
    loop.start();
    loop.lookSoon();
    loop.end();
    latest().report();
    loop.lookSoon();
    loop.restart();
    await nextTurn();
    expect(looks).toBe(0);
    expect(loop.pending).toBe(false);
    expect(latest().take()).toEqual(['ref', 'start', 'stop']);
  });

  test('a look that was due for one wait is not made for the next', async () => {
    const { loop } = createLoop();
    let looks = 0;
    loop.begin(() => undefined);
    loop.lookSoon();
    loop.end();
    loop.begin(() => (looks += 1));
    await nextTurn();
    expect(looks).toBe(0);
  });

  test('replacing the waiter closes it, and starts another only for a wait under way', () => {
    const { loop, waiters, latest } = createLoop();
    loop.begin(() => undefined);
    loop.start();
    loop.replaceWaiter();
    expect(waiters.map(({ calls }) => calls)).toEqual([
      ['ref', 'start', 'close'],
      ['ref', 'start'],
    ]);
    loop.end();
    loop.replaceWaiter();
    expect(latest().calls.at(-1)).toBe('close');
    expect(waiters).toHaveLength(2);
  });

  test("the waiter is ref'd only while both the owner and its fds keep the process", () => {
    const { loop, latest } = createLoop();
    loop.setNeeded(false);
    loop.begin(() => undefined);
    loop.start();
    expect(latest().take()).toEqual(['unref', 'start']);
    loop.setNeeded(true);
    loop.unref();
    loop.setNeeded(false);
    loop.setNeeded(true);
    loop.ref();
    expect(latest().take()).toEqual(['ref', 'unref', 'unref', 'unref', 'ref']);
    expect(loop.hasRef()).toBe(true);
  });
});
