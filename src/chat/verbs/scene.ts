/** What all verbs act on. */
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
  /** Returns the host that others see of somebody who comes from an address. */
  readonly hostOf: (address: string) => string;
}

/**
 * Finds the room that a member speaks of, if it may know of it. What is proposed to one that is about to open is judged
 * when it has.
 */
export function roomFor({ core, directory }: Scene, by: Member, name: string): RoomReplica | undefined {
  const room = directory.visibleRoom(by, name);
  return room === undefined ? core.rooms.opening(name) : core.rooms.replica(room.name);
}

/** Returns what a room must be told of one who acts; null for one inside who is known there by all that counts. */
export function knownTo(room: RoomState, by: MemberState): Who | null {
  return room.seatOf(by) === undefined || by.isElsewhere ? room.guiseOf(by.acting) : null;
}
