/**
 * Signals during waits that block: the assertions of CPython's _test_eintr.py (SelectEINTRTest) in this API, and those
 * of its test_selectors.py that are about signals.
 */
import { describe, expect, test } from 'vitest';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import { Epoll } from '../../src/readiness/epoll.js';
import { Poll, pollSync } from '../../src/readiness/poll.js';
import { selectSync } from '../../src/readiness/select.js';
import type { SyncWaitOptions } from '../../src/readiness/wait-options.js';
import { errorOf } from '../native/fds.js';
import { sendSignals } from '../native/signals.js';
import { until } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { callUntyped } from '../support/untyped.js';

/** Every wait that blocks, with nothing to wait for. */
const WAITS: readonly (readonly [
  name: string,
  wait: (timeoutMs: number, options?: SyncWaitOptions) => readonly unknown[],
])[] = [
  ['selectSync', (timeoutMs, options) => selectSync([], [], [], timeoutMs, options).readable],
  ['pollSync', (timeoutMs, options) => pollSync([], timeoutMs, options)],
  ['Poll.waitSync', (timeoutMs, options) => disposedAtEnd(new Poll()).waitSync(timeoutMs, options)],
  ['Epoll.waitSync', (timeoutMs, options) => disposedAtEnd(new Epoll()).waitSync(timeoutMs, options)],
  ...(['epoll', 'poll', 'select'] as const).map(
    (backend) =>
      [
        `Multiplexer.waitSync on ${backend}`,
        (timeoutMs: number, options?: SyncWaitOptions) =>
          disposedAtEnd(new Multiplexer({ backend })).waitSync(timeoutMs, options),
      ] as const,
  ),
];

describe.each(WAITS)('promise 8, signals; %s', (_, wait) => {
  test("with 'retry' it lasts to its timeout, whatever signals arrive", () => {
    sendSignals();
    const start = performance.now();
    expect(wait(200, { onSignal: 'retry' })).toEqual([]);
    expect(performance.now() - start).toBeGreaterThanOrEqual(200);
  });

  test(
    'by default it ends empty at the first signal, and process.on() runs at once',
    { tags: ['needs-signals'] },
    async () => {
      let handled = 0;
      const count = () => {
        handled += 1;
      };
      process.on('SIGUSR2', count);
      try {
        sendSignals();
        const start = performance.now();
        expect(wait(30_000)).toEqual([]);
        expect(performance.now() - start).toBeLessThan(15_000);
        await until(() => handled > 0, 'the signal');
      } finally {
        process.off('SIGUSR2', count);
      }
    },
  );

  test('a signal that sigmask blocks does not end it', { tags: ['needs-signals'] }, () => {
    const signal = sendSignals();
    const start = performance.now();
    expect(wait(100, { sigmask: [signal] })).toEqual([]);
    expect(performance.now() - start).toBeGreaterThanOrEqual(100);
  });

  test('a mask takes nothing but signals', () => {
    for (const sigmask of [[0], [65], [1.5], ['SIGNONE'], ['toString']]) {
      expect(errorOf(() => callUntyped({ wait }, 'wait', 0, { sigmask }))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
    for (const options of [{ sigmask: 'SIGINT' }, { sigmask: 2 }, { sigmask: [null] }, 1, null]) {
      expect(errorOf(() => callUntyped({ wait }, 'wait', 0, options))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    }
    expect(errorOf(() => callUntyped({ wait }, 'wait', 0, { onSignal: 'ignore' }))).toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
  });
});

test(
  'a signal handler that throws ends the program that waits',
  { tags: ['needs-signals', 'needs-signal-exceptions'] },
  async () => {
    const uncaught: unknown[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const collect = (error: unknown) => uncaught.push(error);
    process.on('uncaughtException', collect);
    const explode = () => {
      process.off('SIGUSR2', explode);
      throw new Error('from the signal handler');
    };
    try {
      process.on('SIGUSR2', explode);
      sendSignals();
      const start = performance.now();
      expect(disposedAtEnd(new Multiplexer()).waitSync(30_000)).toEqual([]);
      expect(performance.now() - start).toBeLessThan(5_000);
      await until(() => uncaught.length > 0, 'the exception');
      expect(uncaught).toEqual([new Error('from the signal handler')]);
    } finally {
      process.off('uncaughtException', collect);
      for (const listener of before) process.on('uncaughtException', listener);
    }
  },
);
