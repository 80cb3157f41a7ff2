/** Answers of the server's history, which arrive as batches (IRCv3 chathistory, `soju.im/search`). */
import { isRoomName } from '../irc/features.js';
import type { Incoming } from '../irc/incoming.js';
import { changed, keyOf, opened } from './conversations.js';
import { recounted } from './marks.js';
import { merged } from './merge.js';
import type { HistoryRequest, Line, OpenAnswer, State } from './model.js';
import { linesOf, withRedactions } from './playback.js';
import { handleOther } from './received-replies.js';
import type { Handler } from './reception.js';
import { latestWanted, placeWanted } from './scrollback.js';
import { withHits } from './search.js';

const CHATHISTORY = 'chathistory';
const TARGETS = 'draft/chathistory-targets';
const SEARCH = 'soju.im/search';

/**
 * Takes a line that opens, fills or ends an answer.
 *
 * @returns the state after it; null for any other line
 */
export function withAnswer(state: State, line: Incoming): State | null {
  const { command, params, tags } = line;
  const [first = '', type = '', target = ''] = params;
  const isBatch = command === 'BATCH';
  if (isBatch && first.startsWith('+') && isAwaited(state, type, target)) {
    return withOpen(state, first.slice(1), { type, target, messages: [] });
  }
  const reference = isBatch && first.startsWith('-') ? first.slice(1) : (tags.get('batch') ?? '');
  const answer = state.answers.get(reference);
  if (answer === undefined) return null;
  if (!isBatch) return withOpen(state, reference, { ...answer, messages: [...answer.messages, line] });
  return first.startsWith('-') ? finished(withOpen(state, reference, null), answer) : state;
}

/** Lines of the history that nobody has asked for are lines like others. */
function isAwaited(state: State, type: string, target: string): boolean {
  if (type === CHATHISTORY) return (state.conversations.get(keyOf(state, target))?.request ?? null) !== null;
  return type === TARGETS || type === SEARCH;
}

/** @param answer - what has arrived of it; null if it has ended */
function withOpen(state: State, reference: string, answer: OpenAnswer | null): State {
  const answers = new Map(state.answers);
  if (answer === null) answers.delete(reference);
  else answers.set(reference, answer);
  return { ...state, answers };
}

function finished(state: State, { type, target, messages }: OpenAnswer): State {
  switch (type) {
    case CHATHISTORY:
      return withHistory(state, keyOf(state, target), messages);
    case SEARCH:
      return withHits(state, messages);
    default:
      return withPeople(state, messages);
  }
}

function withHistory(state: State, key: string, messages: readonly Incoming[]): State {
  const conversation = state.conversations.get(key);
  const request = conversation?.request ?? null;
  if (conversation === undefined || request === null) return state;
  const answer = linesOf(state, messages);
  const { lines, isWhole } = merged(conversation, request, answer, messages.length < request.limit);
  const isTop = answer.length === 0 ? request.verb === 'BEFORE' : lines[0]?.id === answer[0]?.id;
  const next = changed({ ...state, nextId: state.nextId + messages.length }, key, (was) => ({
    lines: withRedactions(lines, messages),
    isWhole,
    isLoaded: was.isLoaded || request.verb === 'LATEST',
    earliest: isTop ? (messages[0]?.tags.get('msgid') ?? was.earliest) : was.earliest,
    request: null,
  }));
  return soughtAgain(
    request.verb === 'LATEST' ? recounted(withBaseline(next, key, conversation.lines), key) : next,
    key,
    request,
  );
}

/** Of a room that the user has never read, what was said before it joined is not news. */
function withBaseline(state: State, key: string, before: readonly Line[]): State {
  return changed(state, key, ({ kind, readAtMs, lines }) => {
    if (kind !== 'room' || readAtMs >= 0) return {};
    const known = new Set(before.map(({ id }) => id));
    return { readAtMs: lines.findLast(({ id }) => !known.has(id))?.atMs ?? 0 };
  });
}

/** Goes on looking for a message if this answer was for something else; gives up if it was for the message. */
function soughtAgain(state: State, key: string, { verb }: HistoryRequest): State {
  const { sought = '', lines = [] } = state.conversations.get(key) ?? {};
  if (sought === '' || lines.some(({ messageId }) => messageId === sought)) return state;
  return verb === 'AROUND' ? changed(state, key, () => ({ sought: '' })) : placeWanted(state, key, sought);
}

/** Opens the conversations with people, and asks for what was said there since. */
function withPeople(state: State, messages: readonly Incoming[]): State {
  let next = state;
  const silent = new Set(
    [...state.conversations.values()].flatMap(({ kind, key }) => (kind === 'private' ? [key] : [])),
  );
  for (const { params } of messages) {
    const [, name = '', time = ''] = params;
    if (name === '' || isRoomName(state.features, name)) continue;
    const key = keyOf(state, name);
    next = opened(next, name);
    const last = next.conversations.get(key)?.lines.findLast(({ messageId }) => messageId !== '');
    if (last !== undefined && Date.parse(time) <= last.atMs) continue;
    silent.delete(key);
    next = latestWanted(next, key);
  }
  for (const key of silent) next = withoutGap(next, key);
  return next;
}

/** If nothing was said meanwhile, nothing is missing. */
function withoutGap(state: State, key: string): State {
  return changed(state, key, ({ lines }) => ({ lines: lines.filter(({ body }) => body.kind !== 'gap') }));
}

/** Lines that cannot be had are not asked for again until the user asks for them. */
const refused: Handler = (state, reception) => {
  const { message } = reception;
  const key = message.params.map((param) => keyOf(state, param)).find((each) => isWaiting(state, each));
  if (key === undefined) return handleOther(state, reception);
  // The conversation is not the user's to read, or is too new to have a history.
  const isClosed = message.params[1] === 'INVALID_TARGET';
  return changed(state, key, (was) => ({ request: null, sought: '', isWhole: was.isWhole || isClosed }));
};

function isWaiting(state: State, key: string): boolean {
  return (state.conversations.get(key)?.request ?? null) !== null;
}

export const HANDLERS: Readonly<Record<string, Handler>> = { 'FAIL CHATHISTORY': refused };
