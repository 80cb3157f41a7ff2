import { describe, expect, test } from 'vitest';
import { terminatesBusyWorkers } from '../support/runtime.js';
import { runChild } from './children/run.js';
import { clean, testEnvironmentEndings } from './environment-endings.js';

testEnvironmentEndings(4);

describe('the addon', () => {
  test.runIf(terminatesBusyWorkers)(
    'survives the termination of workers whose calls are about to throw',
    { tags: ['needs-worker-terminate'] },
    () => {
      expect(runChild('failing-calls.cjs', '4')).toEqual(clean);
    },
  );

  test('makes every call, in the main thread and in a worker, and leaves nothing behind', () => {
    expect(runChild('every-call.cjs')).toEqual({ ...clean, stdout: '' });
  });

  const title = 'closes no eventfd of another thread when a worker ends that had the number before';

  test(title, { tags: ['needs-fs-of-fds'] }, () => {
    expect(runChild('foreign-eventfd.cjs')).toEqual({ ...clean, stdout: 'kept cleaned up\n' });
  });
});
