/** A room as everybody may see it; only the chat itself changes one. */
import type { MaskList, Rank, RoomFlag } from '../log/entry.js';
import type { Author } from './author.js';
import type { Member } from './member.js';
import type { Notes } from './notes.js';
import type { Subject } from './subject.js';
import type { UserMask } from './user-mask.js';

export type { MaskList, Rank, RoomFlag } from '../log/entry.js';

/** A rank's bit in {@link Seat.ranks}; a higher rank is a higher bit, so sets of ranks compare as numbers. */
export const RANK_BITS: Readonly<Record<Rank, number>> = {
  voice: 1,
  'half-operator': 2,
  operator: 4,
  admin: 8,
  owner: 16,
};

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
  /** When it has got that, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Where it stands in {@link Room.seats}. */
  readonly index: number;
}

/** What a room is about. */
export interface Topic {
  readonly text: string;
  readonly by: Author;
  readonly atMs: number;
}

/** The ranks that an account has in a room whenever it enters. */
export interface RoomAccess {
  readonly account: string;
  /** A set of {@link RANK_BITS}. */
  readonly ranks: number;
}

/** What is known of a room that belongs to an account. */
export interface RoomFacts {
  /** The account that it belongs to. */
  readonly founder: string;
  /** Since when, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly access: readonly RoomAccess[];
}

/** A room with its members and its rules. */
export interface Room {
  readonly name: string;
  readonly createdAtMs: number;
  /** Stays when the last member leaves. */
  readonly isPermanent: boolean;
  /** Null for a room that belongs to nobody. A registered one stays when the last member leaves. */
  readonly registration: RoomFacts | null;
  /** Null without one. */
  readonly topic: Topic | null;
  /** What one must know to enter; null for nothing. */
  readonly key: string | null;
  /** The most members it takes; null for no limit. */
  readonly limit: number | null;
  readonly flags: ReadonlySet<RoomFlag>;
  /** What it says about itself, by keys. */
  readonly metadata: Notes;
  readonly masks: Readonly<Record<MaskList, readonly MaskEntry[]>>;
  /** The occupied places, in no order that means anything. */
  readonly seats: readonly Seat[];
  readonly size: number;
  seatOf(subject: Subject): Seat | undefined;
  /** Returns a member's ranks; 0 without any, and for one that is not here. */
  ranksOf(subject: Subject): number;
  /** The ranks that somebody has there by its account; 0 for none. */
  accessOf(subject: Subject): number;
  /** Whether an invitation opens the room to a member whatever its rules say. */
  isOpenedFor(subject: Subject): boolean;
  /** Whether a mask of one list holds for a member. */
  isListed(subject: Subject, list: MaskList): boolean;
}
