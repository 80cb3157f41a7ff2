/** The multiplexer that runs by itself: what it makes of waits that fail. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import { SteadyMultiplexer } from '../../src/multiplexer/steady-multiplexer.js';
import { until } from '../support/deadline.js';

const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** Starts one whose waits fail, one after the other. */
function failing(...codes: readonly string[]): { steady: SteadyMultiplexer; told: string[]; waits: () => number } {
  const run = vi.spyOn(Multiplexer.prototype, 'run');
  for (const code of codes) run.mockRejectedValueOnce(failure(code));
  const told: string[] = [];
  const steady = new SteadyMultiplexer('poll', {
    waitFailed: ({ message }) => told.push(`failed ${message}`),
    givenUp: ({ message }) => told.push(`given up ${message}`),
  });
  steady.onError((error) => told.push(String(error)));
  onTestFinished(() => {
    steady.multiplexer.close();
    run.mockRestore();
  });
  return { steady, told, waits: () => run.mock.calls.length };
}

test('failures that pass are reported once, and it goes on until one lasts, which closes it', async () => {
  const { steady, told, waits } = failing('EMFILE', 'ENOMEM', 'EBADF');
  await until(() => steady.closed, 'the end');
  expect(told).toEqual(['Error: EMFILE', 'failed EMFILE', 'Error: EBADF', 'given up EBADF']);
  expect(waits()).toBe(3);
});

test('one that was closed is not waited for again', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { steady, told, waits } = failing('EMFILE', 'EMFILE');
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toHaveLength(2);
  steady.multiplexer.close();
  await vi.advanceTimersByTimeAsync(1000);
  expect(waits()).toBe(1);
});
