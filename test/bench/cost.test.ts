/** The cost of a process: what the suites read of it. */
import { expect, test } from 'vitest';
import { isStopped } from '../../bench/support/cost.js';
import { until } from '../support/deadline.js';
import { start } from '../support/processes.js';

test('a process stands still when all of its threads do, whatever it is called', async () => {
  const code = "process.title = 'a) S b) T (c'; console.log('here'); setInterval(() => {}, 1)";
  const child = start(process.execPath, ['-e', code]);
  await child.line('here');
  expect(isStopped(child.pid)).toBe(false);
  child.kill('SIGSTOP');
  await until(() => isStopped(child.pid), 'it stands still');
  child.kill('SIGCONT');
  await until(() => !isStopped(child.pid), 'it goes on');
});
