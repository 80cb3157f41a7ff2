/** The small changes that all others are made of: a conversation opens, closes, gets a line. */
import { foldName, isRoomName } from '../irc/features.js';
import {
  type Conversation,
  emptyConversation,
  type Line,
  type LineBody,
  MAX_LINES,
  type Member,
  SERVER_KEY,
  type Stamp,
  type State,
} from './model.js';

/** The key of the conversation with this name. */
export const keyOf = (state: State, name: string): string => foldName(state.features, name);

/** Changes one conversation; nothing happens if there is none with this key. */
export function changed(state: State, key: string, change: (was: Conversation) => Partial<Conversation>): State {
  const was = state.conversations.get(key);
  if (was === undefined) return state;
  const conversations = new Map(state.conversations);
  conversations.set(key, { ...was, ...change(was) });
  return { ...state, conversations };
}

/** Opens the conversation with this name unless there is one. */
export function opened(state: State, name: string): State {
  const key = keyOf(state, name);
  if (key === SERVER_KEY || state.conversations.has(key)) return state;
  const kind = isRoomName(state.features, name) ? 'room' : 'private';
  const conversations = new Map(state.conversations);
  conversations.set(key, emptyConversation(key, kind, name));
  return { ...state, conversations };
}

/** Closes a conversation; its neighbour is shown instead of it. */
export function closed(state: State, key: string): State {
  if (key === SERVER_KEY || !state.conversations.has(key)) return state;
  const keys = orderedKeys(state);
  const at = keys.indexOf(key);
  const conversations = new Map(state.conversations);
  conversations.delete(key);
  const next = { ...state, conversations };
  return state.current === key ? shown(next, keys[at + 1] ?? keys[at - 1] ?? SERVER_KEY) : next;
}

const PLACES = { server: 0, room: 1, private: 2 } as const;

/** The keys as the list of conversations shows them: the server, the rooms, then people, each by name. */
export function orderedKeys({ conversations }: State): string[] {
  return [...conversations.values()]
    .sort((a, b) => PLACES[a.kind] - PLACES[b.kind] || a.key.localeCompare(b.key))
    .map(({ key }) => key);
}

/** Shows a conversation: it is read, and the one before has no "new" mark when it is shown again. */
export function shown(state: State, key: string): State {
  if (!state.conversations.has(key)) return state;
  const left = state.current === key ? state : changed(state, state.current, () => ({ firstNewId: -1 }));
  return read({ ...left, current: key });
}

/** The current conversation is read if the user sees it. */
export function read(state: State): State {
  const current = state.conversations.get(state.current);
  if (current === undefined || !state.isAttended || (current.unread === 0 && current.mentions === 0)) return state;
  const readAtMs = current.lines.reduce(
    (latest, { atMs, body }) => (body.kind === 'message' ? Math.max(latest, atMs) : latest),
    current.readAtMs,
  );
  return changed(state, state.current, () => ({ unread: 0, mentions: 0, readAtMs }));
}

/** The meaning of a line to a user who does not see it. */
export type Weight = 'none' | 'unread' | 'mention';

/** Adds a line to a conversation. */
export function withLine(state: State, key: string, stamp: Stamp, body: LineBody, weight: Weight = 'none'): State {
  if (!state.conversations.has(key)) return state;
  const line: Line = { ...stamp, id: state.nextId, body };
  const isSeen = state.isAttended && state.current === key;
  const next = changed(state, key, (was) => ({
    lines: [...was.lines.slice(Math.max(0, was.lines.length + 1 - MAX_LINES)), line],
    ...(was.lines.length < MAX_LINES ? {} : { isWhole: false, earliest: '' }),
    ...(weight === 'none'
      ? {}
      : isSeen
        ? // What the user has read before is not known until the history has answered.
          { readAtMs: was.request?.verb === 'LATEST' ? was.readAtMs : Math.max(was.readAtMs, stamp.atMs) }
        : {
            unread: was.unread + 1,
            mentions: was.mentions + (weight === 'mention' ? 1 : 0),
            firstNewId: was.unread === 0 ? line.id : was.firstNewId,
          }),
  }));
  return { ...next, nextId: state.nextId + 1 };
}

/** Changes the newest line that `matches`; null if there is none. */
export function withChangedLine(
  state: State,
  key: string,
  matches: (line: Line) => boolean,
  change: (line: Line) => Line,
): State | null {
  const lines = [...(state.conversations.get(key)?.lines ?? [])];
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const line = lines[at];
    if (line === undefined || !matches(line)) continue;
    lines[at] = change(line);
    return changed(state, key, () => ({ lines }));
  }
  return null;
}

/** Changes what a room knows about a member; nothing happens if it knows none of this nick. */
export function withMember(state: State, key: string, nick: string, change: (was: Member) => Member | null): State {
  const memberKey = keyOf(state, nick);
  const was = state.conversations.get(key)?.members.get(memberKey);
  if (was === undefined) return state;
  const member = change(was);
  return changed(state, key, ({ members }) => {
    const next = new Map(members);
    next.delete(memberKey);
    if (member !== null) next.set(keyOf(state, member.nick), member);
    return { members: next };
  });
}

/** The keys of the rooms that a nick is in. */
export function roomsOf(state: State, nick: string): string[] {
  const memberKey = keyOf(state, nick);
  return [...state.conversations.values()].filter(({ members }) => members.has(memberKey)).map(({ key }) => key);
}
