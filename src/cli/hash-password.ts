/** `fdmux hash-password`. */
import { createInterface } from 'node:readline/promises';
import { hashPassword } from '../accounts/password.js';
import { UsageError } from './usage-error.js';

/** Reads one line and prints its hash. @returns the exit code */
export async function hashPasswordCommand(): Promise<number> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  if (process.stdin.isTTY) process.stderr.write('Password (it will be shown): ');
  for await (const line of lines) {
    lines.close();
    if (line === '') break;
    process.stdout.write(`${await hashPassword(line)}\n`);
    return 0;
  }
  throw new UsageError('no password was given');
}
