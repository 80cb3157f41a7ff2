/** Long texts in pieces that each fit one line, as the server counts: in bytes. */
import type { Features } from './features.js';

const utf8 = new TextEncoder();
/** A character as a reader sees it is not cut, unless the browser cannot find its ends. */
const graphemes = typeof Intl.Segmenter === 'function' ? new Intl.Segmenter() : null;

/** The length of a text in UTF-8. */
export const byteLength = (text: string): number => utf8.encode(text).length;

/**
 * Returns the bytes that a message to `target` may have. The server puts the sender's mask before the line, so the mask
 * counts, too.
 *
 * @param mask - the own `nick!user@host`; empty if it is not known yet
 */
export function messageBytes(features: Features, mask: string, nick: string, target: string): number {
  const longestMask = nick.length + '!'.length + features.userLength + '@'.length + features.hostLength;
  const maskBytes = mask === '' ? longestMask : byteLength(mask);
  return features.lineBytes - '\r\n'.length - ':'.length - maskBytes - byteLength(` PRIVMSG ${target} :`);
}

/**
 * Splits a text at its line ends, and where a line is longer than `maxBytes`: at a space if there is one in the second
 * half of the piece. Empty lines are left out.
 */
export function splitText(text: string, maxBytes: number): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .filter((line) => line.trim() !== '')
    .flatMap((line) => splitLine(line, maxBytes));
}

/** Splits a line if it is longer than `maxBytes`. The pieces together are the line again, spaces and all. */
export function cutExactly(line: string, maxBytes: number): string[] {
  return line === '' ? [''] : splitLine(line, maxBytes, true);
}

function splitLine(line: string, maxBytes: number, isExact = false): string[] {
  if (byteLength(line) <= maxBytes) return [line];
  const pieces: string[] = [];
  let piece = '';
  let bytes = 0;
  for (const character of charactersOf(line)) {
    const size = byteLength(character);
    if (bytes + size > maxBytes && piece !== '') {
      const end = wordEnd(piece);
      const cut = isExact && end < piece.length ? end + 1 : end;
      pieces.push(piece.slice(0, cut));
      piece = isExact ? piece.slice(cut) : piece.slice(cut).trimStart();
      bytes = byteLength(piece);
    }
    piece += character;
    bytes += size;
  }
  return piece === '' ? pieces : [...pieces, piece];
}

function wordEnd(piece: string): number {
  const space = piece.lastIndexOf(' ');
  return space > piece.length / 2 ? space : piece.length;
}

/** A cluster can have any number of marks; one that no line could hold is cut between its code points. */
function* charactersOf(line: string): Generator<string> {
  if (graphemes === null) {
    yield* line;
    return;
  }
  for (const { segment } of graphemes.segment(line)) {
    if (segment.length > 32) yield* segment;
    else yield segment;
  }
}
