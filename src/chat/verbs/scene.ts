/** The state that all verbs act on. */
import type { Who } from '../../log/entry.js';
import type { Core } from '../core.js';
import type { DirectoryState } from '../directory-state.js';
import type { Member } from '../member.js';
import type { MemberState } from '../member-state.js';
import type { RoomState } from '../room-state.js';
import type { RoomReplica } from '../rooms.js';
import type { ServerBans } from '../server-bans.js';

/** The state of one chat, and the way to change it. */
export interface Scene {
  readonly core: Core;
  readonly directory: DirectoryState;
  readonly bans: ServerBans;
  /** Returns the host that others see of somebody who connects from an address. */
  readonly hostOf: (address: string) => string;
}

/**
 * Finds the room that a member refers to, if the member may know of it. Proposals to a room that is about to open are
 * judged when it has opened.
 */
export function roomFor({ core, directory }: Scene, by: Member, name: string): RoomReplica | undefined {
  const room = directory.visibleRoom(by, name);
  return room === undefined ? core.rooms.opening(name) : core.rooms.replica(room.name);
}

/**
 * Returns the identity of an actor that a room needs; null for a member inside if the room knows all relevant facts.
 */
export function knownTo(room: RoomState, by: MemberState): Who | null {
  return room.seatOf(by) === undefined || by.isElsewhere ? room.guiseOf(by.acting) : null;
}
