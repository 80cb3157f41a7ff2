/** What all verbs act on. */
import type { Core } from '../core.js';
import type { DirectoryState } from '../directory-state.js';
import type { Member } from '../member.js';
import type { RoomReplica } from '../rooms.js';
import type { ServerBans } from '../server-bans.js';

/** The state of one chat, and the way to change it. */
export interface Scene {
  readonly core: Core;
  readonly directory: DirectoryState;
  readonly bans: ServerBans;
}

/**
 * Finds the room that a member speaks of, if it may know of it. What is proposed to one that is about to open is judged
 * when it has.
 */
export function roomFor({ core, directory }: Scene, by: Member, name: string): RoomReplica | undefined {
  const room = directory.visibleRoom(by, name);
  return room === undefined ? core.rooms.opening(name) : core.rooms.replica(room.name);
}
