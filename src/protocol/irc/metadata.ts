/** Facts that people and channels give about themselves, as clients ask for them (IRCv3 metadata). */
import type { EventOf } from '../../chat/event.js';
import type { Member } from '../../chat/member.js';
import { isVisible, mayList } from '../../chat/permissions.js';
import type { Room } from '../../chat/room.js';
import type { Client } from './client.js';
import type { Paged } from './outcome.js';

/** Somebody, or a channel, with what is known of it; the name is how answers spell it. */
export interface Subject {
  readonly name: string;
  readonly values: ReadonlyMap<string, string>;
}

/** Whether a client understands metadata: it is sent in batches. */
export function knowsMetadata(client: Client): boolean {
  return client.has('draft/metadata-3') && client.has('batch');
}

export function subjectOf(member: Member): Subject {
  return { name: member.nick, values: member.metadata };
}

export function subjectOfRoom({ name, metadata }: Room): Subject {
  return { name, values: metadata };
}

/** Whether a client may read what a channel says about itself: one that it may enter, or is in. */
export function mayRead({ member }: Client, room: Room): boolean {
  if (room.seatOf(member) !== undefined || member.may('see-hidden')) return true;
  return isVisible(member, room) && !room.flags.has('invite-only') && room.key === null;
}

/** Answers with one value, or that there is none. */
export function replyValue(client: Client, { name, values }: Subject, key: string): void {
  const value = values.get(key);
  if (value === undefined) client.reply('RPL_KEYNOTSET', name, key);
  else client.reply('RPL_KEYVALUE', name, key, '*', value);
}

/** Answers with what somebody, or a channel, says about itself now. */
export function replyChange(client: Client, { member, room }: EventOf<'annotated'>, key: string): void {
  if (room !== null) replyValue(client, subjectOfRoom(room), key);
  else if (member !== null) replyValue(client, subjectOf(member), key);
}

/** Answers that it is up to the client to ask what people say about themselves. */
export function askToSync(client: Client, nicks: readonly string[]): void {
  if (knowsMetadata(client)) for (const nick of nicks) client.reply('RPL_METADATASYNCLATER', nick, '0');
}

/** Sends everything that is known of somebody, or of a channel, in a batch. */
export function sendAllOf(client: Client, subject: Subject): void {
  client.inBatch('metadata', [subject.name], () => {
    for (const key of subject.values.keys()) replyValue(client, subject, key);
  });
}

/** Sends what a client wants to know of several, in one batch, a few a step. */
export function* sendWanted(client: Client, target: string, subjects: Iterable<Subject | null>): Paged {
  const batch = client.openBatch('metadata', [target]);
  const keys = client.server.metadata.keysOf(client);
  for (const subject of subjects) {
    if (subject !== null && subject.values.size > 0) {
      batch.add(() => {
        for (const key of keys) if (subject.values.has(key)) replyValue(client, subject, key);
      });
    }
    yield;
  }
  batch.close();
}

/** A channel, and those in it whom a client may see; null for each other one. */
export function* subjectsOf(client: Client, room: Room): Generator<Subject | null> {
  yield subjectOfRoom(room);
  const isInside = room.seatOf(client.member) !== undefined;
  // A copy, since members join and leave while the answer waits for its reader.
  for (const { member } of [...room.seats]) yield isInside || mayList(client.member, member) ? subjectOf(member) : null;
}

/** Yields every subject whose changes a client hears of; null for one that was found before. */
export function* subjectsInSight(client: Client): Generator<Subject | null> {
  const { member, server } = client;
  const seen = new Set<Member>();
  for (const { room } of [...member.seats]) {
    yield subjectOfRoom(room);
    for (const seat of [...room.seats]) {
      yield seen.has(seat.member) ? null : subjectOf(seat.member);
      seen.add(seat.member);
    }
  }
  for (const nick of server.monitors.namesOf(client)) {
    const watched = server.directory.member(nick);
    yield watched === undefined || seen.has(watched) ? null : subjectOf(watched);
  }
}

/** Whether a client is told of what somebody, or a channel, changes about itself. */
export function isInSight(client: Client, { member, room }: EventOf<'annotated'>): boolean {
  const { server, member: viewer } = client;
  if (room !== null) return room.seatOf(viewer) !== undefined;
  if (member === null) return false;
  return (
    viewer === member ||
    viewer.seats.some((seat) => seat.room.seatOf(member) !== undefined) ||
    server.monitors.isWatching(client, member)
  );
}
