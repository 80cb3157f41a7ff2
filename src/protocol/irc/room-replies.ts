/** The replies about a channel for a client that enters it: the topic and the members. */
import type { ChatEvent, EventOf } from '../../chat/event.js';
import type { Member } from '../../chat/member.js';
import { mayList } from '../../chat/permissions.js';
import type { Room, Seat } from '../../chat/room.js';
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
  yield* client.replyWordsAtLength('RPL_NAMREPLY', [symbol, room.name], new NameWords(client, room));
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

/**
 * A word for each member that a client may see, null for each other one. Not a generator: a large room has a word for
 * each of its members whenever somebody enters, and to go on with a generator would cost more than the word.
 */
class NameWords implements IterableIterator<string | null> {
  readonly #client: Client;
  readonly #room: Room;
  /** A copy, since members join and leave while the answer waits for its reader. */
  readonly #seats: readonly Seat[];
  readonly #isInside: boolean;
  readonly #showsAllRanks: boolean;
  readonly #isLong: boolean;
  #at = 0;

  constructor(client: Client, room: Room) {
    this.#client = client;
    this.#room = room;
    this.#seats = [...room.seats];
    this.#isInside = room.seatOf(client.member) !== undefined;
    this.#showsAllRanks = client.has('multi-prefix');
    this.#isLong = client.has('userhost-in-names');
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<string | null, undefined> {
    const seat = this.#seats[this.#at];
    if (seat === undefined) return { done: true, value: undefined };
    this.#at += 1;
    return { done: false, value: this.#wordOf(seat.member) };
  }

  #wordOf(member: Member): string | null {
    const seat = this.#room.seatOf(member);
    if (seat === undefined || !(this.#isInside || mayList(this.#client.member, member))) return null;
    return rankSigns(seat.ranks, this.#showsAllRanks) + (this.#isLong ? sourceOf(member) : member.nick);
  }
}
