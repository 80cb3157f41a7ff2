/**
 * The words of an IRC line (RFC 1459 section 2.3.1, IRCv3 message-tags). The web page is built with this module too, so
 * it imports nothing and needs no Node.js.
 */

/** A line taken apart. Nothing in it is judged or unescaped. */
export interface Line {
  /** The tags section without its `@`; empty if there is none. */
  readonly tags: string;
  /** The sender, without the colon; empty if the line does not say. */
  readonly source: string;
  /** In upper case. */
  readonly command: string;
  readonly params: readonly string[];
}

const COLON = 0x3a;
/** The most parameters; the last takes the rest of the line (RFC 1459 section 2.3). */
const MAX_PARAMS = 15;

/**
 * Takes a line apart.
 *
 * @param line - one line without its ending
 * @returns null if it contains no command: such a line is ignored
 */
export function parseLine(line: string): Line | null {
  let at = 0;
  let tags = '';
  let source = '';
  if (line.startsWith('@')) {
    const space = line.indexOf(' ');
    if (space < 0) return null;
    tags = line.slice(1, space);
    at = space;
  }
  at = skipSpaces(line, at);
  if (line[at] === ':') {
    const space = line.indexOf(' ', at);
    if (space < 0) return null;
    source = line.slice(at + 1, space);
    at = skipSpaces(line, space);
  }
  const commandEnd = endOfWord(line, at);
  if (commandEnd === at) return null;
  const command = upperCase(line.slice(at, commandEnd));
  return { tags, source, command, params: paramsOf(line, skipSpaces(line, commandEnd)) };
}

/** Lists of up to two are written out: to grow a list, V8 makes room for seventeen. */
function paramsOf(line: string, start: number): string[] {
  if (start >= line.length) return [];
  const firstEnd = endOfParam(line, start, 0);
  const first = paramAt(line, start, firstEnd);
  const next = skipSpaces(line, firstEnd);
  if (next >= line.length) return [first];
  let end = endOfParam(line, next, 1);
  const params = [first, paramAt(line, next, end)];
  for (let at = skipSpaces(line, end); at < line.length; at = skipSpaces(line, end)) {
    end = endOfParam(line, at, params.length);
    params.push(paramAt(line, at, end));
  }
  return params;
}

/** The end of a parameter: that of the line for the last one. @param count - how many are before it */
function endOfParam(line: string, at: number, count: number): number {
  return line.charCodeAt(at) === COLON || count === MAX_PARAMS - 1 ? line.length : endOfWord(line, at);
}

function paramAt(line: string, at: number, end: number): string {
  return line.slice(line.charCodeAt(at) === COLON ? at + 1 : at, end);
}

function skipSpaces(line: string, at: number): number {
  let next = at;
  while (line[next] === ' ') next += 1;
  return next;
}

function endOfWord(line: string, at: number): number {
  const space = line.indexOf(' ', at);
  return space < 0 ? line.length : space;
}

const LAST_UPPER_CASE = 0x5a;

/** Programs write commands in upper case, so that V8, which goes a long way to change a text, need not change it. */
function upperCase(word: string): string {
  for (let at = 0; at < word.length; at += 1) if (word.charCodeAt(at) > LAST_UPPER_CASE) return word.toUpperCase();
  return word;
}

const TAG_ESCAPES: Readonly<Record<string, string>> = {
  ';': '\\:',
  ' ': '\\s',
  '\\': '\\\\',
  '\r': '\\r',
  '\n': '\\n',
};

const TAG_CHARACTERS: Readonly<Record<string, string>> = { ':': ';', s: ' ', r: '\r', n: '\n' };

/** A backslash before any other character, or at the end, is dropped (message-tags, "Escaping values"). */
export function unescapeTagValue(value: string): string {
  return value.replace(/\\(.?)/g, (_, character: string) => TAG_CHARACTERS[character] ?? character);
}

/** Escapes a tag's value (message-tags, "Escaping values"). */
export function escapeTagValue(value: string): string {
  return value.replace(/[; \\\r\n]/g, (character) => TAG_ESCAPES[character] ?? character);
}
