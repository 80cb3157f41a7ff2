/** The rules of the chat, the same for every protocol: the limits of what each member may see and do. */
import type { Member } from './member.js';
import { type Rank, RANK_BITS, type Room, type Seat } from './room.js';
import type { Subject } from './subject.js';

/** Why somebody may not enter a room. */
export type EntryRefusal = 'banned' | 'invite-only' | 'needs-account' | 'bad-key' | 'full';
/** Why somebody may not speak in a room. */
export type SpeechRefusal = 'outside' | 'moderated' | 'speaker-needs-account' | 'banned' | 'muted';

/** Why a change of a room's settings was not made. */
export type ChangeRefusal = 'not-allowed' | 'no-such-member' | 'target-not-inside' | 'list-full';

/** The rank that is needed to give or take a rank. */
export const AUTHORITY_FOR: Readonly<Record<Rank, number>> = {
  voice: RANK_BITS['half-operator'],
  'half-operator': RANK_BITS.operator,
  operator: RANK_BITS.operator,
  admin: RANK_BITS.owner,
  owner: RANK_BITS.owner,
};

/**
 * Returns a member's ranks in a room: its own, or those of its account there if these are higher. A member that may
 * override them counts as owner, and so can help in any room.
 */
export function authority(member: Subject, room: Room): number {
  return member.may('override') ? RANK_BITS.owner : Math.max(room.ranksOf(member), room.accessOf(member));
}

/** Whether a member may change the topic of a room, invite people into it, or remove them. */
export function mayManage(member: Subject, room: Room): boolean {
  return authority(member, room) >= RANK_BITS['half-operator'];
}

/** Whether a member may change a room for everybody, in ways that a half-operator may not. */
export function mayAdminister(member: Subject, room: Room): boolean {
  return authority(member, room) >= RANK_BITS.operator;
}

/** Whether a member may change a room's settings. @param rank - the rank that it gives or takes; null for no rank */
export function mayChange(member: Subject, room: Room, rank: Rank | null): boolean {
  return rank === null ? mayManage(member, room) : authority(member, room) >= AUTHORITY_FOR[rank];
}

/** Whether a member may remove another from a room, by their ranks. */
export function mayKick(member: Subject, target: Subject, room: Room): boolean {
  return mayManage(member, room) && !isAbove(room.ranksOf(target), authority(member, room));
}

/**
 * Whether one set of ranks holds a rank that is higher than all of the other's; a half-operator is below its equals.
 */
function isAbove(target: number, own: number): boolean {
  const highest = (ranks: number): number => 31 - Math.clz32(ranks);
  const isHalf = highest(own) === highest(RANK_BITS['half-operator']);
  return isHalf ? highest(target) >= highest(own) : highest(target) > highest(own);
}

/** Whether a member may know of a room. */
export function isVisible(viewer: Subject, room: Room): boolean {
  if (!room.flags.has('secret') || viewer.may('see-hidden')) return true;
  return room.seatOf(viewer) !== undefined || room.accessOf(viewer) > 0;
}

/** Whether one member may see that another is in a room, or here at all. */
export function mayList(viewer: Member, member: Member): boolean {
  return !member.traits.has('invisible') || viewer === member || viewer.may('see-hidden') || sharesRoom(viewer, member);
}

/** Whether two members are in a room together. */
export function sharesRoom(one: Member, other: Member): boolean {
  return one.seats.some((seat) => seat.room.seatOf(other) !== undefined);
}

/**
 * Returns why a member may not enter a room; null if it may.
 *
 * @param key - the key it offers; null for none
 */
export function entryRefusal(member: Subject, room: Room, key: string | null): EntryRefusal | null {
  if (room.isOpenedFor(member)) return null;
  // Members who look after the room could let themselves in.
  if (room.accessOf(member) >= RANK_BITS['half-operator']) return null;
  if (isBanned(member, room)) return 'banned';
  const isExpected = room.isListed(member, 'invitation');
  if (room.flags.has('invite-only') && !isExpected) return 'invite-only';
  if (room.flags.has('accounts-only') && member.account === null && !isExpected) return 'needs-account';
  if (room.key !== null && room.key !== key) return 'bad-key';
  if (room.limit !== null && room.size >= room.limit) return 'full';
  return null;
}

/** Returns why a member may not speak in a room; null if it may. No exception applies to an operator from outside. */
export function speechRefusal(
  member: Subject,
  room: Room,
  seat: Seat | undefined = room.seatOf(member),
): SpeechRefusal | null {
  if (seat === undefined && room.flags.has('no-outsiders')) return 'outside';
  if (seat !== undefined && (seat.ranks > 0 || member.may('override'))) return null;
  if (room.flags.has('moderated')) return 'moderated';
  if (room.flags.has('accounts-speak') && member.account === null) return 'speaker-needs-account';
  if (isBanned(member, room)) return 'banned';
  return room.isListed(member, 'mute') && !room.isListed(member, 'mute-exception') ? 'muted' : null;
}

/** Returns why a member may not set the topic of a room that it is in; null if it may. */
export function topicRefusal(member: Subject, room: Room, seat: Seat): SpeechRefusal | 'not-allowed' | null {
  if (room.flags.has('topic-protected') && !mayManage(member, room)) return 'not-allowed';
  // Everybody in the room reads a topic like a message.
  return speechRefusal(member, room, seat);
}

/**
 * Whether any line of a text is a query to programs, not people (CTCP). An action is for people, although it is written
 * the same way.
 */
export function isQuery(text: string): boolean {
  return /^\u0001(?!ACTION[ \u0001])/m.test(text);
}

/** Whether a ban of a room applies to a member, without an exception. */
function isBanned(member: Subject, room: Room): boolean {
  return room.isListed(member, 'ban') && !room.isListed(member, 'exception');
}

/**
 * Returns a room that a member is in and may not speak in; null if it may speak in all of its rooms. A nick, a real
 * name or a reason of such a member reaches everybody there, so it would be speech as well.
 */
export function silencingRoom(member: Member): Room | null {
  return member.seats.find(({ room }) => speechRefusal(member, room) !== null)?.room ?? null;
}
