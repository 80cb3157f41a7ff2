/** SEARCH: messages by what they say, by who has said them, and when (https://soju.im/search). */
import type { Anchor } from '../../../history/history.js';
import type { Found, SearchPlace, SearchQuery } from '../../../history/search-query.js';
import { folded, termsOf } from '../../../search/terms.js';
import { ownShelf, placesOf } from '../../past.js';
import type { Client } from '../client.js';
import { countOf } from '../count.js';
import { unescapeTagValue } from '../line.js';
import type { Message } from '../message.js';
import { type Paged, resultOf } from '../outcome.js';
import { pastOf, sendLines } from '../past-pages.js';
import { parseIsoTime } from '../times.js';

const DEFAULT_LINES = 50;
/** The cost of a search beside its lines, in lines of the client. */
const SEARCH_COST = 5;

/** A selector that cannot be taken. */
interface Failure {
  readonly wrong: string;
}

/** SEARCH. */
export function* search(client: Client, { params }: Message): Paged {
  if (!client.has('soju.im/search')) {
    client.reply('ERR_UNKNOWNCOMMAND', 'SEARCH');
    return;
  }
  // The selectors are one parameter. Somebody who types them may have left blanks as they are.
  const query = queryOf(client, selectorsOf(params.join(' ')));
  if ('wrong' in query) {
    client.fail('SEARCH', 'INVALID_PARAMS', [query.wrong], 'Invalid parameters');
    return;
  }
  const { chat, history } = client.server;
  const found = yield* resultOf(history.search(query, ownShelf(chat, client.member)));
  if (found.kind !== 'found') {
    fail(client, found);
    return;
  }
  const { hits, isComplete } = found;
  client.spend(SEARCH_COST);
  const lines = hits.map(({ line }) => line);
  yield* sendLines(client, 'soju.im/search', [], lines);
  if (!isComplete) client.warn('SEARCH', 'INCOMPLETE', [], 'There are too many messages to compare all of them');
}

function fail(client: Client, found: Exclude<Found, { readonly kind: 'found' }>): void {
  if (found.kind === 'unavailable') client.fail('SEARCH', 'INTERNAL_ERROR', [], 'The search could not be run');
  else if (found.who === 'asker') client.fail('SEARCH', 'RATE_LIMITED', [], 'Another search of yours is under way');
  else client.fail('SEARCH', 'TRY_LATER', [], 'Too many searches are under way, try again later');
}

/** Returns the selectors by name; one that is repeated counts with its last value. */
function selectorsOf(text: string): Map<string, string> {
  const parts = text.split(';').filter((part) => part.trim() !== '');
  return new Map(
    parts.map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [part, ''] : [part.slice(0, at), unescapeTagValue(part.slice(at + 1))];
    }),
  );
}

const NAMES = new Set(['in', 'from', 'after', 'before', 'text', 'limit']);

function queryOf(client: Client, selectors: ReadonlyMap<string, string>): SearchQuery | Failure {
  const unknown = [...selectors.keys()].find((name) => !NAMES.has(name));
  if (unknown !== undefined) return { wrong: unknown };
  const places = placesIn(client, selectors.get('in'));
  const after = anchorOf(selectors.get('after'), -1);
  const before = anchorOf(selectors.get('before'), 1);
  const limit = limitOf(selectors.get('limit'), client.server.settings.history.pageLines);
  if (places === null) return { wrong: 'in' };
  if (after === undefined) return { wrong: 'after' };
  if (before === undefined) return { wrong: 'before' };
  if (limit === null) return { wrong: 'limit' };
  const from = selectors.get('from');
  return {
    places,
    terms: termsOf(selectors.get('text') ?? ''),
    from: from === undefined ? null : folded(from),
    after,
    before,
    end: after === null ? 'newest' : 'oldest',
    limit,
  };
}

/** Returns where the client may search; null if it may not search there. */
function placesIn(client: Client, target: string | undefined): readonly SearchPlace[] | null {
  if (target === undefined) return placesOf(client.server.chat, client.member);
  const place = pastOf(client, target);
  return place === null ? null : [place];
}

/**
 * Reads a bound: a time, which is within, or `msgid=` and an id, which is not: so that pages follow each other.
 *
 * @param beyondMs - how far the first time is that is not within
 * @returns null without a bound, undefined for one that cannot be read
 */
function anchorOf(value: string | undefined, beyondMs: number): Anchor | null | undefined {
  if (value === undefined) return null;
  const msgid = /^msgid=(.+)$/s.exec(value)?.[1];
  if (msgid !== undefined) return { kind: 'id', msgid };
  const atMs = parseIsoTime(value.replace(/^timestamp=/, ''));
  return atMs === null ? undefined : { kind: 'time', atMs: atMs + beyondMs };
}

/** Returns how many messages are wanted, at most; null for anything but a number above 0. */
function limitOf(value: string | undefined, most: number): number | null {
  const count = value === undefined ? DEFAULT_LINES : countOf(value);
  return count === null ? null : Math.min(count, most);
}
