/** A room as everybody may see it; only the chat itself changes a room. */
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
  /** When it took the place, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Its index in {@link Room.seats}. */
  readonly index: number;
}

/** The topic of a room. */
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

/** The facts about a room that belongs to an account. */
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
  /** Whether it stays when the last member leaves. */
  readonly isPermanent: boolean;
  /** Null for a room that belongs to nobody. A registered room stays when the last member leaves. */
  readonly registration: RoomFacts | null;
  /** Null without one. */
  readonly topic: Topic | null;
  /** The key that is needed to enter; null for none. */
  readonly key: string | null;
  /** The most members of the room; null for no limit. */
  readonly limit: number | null;
  readonly flags: ReadonlySet<RoomFlag>;
  /** Its notes, by keys. */
  readonly metadata: Notes;
  readonly masks: Readonly<Record<MaskList, readonly MaskEntry[]>>;
  /** The number of masks that the lists hold together. */
  readonly maskCount: number;
  /** The number of sessions that are invited. */
  readonly invitationCount: number;
  /** The occupied places, in an arbitrary order. */
  readonly seats: readonly Seat[];
  readonly size: number;
  seatOf(subject: Pick<Subject, 'session'>): Seat | undefined;
  /** Returns a member's ranks; 0 without any, and for somebody who is not here. */
  ranksOf(subject: Subject): number;
  /** The ranks that somebody has there through its account; 0 for none. */
  accessOf(subject: Subject): number;
  /** Whether an invitation lets a member in whatever the rules of the room say. */
  isOpenedFor(subject: Subject): boolean;
  /** Whether a mask of one list applies to a member. */
  isListed(subject: Subject, list: MaskList): boolean;
}
