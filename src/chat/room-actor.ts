/** The one who acts on a room through an entry, from inside or from outside. */
import type { EntryOf, RoomDeeds, Who } from '../log/entry.js';
import type { MemberState } from './member-state.js';
import type { RoomState, SeatState } from './room-state.js';
import { Outsider, type Subject } from './subject.js';

/** One who acts on a room, perhaps from outside. */
export interface Actor {
  /** The facts that the rules check. */
  readonly subject: Subject;
  readonly who: Who;
  readonly member: MemberState;
}

/**
 * Returns the actor: somebody with a place in the room, or somebody from outside, as the entry describes it. If an
 * entry describes somebody inside, that description counts: it acts through a connection that does not have all of its
 * rights.
 */
export function actorOf(
  room: RoomState,
  {
    session,
    who,
  }: EntryOf<
    RoomDeeds,
    'annotate' | 'claim' | 'found' | 'grant' | 'kick' | 'redact' | 'retitle' | 'settings' | 'unregister'
  >,
  seat: SeatState | undefined,
): Actor | undefined {
  if (seat !== undefined) {
    return { subject: who === null ? seat : new Outsider(session, who), who: seat.who, member: seat.member };
  }
  if (who === null) return undefined;
  return { subject: new Outsider(session, who), who, member: room.memberOf(session, who) };
}

/** Returns the actor, if it has a place in the room, or may act there from outside all the same. */
export function insiderOf(
  room: RoomState,
  entry: EntryOf<RoomDeeds, 'annotate' | 'claim' | 'kick' | 'retitle'>,
  seat: SeatState | undefined,
): Actor | undefined {
  // The room may have closed, or never have been open, since that was proposed.
  if (room.isOver) return undefined;
  const actor = actorOf(room, entry, seat);
  return seat !== undefined || actor?.subject.may('override') === true ? actor : undefined;
}
