/** The times up to which clients have read channels and conversations (IRCv3 read-marker), for clients that ask. */
import type { Mark } from '../../history/markers.js';
import type { Client } from './client.js';
import { type Paged, resultOf } from './outcome.js';
import { formatIsoTime } from './times.js';

/** Returns the line about a mark. */
export function markLine(client: Client, target: string, atMs: number | null): string {
  return `:${client.server.name} MARKREAD ${target} ${atMs === null ? '*' : `timestamp=${formatIsoTime(atMs)}`}`;
}

/** Sends the mark of a channel that the client has entered, if it knows such. */
export function* sendMark(client: Client, channel: string): Paged {
  if (!client.has('draft/read-marker')) return;
  const { markers, directory } = client.server;
  const mark: Mark = yield* resultOf(markers.read(client.markOwner, directory.fold(channel)));
  client.answer(markLine(client, channel, mark.kind === 'mark' ? mark.atMs : null));
}

/** Sends the mark of a channel that another client of the same member has entered, when it is known. */
export function sendMarkLater(client: Client, channel: string): void {
  if (!client.has('draft/read-marker')) return;
  const { markers, directory } = client.server;
  void markers.read(client.markOwner, directory.fold(channel)).then((mark) => {
    if (!client.isOver) client.marked(markLine(client, channel, mark.kind === 'mark' ? mark.atMs : null));
  });
}
