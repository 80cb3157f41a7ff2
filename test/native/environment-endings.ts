/** The ways in which an environment can end while the addon's waits are under way in it. */
import { describe, expect, test } from 'vitest';
import { hasLoopWatch } from '../support/runtime.js';
import { runChild } from './children/run.js';

export const clean = { status: 0, signal: null, stdout: 'clean\n', stderr: '' };

/** Defines the tests that end `workers` environments in each of the ways. */
export function testEnvironmentEndings(workers: number): void {
  describe.each([...(hasLoopWatch ? [['a loop watch', 'watch'] as const] : []), ['a wait thread', 'thread'] as const])(
    '%s under way',
    (_, kind) => {
      test.each([
        ['worker.terminate()', 'terminate'],
        ['process.exit() in the worker', 'exit'],
        ['the natural end of the worker', 'natural'],
      ])(`survives %s, ${workers} times`, { timeout: 300_000 }, (_, ending) => {
        expect(runChild('waits-under-way.cjs', kind, ending, String(workers))).toEqual(clean);
      });

      test('survives process.exit() in the main thread, with 10 workers waiting', () => {
        expect(runChild('waits-under-way.cjs', kind, 'main-exit', '10')).toEqual(clean);
      });
    },
  );
}
