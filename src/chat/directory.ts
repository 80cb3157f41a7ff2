/** All members in the chat and all open rooms, as everybody may look them up. */
import type { Fold } from './case-mapping.js';
import type { EventOf } from './event.js';
import type { Member, Outlet } from './member.js';
import type { Room } from './room.js';

/** Somebody who no longer has a nick. */
export interface Departure {
  readonly nick: string;
  readonly user: string;
  readonly host: string;
  readonly realName: string;
  readonly account: string | null;
  readonly atMs: number;
}

/** The observer of nicks that come into use and fall out of it. */
export interface PresenceObserver {
  appeared(member: Member): void;
  disappeared(nick: string): void;
  /** Returns the members who want to follow a member's changes, whether they share a room with it or not. */
  followersOf(member: Member): Iterable<Member>;
}

/** The observer of rooms, for clients that need more than the events. */
export interface RoomObserver {
  /** @param answered - the member that gets the event as its answer; null if nobody is answered */
  retitled(event: EventOf<'retitled'>, answered: Member | null): void;
  /**
   * A member that is connected several times, or has not just asked for it, is in a room.
   *
   * @param voice - the outlet through which it has asked; null for the first
   */
  entered(event: EventOf<'joined'>, voice: Outlet | null): void;
}

/**
 * The observer of the notes of members and rooms.
 *
 * @param answered - the member that gets the event as its answer; null if nobody is answered
 */
export type NoteObserver = (event: EventOf<'annotated'>, answered: Member | null) => void;

/** The members and rooms of one server, by their names. */
export interface Directory {
  /** Puts a name, or a mask, into the form in which it is compared. */
  readonly fold: Fold;
  /** Returns the look of a name, or of a mask of names: the folded name if looks do not count. */
  readonly likenessOf: Fold;
  readonly memberCount: number;
  /** The most members at once so far. */
  readonly peakMemberCount: number;
  /** The number of rooms that have members. */
  readonly occupiedRoomCount: number;
  /** The numbers of members with an operator's rights, and of invisible members. */
  readonly operatorCount: number;
  readonly invisibleCount: number;
  members(): IterableIterator<Member>;
  rooms(): IterableIterator<Room>;
  member(nick: string): Member | undefined;
  /** Returns a member, or somebody of another domain who is in a room of this one. */
  anyone(nick: string): Member | undefined;
  /** Whether a nick, or one that looks like it, is used by another member than this one, or belongs to an account. */
  isTaken(nick: string, by: Member): boolean;
  room(name: string): Room | undefined;
  /** Returns the room, unless the viewer may not know of it: to such a viewer it does not exist. */
  visibleRoom(viewer: Member, name: string): Room | undefined;
  /** Returns the former holders of a nick, the latest first. */
  departuresOf(nick: string): Departure[];
  /** Milliseconds since the epoch, by the clock that dates the events of this chat. */
  now(): number;
}
