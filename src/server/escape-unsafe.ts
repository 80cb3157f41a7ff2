/** Text that others have written, for a terminal or a log. */

// Controls (C0, DEL and C1), line and paragraph separators, and characters that are invisible or change the direction
// of text.
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/gu;

/**
 * Escapes, like JSON, characters that could act on the terminal or the program that shows the log. In a line of JSON
 * they occur only within strings, so its meaning stays the same.
 */
export function escapeUnsafe(line: string): string {
  return line.replace(UNSAFE, (character) =>
    // Code units: a character beyond the basic plane becomes two escapes.
    Array.from({ length: character.length }, (_, at) => {
      return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
    }).join(''),
  );
}
