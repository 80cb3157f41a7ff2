/** Who may see what, and who may do what in a channel. */
import type { Member } from '../../chat/member.js';
import { RANK_BITS, type Room } from '../../chat/room.js';

/** A member's ranks in a room; an IRC operator counts as its owner, so that a room without operators can be helped. */
export function authority(member: Member, room: Room): number {
  return member.isOperator ? RANK_BITS.owner : room.ranksOf(member);
}

/** Whether a member may know of a room. */
export function isVisible(viewer: Member, room: Room): boolean {
  return !room.flags.has('secret') || viewer.isOperator || room.seatOf(viewer) !== undefined;
}
