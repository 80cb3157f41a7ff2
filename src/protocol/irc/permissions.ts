/** Who may see what, and who may do what in a channel. */
import type { Member } from '../../chat/member.js';
import { RANK_BITS, type Room, type SpeechRefusal } from '../../chat/room.js';

/** A member's ranks in a room; an IRC operator counts as its owner, so that a room without operators can be helped. */
export function authority(member: Member, room: Room): number {
  return member.isOperator ? RANK_BITS.owner : room.ranksOf(member);
}

/** Whether a member may know of a room. */
export function isVisible(viewer: Member, room: Room): boolean {
  return !room.flags.has('secret') || viewer.isOperator || room.seatOf(viewer) !== undefined;
}

/** Says why a member may not speak in a room, an IRC operator from outside like anybody else; null when it may. */
export function speechRefusal(member: Member, room: Room): SpeechRefusal | null {
  return member.isOperator && room.seatOf(member) !== undefined ? null : room.refusesSpeech(member);
}

/**
 * A room that a member is in and may not speak in; null when it may speak in all of its rooms. What such a member says in
 * other ways that everybody there is told of (a nick, a real name, a reason) would be speech as well.
 */
export function silencingRoom(member: Member): Room | null {
  return member.seats.find(({ room }) => speechRefusal(member, room) !== null)?.room ?? null;
}
