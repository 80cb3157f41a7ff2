/** Everybody who is here and every room that is open, as everybody may look them up. */
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

/** Hears of nicks that come into use and fall out of it. */
export interface PresenceObserver {
  appeared(member: Member): void;
  disappeared(nick: string): void;
  /** Returns those who want to hear of what a member does about itself, whether they share a room with it or not. */
  followersOf(member: Member): Iterable<Member>;
}

/** Hears of what happens to rooms, for those whom the events alone do not tell enough. */
export interface RoomObserver {
  /** @param answered - the member that gets the event as its answer; null if nobody is answered */
  retitled(event: EventOf<'retitled'>, answered: Member | null): void;
  /**
   * A member is in a room that is connected several times, or has not asked for it just now.
   *
   * @param voice - where it has asked for that; null: the first
   */
  entered(event: EventOf<'joined'>, voice: Outlet | null): void;
}

/**
 * Hears of what members and rooms say about themselves.
 *
 * @param answered - the member that gets the event as its answer; null if nobody is answered
 */
export type NoteObserver = (event: EventOf<'annotated'>, answered: Member | null) => void;

/** The members and rooms of one server, by their names. */
export interface Directory {
  /** Puts a name, or a mask, into the form in which it is compared. */
  readonly fold: Fold;
  /** Returns what a name, or a mask of names, looks like: the folded name if looks do not count. */
  readonly likenessOf: Fold;
  readonly memberCount: number;
  /** The largest number of members at once so far. */
  readonly peakMemberCount: number;
  /** How many rooms have somebody in them. */
  readonly occupiedRoomCount: number;
  /** How many members have an operator's rights, and how many are invisible. */
  readonly operatorCount: number;
  readonly invisibleCount: number;
  members(): IterableIterator<Member>;
  rooms(): IterableIterator<Room>;
  member(nick: string): Member | undefined;
  /** Returns a member, or somebody of another domain who is in a room that this one has. */
  anyone(nick: string): Member | undefined;
  /** Whether a nick, or one that looks like it, is in use by another member than this one, or belongs to an account. */
  isTaken(nick: string, by: Member): boolean;
  room(name: string): Room | undefined;
  /** Returns the room, unless the viewer may not know of it: to such a one it does not exist. */
  visibleRoom(viewer: Member, name: string): Room | undefined;
  /** Returns the former holders of a nick, the latest first. */
  departuresOf(nick: string): Departure[];
  /** Milliseconds since the epoch, by the clock that dates the events of this chat. */
  now(): number;
}
