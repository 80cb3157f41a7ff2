/** CHATHISTORY: what was said before (IRCv3 chathistory); HISTORY: the same by hand. */
import type { Anchor, LatestQuery, LineRange } from '../../../history/history.js';
import type { Line } from '../../../history/line.js';
import { pastOfPeople, pastOfRoom } from '../../past.js';
import type { Client } from '../client.js';
import { countOf } from '../count.js';
import type { Message } from '../message.js';
import { isChannelLike } from '../names.js';
import { type Paged, resultOf } from '../outcome.js';
import { nameOf, NEWEST, pastOf, sendPage, spendFor } from '../past-pages.js';
import { formatIsoTime, parseIsoTime } from '../times.js';

/** A refusal and its reason: the code of FAIL with its context. */
interface Failure {
  readonly code: 'INVALID_PARAMS' | 'INVALID_TARGET' | 'INVALID_MSGREFTYPE' | 'MESSAGE_ERROR';
  readonly context: readonly string[];
  readonly text: string;
}

/** How each subcommand is asked: how many references it takes, and which lines it means by them. */
interface Subcommand {
  readonly references: number;
  /** Whether `*` may stand for a reference. */
  readonly hasDefault: boolean;
  readonly range: (first: Anchor | null, second: Anchor | null) => LineRange;
}

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map<string, Subcommand>([
  ['LATEST', { references: 1, hasDefault: true, range: (after) => ({ ...NEWEST, after }) }],
  ['BEFORE', { references: 1, hasDefault: false, range: (before) => ({ ...NEWEST, before }) }],
  ['AFTER', { references: 1, hasDefault: false, range: (after) => ({ ...NEWEST, after, end: 'oldest' }) }],
  [
    'AROUND',
    {
      references: 1,
      hasDefault: false,
      range: (anchor) => (anchor === null ? NEWEST : { kind: 'around', anchor }),
    },
  ],
  [
    'BETWEEN',
    {
      references: 2,
      hasDefault: false,
      range: (from, to) => (from === null || to === null ? NEWEST : { kind: 'span', from, to }),
    },
  ],
]);

const UNREADABLE = 'Messages could not be retrieved';

/** CHATHISTORY. */
export function* chathistory(client: Client, { params }: Message): Paged {
  const [first, ...rest] = params;
  const name = (first ?? '*').toUpperCase();
  if (name === 'TARGETS') {
    yield* targets(client, rest);
    return;
  }
  const subcommand = SUBCOMMANDS.get(name);
  if (subcommand === undefined) {
    fail(client, { code: 'INVALID_PARAMS', context: [first ?? '*'], text: 'Unknown command' });
    return;
  }
  const [target = '', ...others] = rest;
  const wrong = countFailure(name, others.length, subcommand.references + 1);
  const asked = wrong ?? askedOf(client, name, target, others, subcommand);
  if ('code' in asked) {
    fail(client, asked);
    return;
  }
  const past = pastOf(client, target);
  if (past === null) {
    fail(client, { code: 'INVALID_TARGET', context: [name, target], text: UNREADABLE });
    return;
  }
  const page = yield* resultOf(client.server.history.lines({ ...past, ...asked }));
  if (page.kind !== 'lines') {
    const text = page.kind === 'unknown-message' ? 'This message is not kept' : UNREADABLE;
    fail(client, { code: 'MESSAGE_ERROR', context: [name, target], text });
    return;
  }
  yield* sendPage(client, nameOf(client, target), page.lines);
}

/** HISTORY: a channel or a nick, and how many lines. */
export function* history(client: Client, { params }: Message): Paged {
  const [target = '', count] = params;
  const { pageLines } = client.server.settings.history;
  const past = pastOf(client, target);
  if (past === null) {
    client.reply(isChannelLike(target) ? 'ERR_NOTONCHANNEL' : 'ERR_NOSUCHNICK', target);
    return;
  }
  const limit = Math.min(countOf(count ?? '10') ?? 10, pageLines);
  const page = yield* resultOf(client.server.history.lines({ ...past, range: NEWEST, limit }));
  if (page.kind !== 'lines') {
    client.notice(UNREADABLE);
    return;
  }
  if (page.lines.length === 0) client.notice(`Nothing is kept of ${target}`);
  else yield* sendPage(client, nameOf(client, target), page.lines);
}

/** CHATHISTORY TARGETS: the conversations with a last line in a period. */
function* targets(client: Client, params: readonly string[]): Paged {
  const wrong = countFailure('TARGETS', params.length, 3);
  const period = wrong ?? periodOf(client, params);
  if ('code' in period) {
    fail(client, period);
    return;
  }
  const { chat, history: kept } = client.server;
  const rooms = client.member.seats.flatMap(({ room }) => pastOfRoom(chat, client.member, room, false) ?? []);
  const people = pastOfPeople(chat, client.member, null, false);
  const found = yield* resultOf(kept.latest({ rooms, people, ...period }));
  if (found.kind !== 'latest') {
    fail(client, { code: 'MESSAGE_ERROR', context: ['TARGETS'], text: UNREADABLE });
    return;
  }
  spendFor(client, found.latest.length + rooms.length);
  const batch = client.has('batch') ? client.openBatch('draft/chathistory-targets', []) : null;
  for (const { line } of found.latest) {
    const send = (): void => {
      client.answer(`:${client.server.name} CHATHISTORY TARGETS ${otherOf(client, line)} ${formatIsoTime(line.atMs)}`);
    };
    if (batch === null) send();
    else batch.add(send);
  }
  batch?.close();
}

/** The channel or the nick that a line was said to, or that it came from. */
function otherOf(client: Client, { peer, source, target }: Line): string {
  const [nick = ''] = source.split('!', 1);
  return peer !== null && client.server.directory.fold(nick) === peer ? nick : target;
}

function countFailure(name: string, count: number, wanted: number): Failure | null {
  if (count === wanted) return null;
  return {
    code: 'INVALID_PARAMS',
    context: [name],
    text: count < wanted ? 'Insufficient parameters' : 'Too many parameters',
  };
}

/** Returns which lines are asked for. */
function askedOf(
  client: Client,
  name: string,
  target: string,
  params: readonly string[],
  { references, hasDefault, range }: Subcommand,
): { readonly range: LineRange; readonly limit: number } | Failure {
  const anchors: (Anchor | null)[] = [];
  for (const param of params.slice(0, references)) {
    const anchor = param === '*' && hasDefault ? null : anchorOf(name, target, param);
    if (anchor !== null && 'code' in anchor) return anchor;
    anchors.push(anchor);
  }
  const limit = limitOf(client, name, params[references] ?? '');
  if (typeof limit !== 'number') return limit;
  const [first = null, second = null] = anchors;
  return { range: range(first, second), limit };
}

function anchorOf(name: string, target: string, reference: string): Anchor | Failure {
  const at = reference.indexOf('=');
  const type = reference.slice(0, Math.max(0, at));
  const value = reference.slice(at + 1);
  if (type === 'msgid' && value !== '') return { kind: 'id', msgid: value };
  if (type === 'timestamp') {
    const atMs = parseIsoTime(value);
    return atMs === null
      ? { code: 'INVALID_PARAMS', context: [name, reference], text: 'Invalid timestamp' }
      : { kind: 'time', atMs };
  }
  if (at <= 0 || type === 'msgid') {
    return { code: 'INVALID_PARAMS', context: [name, reference], text: 'Invalid message reference' };
  }
  return { code: 'INVALID_MSGREFTYPE', context: [name, target], text: 'Unknown type of message reference' };
}

/** Returns the period of TARGETS, which may be given from either end. */
function periodOf(
  client: Client,
  params: readonly string[],
): Pick<LatestQuery, 'afterMs' | 'beforeMs' | 'end' | 'limit'> | Failure {
  const times: number[] = [];
  for (const param of params.slice(0, 2)) {
    const anchor = anchorOf('TARGETS', '*', param);
    if ('code' in anchor) return anchor;
    if (anchor.kind === 'id') {
      return { code: 'INVALID_MSGREFTYPE', context: ['TARGETS', '*'], text: 'Only timestamps are taken here' };
    }
    times.push(anchor.atMs);
  }
  const limit = limitOf(client, 'TARGETS', params[2] ?? '');
  if (typeof limit !== 'number') return limit;
  const [from = 0, to = 0] = times;
  return from <= to
    ? { afterMs: from, beforeMs: to, end: 'oldest', limit }
    : { afterMs: to, beforeMs: from, end: 'newest', limit };
}

function limitOf(client: Client, name: string, text: string): number | Failure {
  const count = countOf(text);
  if (count === null) return { code: 'INVALID_PARAMS', context: [name, text], text: 'Invalid limit' };
  return Math.min(count, client.server.settings.history.pageLines);
}

function fail(client: Client, { code, context, text }: Failure): void {
  client.fail('CHATHISTORY', code, context, text);
}
