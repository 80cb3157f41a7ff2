/** A client's line as a value: what the server takes from its tags, its command and parameters (IRCv3 message-tags). */
import { parseLine, unescapeTagValue } from './line.js';

/** One line from a client. */
export interface Message {
  /** The client-only tags (`+name` or `+name=value`) by name without the sign, values unescaped. */
  readonly clientTags: ReadonlyMap<string, string>;
  /** The value of the `label` tag, still escaped; null if there is none or it is too long. */
  readonly label: string | null;
  /** The batch that the line belongs to; null for none (IRCv3 client-batch). */
  readonly batch: string | null;
  /** Whether its text goes on in the line before (IRCv3 multiline). */
  readonly isConcat: boolean;
  /** In upper case. */
  readonly command: string;
  readonly params: readonly string[];
}

/** The longest line with CRLF but without its tags, in bytes (RFC 1459 section 2.3). */
export const MAX_LINE_BYTES = 512;
/** The longest tags section from a client, with `@` and the space after it (message-tags, "Size limit"). */
export const MAX_CLIENT_TAG_BYTES = 4096;
/** The most client-only tags of a line, and the most characters of the name of one: logs take no more. */
const MAX_CLIENT_TAGS = 64;
const MAX_TAG_NAME = 512;

/** The tags of a line without any. */
export const NO_TAGS: ReadonlyMap<string, string> = new Map();

/** Says that a line goes on where the one before was cut (IRCv3 multiline). */
export const CONCAT_TAG = 'draft/multiline-concat';

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
  const parsed = parseLine(line);
  if (parsed === null) return null;
  // A client has only one source, so the one that it writes means nothing (RFC 1459 section 2.3).
  const { tags, command, params } = parsed;
  if (tags === '') return { clientTags: NO_TAGS, label: null, batch: null, isConcat: false, command, params };
  return { ...parseTags(tags), command, params };
}

/** Whether a line has more client-only tags than a message can have, or one with a longer name. */
export function hasExcessiveTags({ clientTags }: Pick<Message, 'clientTags'>): boolean {
  if (clientTags.size === 0) return false;
  return clientTags.size > MAX_CLIENT_TAGS || [...clientTags.keys()].some(({ length }) => length > MAX_TAG_NAME);
}

function parseTags(section: string): Omit<Message, 'command' | 'params'> {
  // A repeated name counts once, with its last value (message-tags, "Rules for naming").
  const kept = new Map<string, string>();
  let label: string | null = null;
  let batch: string | null = null;
  let isConcat = false;
  for (const tag of section.split(';')) {
    if (tag.startsWith('label=')) label = tag.slice('label='.length);
    else if (tag.startsWith('batch=')) batch = tag.slice('batch='.length);
    else if (tag === CONCAT_TAG || tag === `${CONCAT_TAG}=`) isConcat = true;
    else if (CLIENT_TAG.test(tag)) keepTag(kept, tag.slice(1));
  }
  return { clientTags: kept, label: label !== null && isLabel(label) ? label : null, batch, isConcat };
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

/** Returns a parameter that is not the last; a word that cannot be one becomes `*`. */
export function middle(param: string): string {
  return param === '' || param.startsWith(':') || param.includes(' ') ? '*' : param;
}
