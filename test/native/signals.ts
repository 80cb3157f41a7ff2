import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { nextEvent } from '../support/deadline.js';

/**
 * Has another process send this one a signal every few milliseconds, until the test ends: a wait on this thread is then
 * sure to be interrupted, however long the machine takes.
 *
 * @returns the signal's name
 */
export function sendSignals(): 'SIGUSR2' {
  const name = 'SIGUSR2';
  const ignore = (): void => undefined;
  process.on(name, ignore);
  const child = spawn('/bin/sh', ['-c', `while kill -USR2 ${process.pid} 2>&-; do sleep 0.01; done`], {
    stdio: 'ignore',
  });
  onTestFinished(async () => {
    const exited = nextEvent(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    // Nothing more is on its way now, so that the default action cannot be met.
    process.off(name, ignore);
  });
  return name;
}
