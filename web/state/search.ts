/** Searching what was said (`soju.im/search`). */
import { type Incoming, timeOf } from '../irc/incoming.js';
import { formatAttributes, formatLine } from '../irc/outgoing.js';
import { keyOf } from './conversations.js';
import { messageBodyOf } from './message-body.js';
import { type Hit, isSame, MAX_HITS, type State } from './model.js';
import type { Handler } from './reception.js';

/** The hits that one answer may have. */
const PAGE_HITS = 50;

export function hasSearch({ capabilities }: State): boolean {
  return capabilities.has('soju.im/search') && capabilities.has('batch');
}

/** @param place - the conversation to search in; empty for all that the user may read */
export function searched(state: State, words: string, place: string): State {
  const search = { words, place, hits: [], isRunning: words !== '', isWhole: words === '', failure: null };
  return { ...state, search };
}

/** Asks for more hits of the same search. */
export function moreSearched(state: State): State {
  const { isRunning, isWhole } = state.search;
  return isRunning || isWhole ? state : { ...state, search: { ...state.search, isRunning: true, failure: null } };
}

/** Returns the lines that ask what the state after something waits for, and the one before did not. */
export function searchLines(before: State, after: State): string[] {
  const { search } = after;
  if (!search.isRunning || search === before.search) return [];
  const oldest = search.hits.at(-1);
  const attributes = {
    in: search.place,
    text: search.words,
    // The message itself is exact, its time has others beside it.
    before: oldest === undefined ? '' : `msgid=${oldest.messageId}`,
    limit: String(PAGE_HITS),
  };
  return [formatLine('SEARCH', [formatAttributes(attributes)])];
}

/** Adds the hits of an answer. They arrive oldest first, and are shown newest first. */
export function withHits(state: State, messages: readonly Incoming[]): State {
  const { search } = state;
  if (!search.isRunning) return state;
  const hits = messages
    .flatMap((each) => hitOf(state, each) ?? [])
    .sort((a, b) => b.atMs - a.atMs)
    .filter(({ messageId }) => !search.hits.some((known) => known.messageId === messageId));
  const all = [...search.hits, ...hits].slice(0, MAX_HITS);
  const isWhole = hits.length === 0 || messages.length < PAGE_HITS || all.length === MAX_HITS;
  return { ...state, search: { ...search, hits: all, isRunning: false, isWhole } };
}

function hitOf(state: State, message: Incoming): Hit | null {
  const [target = ''] = message.params;
  const body = messageBodyOf(state, message);
  if (body === null) return null;
  const place = isSame(state, target, state.nick) ? message.nick : target.slice(body.audience.length);
  const stamp = { atMs: timeOf(message, 0), messageId: message.tags.get('msgid') ?? '' };
  return { ...stamp, place, from: body.from, text: body.text };
}

const failed: Handler = (state, { message }) => ({
  ...state,
  search: {
    ...state.search,
    isRunning: false,
    isWhole: true,
    failure: { code: message.params[1] ?? '', text: message.params.at(-1) ?? '' },
  },
});

/** The pieces of a text, those that a search found apart from the others. */
export interface Found {
  readonly text: string;
  readonly isHit: boolean;
}

/** Marks the words of a search in a text: the longest first if two overlap. */
export function foundIn(text: string, words: string): Found[] {
  const terms = words
    .split(/\s+/)
    .filter((word) => word !== '')
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (terms.length === 0) return [{ text, isHit: false }];
  return text
    .split(new RegExp(`(${terms.join('|')})`, 'iu'))
    .map((piece, index) => ({ text: piece, isHit: index % 2 === 1 }))
    .filter((piece) => piece.text !== '');
}

/** The key of the conversation in which a hit is. */
export const keyOfHit = (state: State, { place }: Hit): string => keyOf(state, place);

export const HANDLERS: Readonly<Record<string, Handler>> = { 'FAIL SEARCH': failed };
