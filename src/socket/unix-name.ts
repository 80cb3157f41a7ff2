/** Names of unix sockets as one line of text that can be read back, though they may be any bytes: unix(7). */
import { textOrBytes } from './path.js';

// Control characters and the separators of lines would break out of a line of a log or a terminal.
const UNSAFE = /[\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/gu;
const ESCAPE = /\\(?:\\|x([0-9a-f]{2}))/gi;

/** @param name text, or bytes that are not UTF-8 */
export function escapeName(name: string | Buffer): string {
  if (typeof name === 'string') return escapeText(name);
  let text = '';
  for (let start = 0; start < name.length;) {
    const length = characterLength(name, start);
    const character = name.subarray(start, start + Math.max(length, 1));
    text += length === 0 ? hexOf(character) : escapeText(character.toString());
    start += character.length;
  }
  return text;
}

/** Reads a text of {@link escapeName}. A backslash that begins no escape stands for itself. */
export function unescapeName(text: string): string | Buffer {
  if (!text.includes('\\')) return text;
  const parts: Buffer[] = [];
  let end = 0;
  for (const match of text.matchAll(ESCAPE)) {
    parts.push(Buffer.from(text.slice(end, match.index)));
    parts.push(match[1] === undefined ? Buffer.from('\\') : Buffer.from(match[1], 'hex'));
    end = match.index + match[0].length;
  }
  parts.push(Buffer.from(text.slice(end)));
  return textOrBytes(Buffer.concat(parts));
}

function escapeText(text: string): string {
  return text.replace(UNSAFE, (character) => (character === '\\' ? '\\\\' : hexOf(Buffer.from(character))));
}

function hexOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/../g, '\\x$&');
}

/** How many bytes of UTF-8 the character at `start` has; 0 if there is none. */
function characterLength(bytes: Buffer, start: number): number {
  for (let length = 1; length <= 4; length += 1) {
    const character = bytes.subarray(start, start + length);
    if (character.length === length && typeof textOrBytes(character) === 'string') return length;
  }
  return 0;
}
