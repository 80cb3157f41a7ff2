/** The IRC line as a value: tags, source, command, parameters (RFC 1459 section 2.3.1, IRCv3 message-tags). */

/** One line from a client. */
export interface Message {
  /** The client-only tags (`+name` or `+name=value`) by name without the sign, values unescaped. */
  readonly clientTags: ReadonlyMap<string, string>;
  /** The value of the `label` tag, still escaped; null if there is none or it is too long. */
  readonly label: string | null;
  /** In upper case. */
  readonly command: string;
  readonly params: readonly string[];
}

/** The longest line with CRLF but without its tags, in bytes (RFC 1459 section 2.3). */
export const MAX_LINE_BYTES = 512;
/** The longest tags section from a client, with `@` and the space after it (message-tags, "Size limit"). */
export const MAX_CLIENT_TAG_BYTES = 4096;

/** The tags of a line without any. */
export const NO_TAGS: ReadonlyMap<string, string> = new Map();

/** The most parameters; the last takes the rest of the line (RFC 1459 section 2.3). */
const MAX_PARAMS = 15;
/** A label is opaque, at most 64 bytes (labeled-response). */
const MAX_LABEL_BYTES = 64;
const CLIENT_TAG = /^\+(?:[a-z0-9.-]+\/)?[a-z0-9-]+(?:=[^\0\r\n; ]*)?$/i;

/**
 * Parses a line.
 *
 * @param line - one line without its ending
 * @returns null if it contains no command: such a line is ignored
 */
export function parseMessage(line: string): Message | null {
  let at = 0;
  let clientTags = NO_TAGS;
  let label: string | null = null;
  if (line.startsWith('@')) {
    const space = line.indexOf(' ');
    if (space < 0) return null;
    ({ clientTags, label } = parseTags(line.slice(1, space)));
    at = space;
  }
  at = skipSpaces(line, at);
  if (line[at] === ':') {
    // A client has only one source, so the one that it writes means nothing (RFC 1459 section 2.3).
    const space = line.indexOf(' ', at);
    if (space < 0) return null;
    at = skipSpaces(line, space);
  }
  const commandEnd = endOfWord(line, at);
  if (commandEnd === at) return null;
  const command = line.slice(at, commandEnd).toUpperCase();
  const params: string[] = [];
  at = skipSpaces(line, commandEnd);
  while (at < line.length) {
    if (line[at] === ':' || params.length === MAX_PARAMS - 1) {
      params.push(line.slice(line[at] === ':' ? at + 1 : at));
      break;
    }
    const end = endOfWord(line, at);
    params.push(line.slice(at, end));
    at = skipSpaces(line, end);
  }
  return { clientTags, label, command, params };
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

function parseTags(section: string): { clientTags: ReadonlyMap<string, string>; label: string | null } {
  // A repeated name counts once, with its last value (message-tags, "Rules for naming").
  const kept = new Map<string, string>();
  let label: string | null = null;
  for (const tag of section.split(';')) {
    if (tag.startsWith('label=')) label = tag.slice('label='.length);
    else if (CLIENT_TAG.test(tag)) keepTag(kept, tag.slice(1));
  }
  return { clientTags: kept, label: label !== null && isLabel(label) ? label : null };
}

/** Whether a label can be returned as it was sent: part of one would match no command of the client. */
function isLabel(label: string): boolean {
  const bytes = Buffer.byteLength(label.replace(/\\./g, '_'), 'utf8');
  return bytes > 0 && bytes <= MAX_LABEL_BYTES && !label.includes('\ufffd');
}

function keepTag(kept: Map<string, string>, tag: string): void {
  const at = tag.indexOf('=');
  if (at < 0) kept.set(tag, '');
  else kept.set(tag.slice(0, at), unescapeTagValue(tag.slice(at + 1)));
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
function unescapeTagValue(value: string): string {
  return value.replace(/\\(.?)/g, (_, character: string) => TAG_CHARACTERS[character] ?? character);
}

/** Escapes a tag's value (message-tags, "Escaping values"). */
export function escapeTagValue(value: string): string {
  return value.replace(/[; \\\r\n]/g, (character) => TAG_ESCAPES[character] ?? character);
}

/** Returns a parameter that is not the last; a word that cannot be one becomes `*`. */
export function middle(param: string): string {
  return param === '' || param.startsWith(':') || param.includes(' ') ? '*' : param;
}
