/** A room as everybody may see it; only the chat itself changes one. */
import type { Author } from './author.js';
import type { Member } from './member.js';
import type { UserMask } from './user-mask.js';

/** What a member may be in a room, lowest first. */
export type Rank = 'voice' | 'half-operator' | 'operator' | 'admin' | 'owner';

/** A rank's bit in {@link Seat.ranks}; a higher rank is a higher bit, so sets of ranks compare as numbers. */
export const RANK_BITS: Readonly<Record<Rank, number>> = {
  voice: 1,
  'half-operator': 2,
  operator: 4,
  admin: 8,
  owner: 16,
};

/**
 * A room's switches: nobody enters uninvited; only ranked members speak; nobody speaks from outside; the room is not
 * shown to outsiders; only operators change the topic.
 */
export type RoomFlag = 'invite-only' | 'moderated' | 'no-outsiders' | 'secret' | 'topic-protected';

/** The lists of masks: who is kept out, who is let in although banned, who needs no invitation. */
export type MaskList = 'ban' | 'exception' | 'invitation';

/** One entry of a list of masks. */
export interface MaskEntry {
  readonly mask: string;
  readonly matcher: UserMask;
  readonly by: Author;
  readonly atMs: number;
}

/** A member's place in a room. */
export interface Seat {
  readonly room: Room;
  readonly member: Member;
  /** A set of {@link RANK_BITS}. */
  readonly ranks: number;
  /** Where it stands in {@link Room.seats}. */
  readonly index: number;
}

/** What a room is about. */
export interface Topic {
  readonly text: string;
  readonly by: Author;
  readonly atMs: number;
}

/** A room with its members and its rules. */
export interface Room {
  readonly name: string;
  readonly createdAtMs: number;
  /** Stays when the last member leaves. */
  readonly isPermanent: boolean;
  /** Null without one. */
  readonly topic: Topic | null;
  /** What one must know to enter; null for nothing. */
  readonly key: string | null;
  /** The most members it takes; null for no limit. */
  readonly limit: number | null;
  readonly flags: ReadonlySet<RoomFlag>;
  readonly masks: Readonly<Record<MaskList, readonly MaskEntry[]>>;
  /** The occupied places, in no order that means anything. */
  readonly seats: readonly Seat[];
  readonly size: number;
  seatOf(member: Member): Seat | undefined;
  /** Returns a member's ranks; 0 without any, and for one that is not here. */
  ranksOf(member: Member): number;
  /** Whether an invitation opens the room to a member whatever its rules say. */
  isOpenedFor(member: Member): boolean;
  /** Whether a mask of one list holds for a member. */
  isListed(member: Member, list: MaskList): boolean;
}
