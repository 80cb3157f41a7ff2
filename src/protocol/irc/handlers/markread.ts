/** MARKREAD: up to when a channel or a conversation has been read (IRCv3 read-marker). */
import type { Client } from '../client.js';
import type { Message } from '../message.js';
import { isNick, isPlacedChannelName } from '../names.js';
import { type Paged, resultOf } from '../outcome.js';
import { markLine } from '../read-marks.js';
import { parseIsoTime } from '../times.js';

/** MARKREAD: asks for a mark, or moves it. */
export function* markread(client: Client, { params }: Message): Paged {
  const { markers, directory } = client.server;
  const [target = '', time] = params;
  if (target === '') {
    client.fail('MARKREAD', 'NEED_MORE_PARAMS', [], 'Missing parameters');
    return;
  }
  if (!isTarget(client, target)) {
    client.fail('MARKREAD', 'INVALID_PARAMS', [target], 'Invalid target');
    return;
  }
  const readMs = time === undefined ? null : timeOf(time);
  if (time !== undefined && readMs === null) {
    client.fail('MARKREAD', 'INVALID_PARAMS', [target, time], 'Invalid timestamp');
    return;
  }
  const owner = client.markOwner;
  const key = directory.fold(target);
  // Nobody has read what is still to be said.
  const atMs = readMs === null ? null : Math.min(readMs, directory.now());
  const mark = yield* resultOf(atMs === null ? markers.read(owner, key) : markers.mark(owner, key, atMs));
  if (mark.kind !== 'mark') {
    const text = `The read timestamp could not be ${atMs === null ? 'read' : 'set'}`;
    client.fail('MARKREAD', 'INTERNAL_ERROR', [target], text);
    return;
  }
  const line = markLine(client, target, mark.atMs);
  client.answer(line);
  // One that was further on already is no news.
  if (atMs !== null && mark.atMs === atMs) client.server.markBoard.moved(client, line);
}

function isTarget(client: Client, target: string): boolean {
  const { settings } = client.server;
  if (Buffer.byteLength(target, 'utf8') > settings.channelLength) return false;
  return isPlacedChannelName(target) || isNick(target, settings);
}

/** Returns the time of `timestamp=...`; null if it is none. */
function timeOf(parameter: string): number | null {
  return parameter.startsWith('timestamp=') ? parseIsoTime(parameter.slice('timestamp='.length)) : null;
}
