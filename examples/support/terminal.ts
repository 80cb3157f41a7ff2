/** The person at the terminal: prompts, lines out, lines in. Pipes and files do as well. */
import { readSync } from 'node:fs';
import { isatty } from 'node:tty';
import { selectSync } from 'fdmux';
import { write } from './print.js';

export const KEYBOARD = 0;

/** Lines that were read and not yet asked for, and the beginning of the next one: a pipe hands over many at once. */
const lines: string[] = [];
const decoder = new TextDecoder();
let unfinished = '';
let isPrompting = false;

/** Prints a line, on a line of its own even if a prompt stands there. */
export function say(line: string): void {
  write(`${isPrompting ? '\n' : ''}${line}\n`);
  isPrompting = false;
}

/** Prints what asks for a line, and leaves the cursor behind it. */
export function prompt(text: string): void {
  write(text);
  isPrompting = true;
}

/**
 * Reads once, and waits if nothing was typed.
 *
 * @returns the lines that are complete now; null if the keyboard has ended
 */
export function readLines(): string[] | null {
  const bytes = Buffer.alloc(4096);
  const count = readSync(KEYBOARD, bytes);
  const pieces = (unfinished + decoder.decode(bytes.subarray(0, count), { stream: count > 0 })).split(/\r?\n/);
  unfinished = count > 0 ? (pieces.pop() ?? '') : '';
  // A terminal shows what is typed, the Enter included; a pipe shows nothing.
  if (isatty(KEYBOARD)) isPrompting = false;
  const isEnd = count === 0 && pieces.every((piece) => piece === '');
  return isEnd ? null : pieces;
}

/**
 * Prints `question` and waits for a line, as Python's input() does.
 *
 * @returns the line without its end, or null if the keyboard has ended
 */
export function ask(question: string): string | null {
  prompt(question);
  while (lines.length === 0) {
    // The fd may be non-blocking, if the parent process made it so. A read then finds nothing unless we wait first.
    selectSync([KEYBOARD], [], [], null, { onSignal: 'retry' });
    const more = readLines();
    if (more === null) {
      write('\n'); // The shell's own prompt then starts on a line of its own.
      isPrompting = false;
      return null;
    }
    lines.push(...more);
  }
  return lines.shift() ?? null;
}
