/** The messages of the past that somebody may read, whatever protocol it speaks. */
import type { Chat } from '../chat/chat.js';
import type { Member } from '../chat/member.js';
import type { Room } from '../chat/room.js';
import type { Sight } from '../history/history.js';
import { personalShelf, type Shelf } from '../history/line.js';

/** How much is sent of what was said before; both can change while the server runs. */
export interface PastSettings {
  /** The most lines that are sent in answer to one question, at least 1. */
  readonly pageLines: number;
  /** How many lines those get who enter a room and cannot ask for them; 0 for none. */
  readonly onJoin: number;
}

export const DEFAULT_PAST: PastSettings = { pageLines: 100, onJoin: 0 };

/** A conversation: where its lines are, and which of them somebody may read. */
export interface Conversation {
  readonly shelf: Shelf;
  /** The folded nick of the other one; null for a room. */
  readonly peer: string | null;
  readonly sight: Sight;
}

/** Returns what a member may read of a room; null if it is not inside. */
export function pastOfRoom(chat: Chat, member: Member, room: Room, hasEvents: boolean): Conversation | null {
  const seat = room.seatOf(member);
  const log = chat.logOf(room);
  if (seat === undefined || log?.startsWith('r:') !== true) return null;
  // Those before it, if all of them had left, have not talked to it: to open a room is to begin anew.
  const sinceMs = room.flags.has('past-hidden') ? seat.sinceMs : room.createdAtMs;
  const shelf: Shelf = `r:${log.slice(2)}`;
  return { shelf, peer: null, sight: { hasEvents, ranks: seat.ranks, source: sourceOf(member), sinceMs } };
}

/** Returns what a member may read of its conversations of two. @param peer - folded; null for all of them */
export function pastOfPeople(chat: Chat, member: Member, peer: string | null, hasEvents: boolean): Conversation {
  return { shelf: ownShelf(chat, member), peer, sight: { hasEvents, ranks: 0, source: sourceOf(member), sinceMs: 0 } };
}

/** Returns the shelf of a member's own, by which it is known where everybody has something once. */
export function ownShelf(chat: Chat, { account, session }: Member): Shelf {
  return personalShelf(account === null ? null : chat.directory.fold(account), session);
}

/** Returns everything that a member may read: the rooms that it is in, and its conversations. */
export function placesOf(chat: Chat, member: Member): Conversation[] {
  const rooms = member.seats.flatMap(({ room }) => pastOfRoom(chat, member, room, false) ?? []);
  return [...rooms, pastOfPeople(chat, member, null, false)];
}

function sourceOf({ nick, user, host }: Member): string {
  return `${nick}!${user}@${host}`;
}
