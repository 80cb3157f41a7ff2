/** Who acts on a room by an entry, from inside or from outside. */
import type { EntryOf, RoomDeeds, Who } from '../log/entry.js';
import type { MemberState } from './member-state.js';
import type { RoomState, SeatState } from './room-state.js';
import { Outsider, type Subject } from './subject.js';

/** One who acts on a room, perhaps from outside. */
export interface Actor {
  /** The facts that the rules look at. */
  readonly subject: Subject;
  readonly who: Who;
  readonly member: MemberState;
}

/**
 * Returns who acts: one with a place in the room, or one from outside as its entry describes it. One inside whose entry
 * describes it acts with what is said there: through a connection that has not all of its rights.
 */
export function actorOf(
  room: RoomState,
  {
    session,
    who,
  }: EntryOf<RoomDeeds, 'annotate' | 'found' | 'grant' | 'kick' | 'redact' | 'retitle' | 'settings' | 'unregister'>,
  seat: SeatState | undefined,
): Actor | undefined {
  if (seat !== undefined) {
    return { subject: who === null ? seat : new Outsider(session, who), who: seat.who, member: seat.member };
  }
  if (who === null) return undefined;
  return { subject: new Outsider(session, who), who, member: room.memberOf(session, who) };
}

/** Returns who acts, if it has a place in the room, or may act there from outside all the same. */
export function insiderOf(
  room: RoomState,
  entry: EntryOf<RoomDeeds, 'annotate' | 'kick' | 'retitle'>,
  seat: SeatState | undefined,
): Actor | undefined {
  // It may have closed, or never have been open, since that was proposed.
  if (room.isOver) return undefined;
  const actor = actorOf(room, entry, seat);
  return seat !== undefined || actor?.subject.may('override') === true ? actor : undefined;
}
