/** Rooms that belong to accounts. */
import { MASK_LISTS } from '../../log/entry.js';
import type { Member } from '../member.js';
import { type MemberState, stateOf } from '../member-state.js';
import { mayAdminister } from '../permissions.js';
import { refuse, type Refused } from '../refusal.js';
import type { RoomOutcomes } from '../room-deeds.js';
import type { RoomState } from '../room-state.js';
import type { Answer } from '../ticket.js';
import { accountMaskOf } from '../user-mask.js';
import { knownTo, type Scene } from './scene.js';

/**
 * Makes a room belong to the account of somebody inside.
 *
 * @param maxRooms - the most rooms that one account founds
 */
export function register(
  { core, directory }: Scene,
  who: Member,
  name: string,
  maxRooms: number,
): Answer<RoomOutcomes['register'] | Refused<'no-such-room' | 'too-many-rooms'>> {
  const by = stateOf(who);
  const room = directory.visibleRoom(by, name);
  if (room === undefined) return refuse('no-such-room');
  if (room.isForeign || (by.isElsewhere && !mayAdminister(by, room))) return refuse('not-allowed', room);
  const { account } = by;
  // No single log knows how many rooms an account has.
  if (account !== null && roomsOf(directory, account).length >= maxRooms) return refuse('too-many-rooms', room);
  const replica = core.rooms.replica(room.name);
  return replica.propose<'register'>(by, { kind: 'register', ...core.stamp(replica, by) });
}

/** Ends the registration of a room. */
export function unregister(
  scene: Scene,
  who: Member,
  name: string,
): Answer<RoomOutcomes['unregister'] | Refused<'no-such-room'>> {
  const by = stateOf(who);
  const room = scene.directory.visibleRoom(by, name);
  if (room?.isForeign === true) return refuse('not-allowed', room);
  return room === undefined ? refuse('no-such-room') : proposeEnd(scene, by, room);
}

function proposeEnd({ core }: Scene, by: MemberState, room: RoomState): Answer<RoomOutcomes['unregister']> {
  const replica = core.rooms.replica(room.name);
  const stamp = core.stamp(replica, by);
  return replica.propose<'unregister'>(by, { kind: 'unregister', who: knownTo(room, by), ...stamp });
}

/** Sets the ranks that an account has in a room. @param ranks - 0 takes them away */
export function grant(
  scene: Scene,
  who: Member,
  name: string,
  { account, ranks }: { readonly account: string; readonly ranks: number },
): Answer<RoomOutcomes['grant'] | Refused<'no-such-room'>> {
  const by = stateOf(who);
  const room = scene.directory.visibleRoom(by, name);
  if (room?.isForeign === true) return refuse('not-allowed', room);
  return room === undefined ? refuse('no-such-room') : proposeGrant(scene, by, room, { account, ranks });
}

function proposeGrant(
  { core }: Scene,
  by: MemberState,
  room: RoomState,
  what: { readonly account: string; readonly ranks: number },
): Answer<RoomOutcomes['grant']> {
  const replica = core.rooms.replica(room.name);
  return replica.propose<'grant'>(by, { kind: 'grant', who: knownTo(room, by), ...what, ...core.stamp(replica, by) });
}

/** Transfers a room to another account. @param maxRooms - the most rooms that one account founds */
export function found(
  { core, directory }: Scene,
  who: Member,
  name: string,
  { account, maxRooms }: { readonly account: string; readonly maxRooms: number },
): Answer<RoomOutcomes['found'] | Refused<'no-such-room' | 'too-many-rooms'>> {
  const by = stateOf(who);
  const room = directory.visibleRoom(by, name);
  if (room === undefined) return refuse('no-such-room');
  if (room.isForeign) return refuse('not-allowed', room);
  if (roomsOf(directory, account).length >= maxRooms) return refuse('too-many-rooms', room);
  const replica = core.rooms.replica(room.name);
  return replica.propose<'found'>(by, { kind: 'found', who: knownTo(room, by), account, ...core.stamp(replica, by) });
}

/**
 * An account has been erased: no room belongs to it any more, it has no ranks anywhere, and no mask names it. A new
 * account of that name is somebody else's. A log that is late takes it later.
 */
export function disown(scene: Scene, account: string): void {
  for (const room of [...scene.directory.rooms()]) {
    // The accounts of another domain are different ones.
    if (room.isForeign) continue;
    endOwnership(scene, room, account);
    dropMasks(scene, room, account);
  }
}

function endOwnership({ core, directory }: Scene, room: RoomState, account: string): void {
  const { fold } = directory;
  const { registration } = room;
  const { steward } = core;
  if (registration === null) return;
  const replica = core.rooms.replica(room.name);
  const stamp = core.stamp(replica, steward);
  if (fold(registration.founder) === fold(account)) {
    replica.oblige<'unregister'>(steward, { kind: 'unregister', who: steward.who, ...stamp });
  } else if (registration.ranksOf(account) > 0) {
    replica.oblige<'grant'>(steward, { kind: 'grant', who: steward.who, account, ranks: 0, ...stamp });
  }
}

/** Removes the masks that name an account; a pattern names none. */
function dropMasks({ core, directory }: Scene, room: RoomState, account: string): void {
  const folded = directory.fold(accountMaskOf(account));
  const changes = MASK_LISTS.flatMap((list) =>
    room.masks[list]
      .filter(({ mask }) => directory.fold(mask) === folded)
      .map(({ mask }) => ({ kind: 'mask', on: false, list, mask }) as const),
  );
  if (changes.length === 0) return;
  const replica = core.rooms.replica(room.name);
  const { steward } = core;
  const limits = { maxMasks: 0, maxValues: changes.length };
  const stamp = core.stamp(replica, steward);
  replica.oblige<'settings'>(steward, { kind: 'settings', who: steward.who, changes, ...limits, ...stamp });
}

/** The rooms that an account has founded. */
function roomsOf(directory: Scene['directory'], account: string): RoomState[] {
  const { fold } = directory;
  const folded = fold(account);
  return [...directory.rooms()].filter(
    ({ registration, isForeign }) => !isForeign && registration !== null && fold(registration.founder) === folded,
  );
}
