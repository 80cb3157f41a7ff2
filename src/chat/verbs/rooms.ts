/** Entering and leaving rooms, and what may be done to those who are in them. */
import { authorOf } from '../author.js';
import type { EventOf } from '../event.js';
import type { Member } from '../member.js';
import { stateOf } from '../member-state.js';
import {
  type EntryRefusal,
  mayKick,
  mayManage,
  refusesEntry,
  refusesSpeech,
  type SpeechRefusal,
} from '../permissions.js';
import { refuse, type Refused } from '../refusal.js';
import { RANK_BITS, type RoomFlag } from '../room.js';
import type { Scene } from './scene.js';

/** The choices of a member that enters. */
export interface JoinOptions {
  /** The key that it offers; null for none. */
  readonly key: string | null;
  /** The most rooms that it may be in. */
  readonly maxRooms: number;
  /** The switches of the room, if it is opened by this. */
  readonly flags: readonly RoomFlag[];
}

/** Brings a member into a room. One that opens the room becomes its operator. */
export function join(
  { directory, publisher }: Scene,
  who: Member,
  name: string,
  { key, maxRooms, flags }: JoinOptions,
): EventOf<'joined'> | Refused<EntryRefusal | 'already-inside' | 'too-many-rooms'> {
  const member = stateOf(who);
  const known = directory.room(name);
  if (known?.seatOf(member) !== undefined) return refuse('already-inside', known);
  if (member.seats.length >= maxRooms) return refuse('too-many-rooms');
  const refusal = known === undefined ? null : refusesEntry(member, known, key);
  if (refusal !== null) return refuse(refusal, known);
  const room = known ?? directory.addRoom(name, false);
  room.seat(member, known === undefined ? RANK_BITS.operator : 0);
  if (known === undefined) for (const flag of flags) room.flags.add(flag);
  const event = { kind: 'joined', atMs: directory.now(), member, room } as const;
  publisher.publish(event);
  return event;
}

/** Takes a member out of a room. @param reason - left out if the member may not speak; empty for none */
export function part(
  { directory, publisher }: Scene,
  who: Member,
  name: string,
  reason: string,
): EventOf<'left'> | Refused<'no-such-room' | 'not-inside'> {
  const member = stateOf(who);
  const room = directory.visibleRoom(member, name);
  if (room === undefined) return refuse('no-such-room');
  if (room.seatOf(member) === undefined) return refuse('not-inside', room);
  const words = refusesSpeech(member, room) === null ? reason : '';
  room.unseat(member);
  const event = { kind: 'left', atMs: directory.now(), member, room, reason: words } as const;
  publisher.publish(event);
  directory.closeIfEmpty(room);
  return event;
}

/** Removes a member from a room; it gets the event as well. */
export function kick(
  { directory, publisher }: Scene,
  by: Member,
  name: string,
  { nick, reason }: { readonly nick: string; readonly reason: string },
): EventOf<'kicked'> | Refused<'no-such-room' | 'not-inside' | 'not-allowed' | 'target-not-inside'> {
  const room = directory.visibleRoom(by, name);
  if (room === undefined) return refuse('no-such-room');
  if (room.seatOf(by) === undefined && !by.isOperator) return refuse('not-inside', room);
  if (!mayManage(by, room)) return refuse('not-allowed', room);
  const member = directory.member(nick);
  if (member === undefined || room.seatOf(member) === undefined) return refuse('target-not-inside', room);
  if (!mayKick(by, member, room)) return refuse('not-allowed', room);
  const event = { kind: 'kicked', atMs: directory.now(), by, member, room, reason } as const;
  // While it is still inside, so that it hears of it too.
  publisher.publish(event);
  room.disarmInvitationsBy(member);
  room.unseat(member);
  directory.closeIfEmpty(room);
  return event;
}

/** Invites somebody into a room; it gets the event, and so do those who might have invited it. */
export function invite(
  { directory, publisher }: Scene,
  by: Member,
  nick: string,
  name: string,
):
  | EventOf<'invited'>
  | Refused<'no-such-member' | 'no-such-room' | 'not-inside' | 'not-allowed'>
  | (Refused<'guest-inside'> & { readonly guest: Member }) {
  const guest = directory.member(nick);
  if (guest === undefined) return refuse('no-such-member');
  const room = directory.visibleRoom(by, name);
  if (room === undefined) return refuse('no-such-room');
  if (room.seatOf(by) === undefined) return refuse('not-inside', room);
  if (room.seatOf(guest) !== undefined) return { ...refuse('guest-inside', room), guest };
  if (room.flags.has('invite-only') && !mayManage(by, room)) return refuse('not-allowed', room);
  room.invite(guest, by);
  const event = { kind: 'invited', atMs: directory.now(), by, member: guest, room, audience: 'guest' } as const;
  publisher.publish(event);
  publisher.publish({ ...event, audience: 'witnesses' });
  return event;
}

/** Says what a room is about. @returns null when it is about that already */
export function setTopic(
  { directory, publisher }: Scene,
  by: Member,
  name: string,
  text: string,
): EventOf<'topic'> | Refused<SpeechRefusal | 'no-such-room' | 'not-inside' | 'not-allowed'> | null {
  const room = directory.visibleRoom(by, name);
  if (room === undefined) return refuse('no-such-room');
  if (room.seatOf(by) === undefined) return refuse('not-inside', room);
  if (room.flags.has('topic-protected') && !mayManage(by, room)) return refuse('not-allowed', room);
  // Everybody there reads a topic as they read a message.
  const refusal = refusesSpeech(by, room);
  if (refusal !== null) return refuse(refusal, room);
  if (text === (room.topic?.text ?? '')) return null;
  const atMs = directory.now();
  room.topic = text === '' ? null : { text, by: authorOf(by), atMs };
  const event = { kind: 'topic', atMs, by, room, text } as const;
  publisher.publish(event);
  return event;
}
