/** The questions of the page to the server's history: which lines, and next to which lines of the log they belong. */
import { formatLine } from '../irc/outgoing.js';
import { changed } from './conversations.js';
import type { Conversation, HistoryRequest, Line, State } from './model.js';

/** The lines that one answer may have, if the server allows as many. */
const PAGE_LINES = 100;
/** The conversations with people that the page opens by itself. */
const MAX_PEOPLE = 30;
const DAY_MS = 86_400_000;

/** Whether the server keeps what is said, and the page can use it. */
export function hasHistory({ capabilities }: State): boolean {
  return ['draft/chathistory', 'batch', 'server-time', 'message-tags'].every((name) => capabilities.has(name));
}

/** Asks for the latest lines: all that are not here yet, after a time without the conversation. */
export function latestWanted(state: State, key: string): State {
  const conversation = state.conversations.get(key);
  if (conversation === undefined || !mayAsk(state, conversation)) return state;
  const { lines, isLoaded } = conversation;
  const gapAt = lines.findLastIndex(({ body }) => body.kind === 'gap');
  const at = gapAt >= 0 ? gapAt : isLoaded ? lines.length - 1 : -1;
  const last = lines.slice(0, at + 1).findLast(({ messageId }) => messageId !== '');
  const next = changed(state, key, () => ({
    lines: withHoles(lines, gapAt),
  }));
  return asked(next, key, {
    verb: 'LATEST',
    reference: last === undefined ? '*' : `msgid=${last.messageId}`,
    atId: lines[at]?.id ?? 0,
  });
}

/** Times without a connection before the last one, after which something was heard, can be filled later. */
function withHoles(lines: readonly Line[], lastGapAt: number): readonly Line[] {
  return lines.flatMap((line, index) => {
    if (line.body.kind !== 'gap' || index >= lastGapAt) return [line];
    const isHole = lines.slice(index, lastGapAt).some(({ messageId }) => messageId !== '');
    return isHole ? [{ ...line, body: { kind: 'hole' } }] : [];
  });
}

/** Asks for the lines before the first one. */
export function earlierWanted(state: State, key: string): State {
  const conversation = state.conversations.get(key);
  if (conversation === undefined || conversation.isWhole || !mayAsk(state, conversation)) return state;
  if (!conversation.isLoaded) return latestWanted(state, key);
  const { lines, earliest } = conversation;
  const first = earliest === '' ? lines.find(({ messageId }) => messageId !== '') : undefined;
  const id = first?.messageId ?? earliest;
  if (id === '') return latestWanted(state, key);
  return asked(state, key, { verb: 'BEFORE', reference: `msgid=${id}`, atId: lines[0]?.id ?? 0 });
}

/** Asks for lines that are missing, oldest first. */
export function missingWanted(state: State, key: string, holeId: number): State {
  const conversation = state.conversations.get(key);
  if (conversation === undefined || !mayAsk(state, conversation)) return state;
  const at = conversation.lines.findIndex(({ id }) => id === holeId);
  const last = conversation.lines.slice(0, Math.max(0, at)).findLast(({ messageId }) => messageId !== '');
  const hole = conversation.lines[at];
  if (hole === undefined) return state;
  const reference = last === undefined ? `timestamp=${new Date(hole.atMs).toISOString()}` : `msgid=${last.messageId}`;
  return asked(state, key, { verb: 'AFTER', reference, atId: holeId });
}

/** Goes to a message: the log scrolls to it when it is there. */
export function placeWanted(state: State, key: string, messageId: string): State {
  const conversation = state.conversations.get(key);
  if (conversation === undefined) return state;
  const sought = changed(state, key, () => ({ sought: messageId }));
  const isHere = conversation.lines.some((line) => line.messageId === messageId);
  // If another answer is under way, this is asked when it is there.
  if (isHere || !mayAsk(state, conversation)) return sought;
  return asked(sought, key, { verb: 'AROUND', reference: `msgid=${messageId}`, atId: 0 });
}

function mayAsk(state: State, { kind, request }: Conversation): boolean {
  return hasHistory(state) && state.link.kind === 'online' && kind !== 'server' && request === null;
}

function asked(state: State, key: string, question: Omit<HistoryRequest, 'limit'>): State {
  if (!hasHistory(state)) return state;
  const { historyLines } = state.features;
  const limit = historyLines === 0 ? PAGE_LINES : Math.min(PAGE_LINES, historyLines);
  return changed(state, key, () => ({ request: { ...question, limit } }));
}

/** Asks with whom the user has talked: once, when the server has said what it can do. */
export function peopleWanted(state: State): State {
  return hasHistory(state) ? { ...state, hasAskedPeople: true } : state;
}

/** Returns the lines that ask what the state after something waits for, and the one before did not. */
export function historyLines(before: State, after: State, nowMs: number): string[] {
  const lines = after.hasAskedPeople && !before.hasAskedPeople ? [peopleLine(nowMs)] : [];
  if (before.conversations === after.conversations) return lines;
  for (const [key, { request, name, markedAtMs }] of after.conversations) {
    if (request === null || request === before.conversations.get(key)?.request) continue;
    // Servers say by themselves how far a room was read that is joined, but not one that another device has joined, nor
    // a conversation with a person. Lines are judged as new when they arrive, so the mark is asked for before them.
    if (markedAtMs < 0 && hasMarkers(after)) lines.push(formatLine('MARKREAD', [name]));
    lines.push(formatLine('CHATHISTORY', [request.verb, name, request.reference, String(request.limit)]));
  }
  return lines;
}

/** Whether the server keeps how far the user has read. Only an account has other devices. */
export function hasMarkers({ capabilities, account }: State): boolean {
  return capabilities.has('draft/read-marker') && account !== '';
}

function peopleLine(nowMs: number): string {
  const [from, to] = [nowMs + DAY_MS, 0].map((atMs) => `timestamp=${new Date(atMs).toISOString()}`);
  return formatLine('CHATHISTORY', ['TARGETS', from ?? '', to ?? '', String(MAX_PEOPLE)]);
}
