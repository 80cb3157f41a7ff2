import { describe, expect, it } from 'vitest';
import { hasLoopWatch } from '../support/runtime.js';
import { runChild } from './children/run.js';

/** FDMUX_STRESS=200 is the figure to trust; the default keeps the suite quick. */
const WORKERS = process.env['FDMUX_STRESS'] ?? '20';

const clean = { status: 0, signal: null, stdout: 'clean\n', stderr: '' };

describe.each([...(hasLoopWatch ? [['a loop watch', 'watch'] as const] : []), ['a wait thread', 'thread'] as const])(
  '%s under way',
  (_, kind) => {
    it.each([
      ['worker.terminate()', 'terminate'],
      ['process.exit() in the worker', 'exit'],
      ['the natural end of the worker', 'natural'],
    ])(`survives %s, ${WORKERS} times`, { timeout: 300_000 }, (_, ending) => {
      expect(runChild('waits-under-way.cjs', kind, ending, WORKERS)).toEqual(clean);
    });

    it('survives process.exit() in the main thread, with 10 workers waiting', () => {
      expect(runChild('waits-under-way.cjs', kind, 'main-exit', '10')).toEqual(clean);
    });
  },
);

describe('the addon', () => {
  it('makes every call, in the main thread and in a worker, and leaves nothing behind', () => {
    expect(runChild('every-call.cjs')).toEqual({ ...clean, stdout: '' });
  });
});
