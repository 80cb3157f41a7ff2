/** Prints above a line that is being typed. */
import { clearScreenDown, cursorTo, type Interface, moveCursor } from 'node:readline';

/**
 * Prints text in the place of the input, and the input again below it.
 *
 * @param lines - reads from the terminal
 * @param text - whole lines without the last newline
 */
export function showAbove(lines: Interface, output: NodeJS.WritableStream, text: string): void {
  // The input may have wrapped: it begins this many rows above the cursor.
  moveCursor(output, 0, -lines.getCursorPos().rows);
  cursorTo(output, 0);
  clearScreenDown(output);
  output.write(`${text}\n`);
  // Otherwise readline would go up by the rows that it drew last, over what has just been printed.
  Reflect.set(lines, 'prevRows', 0);
  lines.prompt(true);
}
