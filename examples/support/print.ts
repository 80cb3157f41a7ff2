/** Writes to the terminal from any thread, at once. */
import { writeSync } from 'node:fs';
import { selectSync } from 'fdmux';

const SCREEN = 1;

/**
 * Writes to fd 1, which all threads of a process share. `process.stdout` and `console.log` need the event loop for what
 * a pipe does not take at once, and in a worker for everything but the first line. In a thread that blocks, the rest
 * would never appear.
 */
export function write(text: string | Uint8Array): void {
  for (let rest = Buffer.from(text); rest.length > 0;) {
    selectSync([], [SCREEN], [], null, { onSignal: 'retry' });
    rest = rest.subarray(writeSync(SCREEN, rest));
  }
}

export const print = (line: string): void => write(`${line}\n`);
