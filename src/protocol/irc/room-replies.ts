/** The replies about a channel for a client that enters it: the topic and the members. */
import type { ChatEvent, EventOf } from '../../chat/event.js';
import { mayList } from '../../chat/permissions.js';
import type { Room } from '../../chat/room.js';
import type { Client } from './client.js';
import { knowsMetadata, sendWanted, subjectsOf } from './metadata.js';
import { rankSigns } from './modes.js';
import { type Paged, sendAll } from './outcome.js';
import { sourceOf } from './source.js';
import { seconds } from './times.js';

/** Sends the topic; nothing without one. */
export function sendTopic(client: Client, room: Room): void {
  if (room.topic === null) return;
  client.reply('RPL_TOPIC', room.name, room.topic.text);
  client.reply('RPL_TOPICWHOTIME', room.name, sourceOf(room.topic.by), seconds(room.topic.atMs));
}

/** Sends the members, as part of a long answer. */
export function* sendNames(client: Client, room: Room): Paged {
  const symbol = room.flags.has('secret') ? '@' : '=';
  yield* client.replyWordsAtLength('RPL_NAMREPLY', [symbol, room.name], nameWords(client, room));
  client.reply('RPL_ENDOFNAMES', room.name);
}

/** Sends what one who has entered a channel needs to know of it, as part of a long answer. */
export function* sendRoom(client: Client, room: Room): Paged {
  sendTopic(client, room);
  yield* sendNames(client, room);
  if (knowsMetadata(client)) yield* sendWanted(client, room.name, subjectsOf(client, room));
}

/** Sends an event of a channel to a client that has made it from outside: those inside have been sent it. */
export function echoToOutsider(client: Client, event: ChatEvent, room: Room | null): void {
  if (room !== null && room.seatOf(client.member) === undefined) client.echo(event);
}

/** Leaves a channel and enters it by its other name, for a client that knows no RENAME (channel-rename, "Fallback"). */
export function reenter(client: Client, { room, before, reason, atMs }: EventOf<'retitled'>): void {
  const { member } = client;
  const { fold } = client.server.directory;
  if (room.seatOf(member) === undefined || fold(before) === fold(room.name)) return;
  client.answer(`:${sourceOf(member)} PART ${before}${reason === '' ? '' : ` :${reason}`}`);
  client.echo({ kind: 'joined', atMs, id: '', member, room });
  sendTopic(client, room);
  // A room that gets another name is small enough for one part.
  sendAll(sendNames(client, room));
}

/** Yields a word for each member that the client may see, null for each other one. */
function* nameWords(client: Client, room: Room): Generator<string | null> {
  const isInside = room.seatOf(client.member) !== undefined;
  const all = client.has('multi-prefix');
  const isLong = client.has('userhost-in-names');
  // A copy, since members join and leave while the answer waits for its reader.
  for (const { member } of [...room.seats]) {
    const seat = room.seatOf(member);
    const isShown = seat !== undefined && (isInside || mayList(client.member, member));
    yield isShown ? rankSigns(seat.ranks, all) + (isLong ? sourceOf(member) : member.nick) : null;
  }
}
