/** Prints a line from any thread, at once. */
import { writeSync } from 'node:fs';
import { selectSync } from 'fdmux';

const SCREEN = 1;

/**
 * Writes a line to fd 1, which all threads of a process share. `console.log` in a worker asks the main thread to print
 * and waits for its reply in the worker's event loop: in a worker that blocks, only the first line would appear.
 */
export function print(line: string): void {
  for (let rest = Buffer.from(`${line}\n`); rest.length > 0;) {
    selectSync([], [SCREEN], [], null, { onSignal: 'retry' });
    rest = rest.subarray(writeSync(SCREEN, rest));
  }
}
