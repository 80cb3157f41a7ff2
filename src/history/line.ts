/**
 * The text that people have read, line by line, as plain data: it can be kept, sent and read again without the chat.
 */
import { isChanges } from '../log/codec.js';
import type { SettingChange, Tag } from '../log/entry.js';

/** The owner of the lines of a shelf: a room (by the name of its log), an account, or a session without one. */
export type Shelf = `r:${string}` | `a:${string}` | `s:${string}`;

/** Returns the shelf of somebody's private messages. @param account - folded; null without one */
export function personalShelf(account: string | null, session: string): Shelf {
  return account === null ? `s:${session}` : `a:${account}`;
}

/** The kinds of lines. Those of speech are first; the others are events. */
export const LINE_KINDS = [
  'message',
  'notice',
  'signal',
  'join',
  'part',
  'quit',
  'kick',
  'nick',
  'topic',
  'mode',
  'rename',
] as const;
export type LineKind = (typeof LINE_KINDS)[number];

/** Whether a line of this kind is shown only to clients that can tell that an event is past. */
export function isEvent(kind: LineKind): boolean {
  return kind !== 'message' && kind !== 'notice';
}

/** Returns the changes of a line about modes; for a rank, the target is a nick. */
export function changesOf({ object }: Line): readonly SettingChange[] {
  try {
    const changes: unknown = object === null ? [] : JSON.parse(object);
    return isChanges(changes) ? changes : [];
  } catch {
    // Somebody has edited the file, or imported something: the lines around it are sent all the same.
    return [];
  }
}

/** Bits of {@link Line.bits}. */
export const LINE_BITS = {
  /** It was said by a program. */
  bot: 1,
  /** It may be sent in several parts if a protocol's lines are short. */
  divisible: 2,
} as const;

/** One line. */
export interface Line {
  /** The place of its entry in the log that it comes from: the number of the pack, and the place in that. */
  readonly seq: number;
  readonly part: number;
  readonly atMs: number;
  readonly kind: LineKind;
  /** The id that it was sent with. No two lines of a shelf have the same id. */
  readonly msgid: string;
  /** The folded nick of the other person in a conversation of two; null in a room. */
  readonly peer: string | null;
  /** The one who did it: `nick!user@host` as it was then; empty for the server. */
  readonly source: string;
  /** The account of the one who did it; null without one. */
  readonly account: string | null;
  /** The room's name or the recipient's nick, as it was then. */
  readonly target: string;
  /** The ranks that a message was for, as bits; 0 for everybody. */
  readonly ranks: number;
  /** The message, the reason or the topic. */
  readonly text: string;
  /** The tags of a message. */
  readonly tags: readonly Tag[];
  /** For a kick its nick, for a new nick that nick, for a new name the name before; for modes the changes. */
  readonly object: string | null;
  /** A set of {@link LINE_BITS}. */
  readonly bits: number;
}
