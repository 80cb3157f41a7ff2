/** How a child process ended, in words. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** How much of a child's standard error is shown. */
const TAIL_BYTES = 2048;
/** A peer sees a connection end a moment before the exit is known. */
const EXIT_MS = 500;

/**
 * The standard error of a child. It goes to a file without a name: a pipe would have to be read while the child is
 * measured, and each write would wake this process.
 */
export class ErrorOutput {
  /** For `stdio` of spawn. */
  readonly fd: number;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'fdmux-bench-'));
    try {
      this.fd = openSync(join(folder, 'stderr'), 'a+');
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Returns the last lines, in one. */
  tail(): string {
    const bytes = Buffer.alloc(TAIL_BYTES);
    const length = readSync(this.fd, bytes, 0, TAIL_BYTES, Math.max(0, fstatSync(this.fd).size - TAIL_BYTES));
    return bytes
      .toString('utf8', 0, length)
      .trim()
      .split(/\s*\n\s*/)
      .join(' / ');
  }

  close(): void {
    closeSync(this.fd);
  }
}

export function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** Waits for a child that is about to end, and returns its signal or exit code, and the end of its standard error. */
export async function howItEnded(child: ChildProcess, output: ErrorOutput): Promise<string> {
  if (isRunning(child)) await Promise.race([once(child, 'exit'), delay(EXIT_MS)]);
  const said = output.tail();
  return `${ending(child)}, ${said === '' ? 'nothing on stderr' : `stderr ends with '${said}'`}`;
}

function ending({ exitCode, signalCode }: ChildProcess): string {
  if (signalCode !== null) return `signal ${signalCode}`;
  return exitCode === null ? 'still running' : `exit code ${exitCode}`;
}
