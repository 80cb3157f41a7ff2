/**
 * States as plain data, which can be stored and sent. A process that starts from one need not apply the entries before
 * it.
 */
import type { Heir, MaskList, RoomFlag, RoomLog, Security, ServerBan, Trait, Who } from '../log/entry.js';
import type { Author } from './author.js';
import type { Departure } from './directory.js';
import type { Presence } from './presences.js';
import type { RoomFacts, Topic } from './room.js';
import type { ClaimsSnapshot } from './room-claims.js';

/** The last numbers of sessions that have no place: see {@link RunningNumbers}. */
export interface NumbersSnapshot {
  readonly last: readonly (readonly [session: string, n: number, seq: number])[];
  readonly forgottenSeq: number;
}

/** A place in a room. */
export interface SeatSnapshot {
  readonly session: string;
  readonly who: Who;
  readonly ranks: number;
  readonly sinceMs: number;
  readonly last: number;
}

export interface InvitationSnapshot {
  readonly guest: string;
  readonly who: Who;
  readonly by: string | null;
  readonly opens: boolean;
}

export interface MaskSnapshot {
  readonly mask: string;
  readonly by: Author;
  readonly atMs: number;
}

/** A room, as its log has made it. */
export interface RoomSnapshot {
  readonly name: string;
  readonly createdAtMs: number;
  readonly registration: RoomFacts | null;
  readonly topic: Topic | null;
  readonly key: string | null;
  readonly limit: number | null;
  readonly flags: readonly RoomFlag[];
  readonly masks: Readonly<Record<MaskList, readonly MaskSnapshot[]>>;
  readonly metadata: readonly (readonly [key: string, value: string])[];
  readonly seats: readonly SeatSnapshot[];
  readonly invitations: readonly InvitationSnapshot[];
  /** The sessions that members inside had before, each with the one that it has now. */
  readonly heirs: readonly Heir[];
  /** The nodes that its log has reported to be gone. */
  readonly gone: readonly string[];
  readonly numbers: NumbersSnapshot;
  /** The number of times that its log has lost its end. */
  readonly restarts: number;
  /** The speakers of the latest messages, by the keys of their places. */
  readonly messages: readonly (readonly [key: number, session: string])[];
  readonly knocks: readonly { readonly session: string; readonly atMs: number }[];
  readonly retitledAtMs: readonly number[];
  /** Its names, if several processes had to agree on them. */
  readonly claims?: ClaimsSnapshot;
  readonly atMs: number;
  /** Whether it waits for the members who were inside when the server stopped. */
  readonly isAwaiting: boolean;
  /** The ranks of those members, by their names. */
  readonly absent: readonly (readonly [who: string, ranks: number])[];
}

/**
 * Whether everybody has left a room for good. A room whose log has lost its end does not count as closed, since the
 * loss is part of the ids of its messages; nor does one that has asked for a name, or given its own away.
 */
export function isClosed({ seats, isAwaiting, registration, restarts, claims }: RoomSnapshot): boolean {
  return seats.length === 0 && !isAwaiting && registration === null && restarts === 0 && claims === undefined;
}

/** A member of the chat. */
export interface MemberSnapshot {
  readonly session: string;
  readonly who: Who;
  readonly last: number;
  readonly sinceMs: number;
  readonly away: string | null;
  readonly traits: readonly Trait[];
  readonly metadata: readonly (readonly [key: string, value: string])[];
  readonly security: Security;
  readonly isAlone: boolean;
}

/** The nodes of a member that is, or has been, connected to several. */
export interface PresencesSnapshot {
  /** The session of the member. */
  readonly session: string;
  /** The sessions that it had before. */
  readonly formers: readonly string[];
  readonly absentSinceMs: number | null;
  readonly at: readonly (readonly [session: string, presence: Presence])[];
}

/** The members in the chat, as the log of the domain has them. */
export interface DomainSnapshot {
  readonly members: readonly MemberSnapshot[];
  readonly presences: readonly PresencesSnapshot[];
  readonly departures: readonly Departure[];
  /** Nicks that belong to accounts. */
  readonly owned: readonly string[];
  /** The logs of the rooms that are open. */
  readonly rooms: readonly RoomLog[];
  /** The nodes that are gone. */
  readonly gone: readonly string[];
  readonly bans: readonly ServerBan[];
  readonly numbers: NumbersSnapshot;
  readonly peak: number;
  readonly atMs: number;
}

/** The recent messages to single members, as their log has them. */
export interface PrivateSnapshot {
  /** The nodes that are gone. */
  readonly gone: readonly string[];
  readonly numbers: NumbersSnapshot;
  /** The number of times that the log has lost its end. */
  readonly restarts: number;
  /** The senders and recipients of recent messages, by the keys of their places. */
  readonly messages: readonly { readonly key: number; readonly by: string; readonly to: string }[];
  readonly atMs: number;
}
