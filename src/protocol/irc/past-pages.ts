/** Pages of what was said before, for clients that have asked for them. */
import type { LineRange } from '../../history/history.js';
import type { Line } from '../../history/line.js';
import { type Conversation, pastOfPeople, pastOfRoom } from '../past.js';
import type { Client } from './client.js';
import { isChannelLike, isNick } from './names.js';
import { type Paged, resultOf } from './outcome.js';

/** The last lines of a conversation. */
export const NEWEST: LineRange = { kind: 'between', after: null, before: null, end: 'newest' };

/** An answer costs as much as one line more for each so many lines of it. */
const LINES_PER_TOKEN = 10;
/** Lines that are put together in one step of the answer. */
const LINES_PER_STEP = 4;

/** Counts the command at hand by what its answer has cost. */
export function spendFor(client: Client, lines: number): void {
  client.spend(Math.ceil(lines / LINES_PER_TOKEN));
}

/** Returns what the client may read of a conversation; null if it may not, or if there is none of that name. */
export function pastOf(client: Client, target: string): Conversation | null {
  const { chat, directory, settings } = client.server;
  const hasEvents = client.has('draft/event-playback');
  if (!isChannelLike(target)) {
    return isNick(target, settings) ? pastOfPeople(chat, client.member, directory.fold(target), hasEvents) : null;
  }
  const room = directory.room(target);
  return room === undefined ? null : pastOfRoom(chat, client.member, room, hasEvents);
}

/** A channel is spelled as it is; a nick, whose owner may be gone, as the client has spelled it. */
export function nameOf(client: Client, target: string): string {
  return client.server.directory.room(target)?.name ?? target;
}

/** Sends the last lines of a channel that the client has entered, if it cannot ask for them. */
export function* sendRecent(client: Client, channel: string): Paged {
  const { onJoin } = client.server.settings.history;
  if (onJoin === 0 || client.has('draft/chathistory')) return;
  const past = pastOf(client, channel);
  if (past === null) return;
  const page = yield* resultOf(client.server.history.lines({ ...past, range: NEWEST, limit: onJoin }));
  if (page.kind === 'lines' && page.lines.length > 0) yield* sendPage(client, channel, page.lines);
}

/** Sends a page of a conversation. */
export function* sendPage(client: Client, target: string, lines: readonly Line[]): Paged {
  yield* sendLines(client, 'chathistory', [target], lines);
}

/** Sends lines as a batch, if the client knows such. */
export function* sendLines(client: Client, type: string, params: readonly string[], lines: readonly Line[]): Paged {
  spendFor(client, lines.length);
  const batch = client.has('batch') ? client.openBatch(type, params) : null;
  for (let at = 0; at < lines.length; at += LINES_PER_STEP) {
    const send = (): void => {
      for (const line of lines.slice(at, at + LINES_PER_STEP)) client.recall(line);
    };
    if (batch === null) send();
    else batch.add(send);
    yield;
  }
  batch?.close();
}
