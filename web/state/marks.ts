/** How far the user has read, here and on other devices (IRCv3 read-marker). */
import { formatLine } from '../irc/outgoing.js';
import { changed, keyOf, read } from './conversations.js';
import type { Conversation, Line, State } from './model.js';
import type { Handler } from './reception.js';
import { hasMarkers } from './scrollback.js';

/** Counts again what is unread, when lines have arrived from the history or the user has read elsewhere. */
export function recounted(state: State, key: string): State {
  const next = changed(state, key, (was) => {
    const unread = was.lines.filter((line) => isUnread(line, readUpTo(was)));
    return {
      unread: unread.length,
      mentions: unread.filter(({ body }) => was.kind === 'private' || (body.kind === 'message' && body.isMention))
        .length,
      firstNewId: unread[0]?.id ?? -1,
    };
  });
  return read(next);
}

/** Without a marker, a person was answered up to the user's last words. */
function readUpTo({ readAtMs, lines }: Conversation): number {
  if (readAtMs >= 0) return readAtMs;
  return lines.findLast(({ body }) => body.kind === 'message' && body.isOwn)?.atMs ?? 0;
}

const isUnread = ({ atMs, body }: Line, readAtMs: number): boolean =>
  body.kind === 'message' && !body.isOwn && atMs > readAtMs;

/** Another device has read, or the server says how far the user was. */
const marked: Handler = (state, { param }) => {
  const key = keyOf(state, param(0));
  const atMs = Date.parse(param(1).replace(/^timestamp=/, ''));
  const was = state.conversations.get(key);
  if (was === undefined || Number.isNaN(atMs)) return state;
  const isNews = atMs > was.readAtMs;
  const next = changed(state, key, () => ({ markedAtMs: atMs, readAtMs: Math.max(atMs, was.readAtMs) }));
  const isSeen = state.isAttended && state.current === key;
  return isNews && !isSeen && was.lines.length > 0 ? recounted(next, key) : next;
};

/** Whether the server does not know yet how far the user has read. */
export function hasNewMarks(state: State): boolean {
  return hasMarkers(state) && state.link.kind === 'online' && [...state.conversations.values()].some(isAhead);
}

const isAhead = ({ kind, readAtMs, markedAtMs }: Conversation): boolean =>
  kind !== 'server' && readAtMs > Math.max(0, markedAtMs);

/** Returns the lines that report to the server how far the user has read. */
export function markLines(state: State): string[] {
  return [...state.conversations.values()]
    .filter(isAhead)
    .map(({ name, readAtMs }) => formatLine('MARKREAD', [name, `timestamp=${new Date(readAtMs).toISOString()}`]));
}

/** The state after that. */
export function withMarks(state: State): State {
  let next = state;
  for (const [key, each] of state.conversations) {
    if (isAhead(each)) next = changed(next, key, ({ readAtMs }) => ({ markedAtMs: readAtMs }));
  }
  return next;
}

export const HANDLERS: Readonly<Record<string, Handler>> = { MARKREAD: marked, 'FAIL MARKREAD': (state) => state };
