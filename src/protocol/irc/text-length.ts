/** Cuts text to a number of bytes, between two characters. */
import { type Charset, encodeText } from '../charset.js';

/** No charset of ours takes more bytes for a code unit. */
export const MAX_BYTES_PER_UNIT = 3;

/** Returns the number of bytes of a text in a charset. */
export function byteLength(text: string, charset: Charset): number {
  return charset === 'utf-8' ? Buffer.byteLength(text, 'utf8') : encodeText(text, charset).length;
}

/** Returns where to cut a text so that the first part has at most so many bytes. */
function cutIndex(text: string, maxBytes: number, charset: Charset): number {
  if (text.length * MAX_BYTES_PER_UNIT <= maxBytes || byteLength(text, charset) <= maxBytes) return text.length;
  let bytes = 0;
  let index = 0;
  for (const character of text) {
    bytes += byteLength(character, charset);
    if (bytes > maxBytes) break;
    index += character.length;
  }
  return index;
}

/** Returns the longest beginning of a text that fits. */
export function cutToBytes(text: string, maxBytes: number, charset: Charset = 'utf-8'): string {
  return text.slice(0, cutIndex(text, maxBytes, charset));
}

/** Cuts a text into pieces that each fit; a text that fits is one piece, even if it is empty. */
export function splitByBytes(text: string, maxBytes: number, charset: Charset): string[] {
  const pieces: string[] = [];
  let rest = text;
  do {
    // At least one character, so that the loop ends even if the limit is absurd.
    const at = Math.max(cutIndex(rest, maxBytes, charset), Math.min(1, rest.length));
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at);
  } while (rest !== '');
  return pieces;
}

/** Joins words with a separator into as few lines as fit. */
export function* packWords(words: Iterable<string>, maxBytes: number, separator = ' '): Generator<string, void> {
  for (const line of packWordsInSteps(words, maxBytes, separator)) if (line !== null) yield line;
}

/** A look at a word costs less than a step. */
const WORDS_PER_STEP = 8;

/**
 * The same in steps of a few words each.
 *
 * @param words - null stands for a look that has found no word
 * @returns null for each step that has filled no line
 */
export function* packWordsInSteps(
  words: Iterable<string | null>,
  maxBytes: number,
  separator = ' ',
): Generator<string | null, void> {
  let line = '';
  let bytes = 0;
  let looks = 0;
  for (const word of words) {
    looks += 1;
    if (looks % WORDS_PER_STEP === 0) yield null;
    if (word === null) continue;
    const wordBytes = Buffer.byteLength(word, 'utf8');
    if (line !== '' && bytes + separator.length + wordBytes > maxBytes) {
      yield line;
      line = '';
      bytes = 0;
    }
    bytes += (line === '' ? 0 : separator.length) + wordBytes;
    line = line === '' ? word : `${line}${separator}${word}`;
  }
  if (line !== '') yield line;
}
