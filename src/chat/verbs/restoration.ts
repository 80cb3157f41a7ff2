/**
 * Converts members to plain data and back: a process that takes over connections of another one brings them in quietly.
 */
import { RANKS, type SettingChange } from '../../log/entry.js';
import type { Member, MemberDescription, Outlet } from '../member.js';
import { MemberState, stateOf, stranger } from '../member-state.js';
import { NOT_CONNECTED } from '../presences.js';
import { RANK_BITS, type Room } from '../room.js';
import type { RoomReplica } from '../rooms.js';
import { isTicket, whenSettled } from '../ticket.js';
import { addressOf, setAway, share } from './devices.js';
import { annotateSelf } from './notes.js';
import { proposeRights, setTrait } from './profile.js';
import type { Scene } from './scene.js';

/** A mask that everybody matches. */
const EVERYBODY = '*!*@*';
/** Each change of a rank counts as one value. */
const RANK_CHANGES = { maxMasks: 0, maxValues: RANKS.length };

/** The options for a member that is brought in. */
export interface How {
  /** Whether no other connection may share it, even of the same account. @defaultValue false */
  readonly isAlone?: boolean;
}

/** Describes a member that has been admitted. @param outlet - the outlet whose privileges it gets; null for all */
export function describe(who: Member, outlet: Outlet | null): MemberDescription {
  const member = stateOf(who);
  const { sinceMs, lastSpokeMs, away } = member;
  const rooms = member.seats.map(({ room, ranks }) => ({ name: room.name, ranks }));
  // Its client shows these rooms, too.
  for (const [name, ranks] of member.entering ?? []) rooms.push({ name, ranks });
  const label = member.label === member.nick ? null : member.label;
  const traits = [...member.traits];
  const metadata = [...member.metadata];
  const privileges = outlet !== null && member.isDivided ? member.privilegesAt(outlet) : member.who.privileges;
  return { who: { ...member.who, privileges }, label, sinceMs, lastSpokeMs, away, traits, metadata, rooms };
}

/**
 * Brings a member in as described, and notifies nobody. A room that is not open is opened; if a room does not let the
 * member in, the member is notified that it is out of it.
 *
 * @param outlet - null for a member without a connection
 * @returns null if somebody else has its nick, or if a log does not answer at once. A node returns the member at once;
 *   it gets another nick if somebody else has its own, and enters its rooms later
 */
export function restore(
  scene: Scene,
  description: MemberDescription,
  outlet: Outlet | null,
  { isAlone = false }: How,
): Member | null {
  const { core } = scene;
  const { who, sinceMs, lastSpokeMs, metadata } = description;
  const companion = isAlone ? undefined : companionOf(scene, description, outlet);
  if (companion !== undefined) return companion;
  // A member without a connection has no operator's rights: the next person may not know the password for them.
  const privileges = outlet === null ? null : who.privileges;
  const known = { ...stranger(who.address), ...who, privileges };
  const hasMoved = outlet !== null && addressOf(outlet) !== known.address;
  const member = new MemberState({
    session: core.newSession(),
    who: known,
    atMs: sinceMs,
    outlet: hasMoved ? null : outlet,
    label: description.label ?? undefined,
    isLocal: true,
    isAlone,
  });
  if (outlet !== null && hasMoved) member.attach(outlet);
  if (outlet !== null) member.entitle(outlet, privileges);
  if (core.isShared) {
    member.lastSpokeMs = lastSpokeMs;
    if (outlet === null) member.absentSinceMs = lastSpokeMs;
    const away = description.away ?? (outlet === null ? NOT_CONNECTED : null);
    core.returning.bringIn(member, { ...description, away });
    return member;
  }
  return core.quietly(() => {
    const arrived = core.arrive(member, known);
    if (isTicket(arrived) || arrived.kind !== 'arrived') return null;
    member.lastSpokeMs = lastSpokeMs;
    // The time at which it was left is not stored: it has missed nothing from before its last message.
    if (outlet === null) member.absentSinceMs = lastSpokeMs;
    const away = description.away ?? (outlet === null ? NOT_CONNECTED : null);
    if (away !== null) setAway(scene, member, away);
    for (const trait of description.traits) setTrait(scene, member, trait, true);
    // Before it is in a room that silences it.
    for (const [key, value] of metadata) annotateSelf(scene, member, { key, value, maxKeys: metadata.length });
    for (const { name, ranks } of description.rooms) enter(scene, member, name, ranks);
    return member;
  });
}

/**
 * Lets an outlet continue as the member of its account, which another connection has brought in already, or another
 * node has.
 */
function companionOf(scene: Scene, description: MemberDescription, outlet: Outlet | null): Member | undefined {
  const { core, directory } = scene;
  const { who, away, rooms } = description;
  if (!core.isShared || outlet === null || who.account === null) return undefined;
  const { fold } = core.domain;
  const isMeant = (member: MemberState): boolean =>
    !member.isAlone && fold.isSameAccount(member.account, who.account) && fold.isSameNick(member.nick, who.nick);
  const arriving = core.returning.find(isMeant);
  const known = arriving ?? directory.member(who.nick);
  if (known === undefined || !isMeant(known)) return undefined;
  if (!known.isLocal && !(core.mayShareMembers && core.isElsewhere(known))) return undefined;
  known.entitle(outlet, who.privileges);
  if (arriving !== undefined || (known.isLocal && known.isConnected)) {
    known.attach(outlet);
  } else if (core.mayShareMembers) {
    if (away !== null) known.mark(outlet, away);
    core.branches.resume(known, outlet, rooms);
    return known;
  } else {
    share(scene, known, outlet);
  }
  if (who.privileges !== null) proposeRights(scene, known, known.entitled);
  return known;
}

/**
 * Runs a call while every room lets everybody in, and then restores the rooms. Nobody is notified.
 *
 * @param restore brings in members who are in these rooms elsewhere
 */
export function holdOpen({ core, directory }: Scene, restore: () => void): void {
  // Rooms that have lost members with their node let them in again.
  if (core.isShared) {
    restore();
    return;
  }
  const rooms = [...directory.rooms()].map((room) => [room.name, barriersOf(room)] as const);
  const set = (on: boolean): void => {
    core.quietly(() => {
      for (const [name, barriers] of rooms) {
        const replica = core.rooms.replica(name);
        const changes = barriers.map((barrier) => (on ? barrier : { ...barrier, on: !barrier.on }));
        // A stored entry has whole numbers only.
        const limits = { maxMasks: Number.MAX_SAFE_INTEGER, maxValues: changes.length };
        const stamp = core.stamp(replica, core.steward);
        replica.oblige<'settings'>(core.steward, {
          kind: 'settings',
          who: core.steward.who,
          changes,
          ...limits,
          ...stamp,
        });
      }
    });
  };
  set(false);
  try {
    restore();
  } finally {
    set(true);
  }
}

/** The settings of a room that keep somebody out; settings that are off let somebody in. */
function barriersOf(room: Room): SettingChange[] {
  const flags = (['invite-only', 'accounts-only'] as const).filter((flag) => room.flags.has(flag));
  const barriers: SettingChange[] = flags.map((flag) => ({ kind: 'flag', on: true, flag }));
  if (room.key !== null) barriers.push({ kind: 'key', on: true, key: room.key });
  if (room.limit !== null) barriers.push({ kind: 'limit', on: true, limit: room.limit });
  const exceptions = room.masks.exception.map(({ mask }) => mask);
  if (!exceptions.includes(EVERYBODY)) barriers.push({ kind: 'mask', on: false, list: 'exception', mask: EVERYBODY });
  return barriers;
}

/** Gives a member its place in a room, with its ranks; later if the log is late, however many wait for it. */
function enter({ core }: Scene, member: MemberState, name: string, ranks: number): void {
  // Later, since the connection gets events only after its session has been brought in as well.
  const keepOut = (room: Room): void => {
    queueMicrotask(() => {
      if (core.isKnown(member)) core.keptOut(room, member);
    });
  };
  if (!core.isLinked(name) || !core.rooms.hasPlaceFor(name)) {
    keepOut(core.rooms.unopened(name));
    return;
  }
  const replica = core.rooms.replica(name);
  const stamp = core.stamp(replica, member);
  member.entering ??= new Map();
  member.entering.set(name, ranks);
  const joined = replica.oblige<'join'>(member, {
    kind: 'join',
    who: replica.fold.guiseOf(member.who),
    name,
    key: null,
    flags: [],
    ...stamp,
  });
  whenSettled(joined, ({ kind }) => {
    member.entering?.delete(name);
    // A room remembers the ranks of the members whom it waits for. The home of a foreign room decides on ranks there.
    if (kind !== 'joined') {
      if (replica.fold.seatOf(member) === undefined) keepOut(replica.fold);
    } else if (!replica.fold.isForeign && replica.fold.ranksOf(member) !== ranks) {
      rank(core, member, replica, ranks);
    }
  });
}

/** Gives a member exactly these ranks. */
function rank(core: Scene['core'], member: MemberState, replica: RoomReplica, ranks: number): void {
  const changes = RANKS.map((each) => {
    const on = (ranks & RANK_BITS[each]) > 0;
    return { kind: 'rank', on, rank: each, target: member.session } as const;
  });
  // Nobody in the room may be able to give these ranks. The address of the member stays out of the log, which other
  // domains may read.
  const warden = new MemberState({ session: core.newSession(), who: core.steward.who, atMs: member.sinceMs });
  const stamp = core.stamp(replica, warden);
  replica.oblige<'settings'>(warden, { kind: 'settings', who: warden.who, changes, ...RANK_CHANGES, ...stamp });
}
