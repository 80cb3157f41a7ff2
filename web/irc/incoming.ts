/** A line from the server, with its tags unescaped and its source taken apart. */
import { parseLine, unescapeTagValue } from '../../src/protocol/irc/line.js';

export interface Incoming {
  /** By name; a client-only tag keeps its `+`. A tag without a value has the empty string. */
  readonly tags: ReadonlyMap<string, string>;
  /** `nick!user@host`, or the name of a server; empty if the line does not say. */
  readonly source: string;
  /** The source's part before `!`: a nick, or the name of a server. */
  readonly nick: string;
  /** In upper case, or three digits. */
  readonly command: string;
  readonly params: readonly string[];
}

/** Parses a line; null if it contains no command. */
export function parseIncoming(text: string): Incoming | null {
  const line = parseLine(text.replace(/[\r\n\0]+/g, ''));
  if (line === null) return null;
  const { source, command, params } = line;
  return { tags: parseTags(line.tags), source, nick: nickOf(source), command, params };
}

/** Returns the nick of `nick!user@host`. */
export function nickOf(source: string): string {
  return source.split('!', 1)[0] ?? '';
}

/** Returns when a line was sent: the server's time if it gives one (IRCv3 server-time), else the given time. */
export function timeOf({ tags }: Incoming, nowMs: number): number {
  const sentMs = Date.parse(tags.get('time') ?? '');
  return Number.isNaN(sentMs) ? nowMs : sentMs;
}

function parseTags(section: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  if (section === '') return tags;
  for (const tag of section.split(';')) {
    const at = tag.indexOf('=');
    if (at < 0) tags.set(tag, '');
    else tags.set(tag.slice(0, at), unescapeTagValue(tag.slice(at + 1)));
  }
  return tags;
}
