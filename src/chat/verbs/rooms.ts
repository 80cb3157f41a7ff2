/** Enters and leaves rooms, and acts on their members. */
import type { EntryOf, LogName, RoomDeeds, RoomFlag } from '../../log/entry.js';
import { type BorderRefusal, isFromAbroad, namesDomain } from '../abroad.js';
import type { Core } from '../core.js';
import type { EventOf } from '../event.js';
import type { Member } from '../member.js';
import { type MemberState, stateOf } from '../member-state.js';
import { type EntryRefusal, entryRefusal, type SpeechRefusal, topicRefusal } from '../permissions.js';
import { NOT_TAKEN, type NotTaken, refuse, type Refused } from '../refusal.js';
import type { RoomOutcomes } from '../room-deeds.js';
import type { RoomReplica } from '../rooms.js';
import { type Answer, isTicket, thenAnswer } from '../ticket.js';
import { knownTo, roomFor, type Scene } from './scene.js';

/** The options of a member that enters. */
export interface JoinOptions {
  /** The key that it offers; null for none. */
  readonly key: string | null;
  /** The most rooms that the member may be in. */
  readonly maxRooms: number;
  /** The switches of the room, if this opens it. */
  readonly flags: readonly RoomFlag[];
}

/** Brings a member into a room. A member that opens the room becomes its operator. */
export function join(
  { core, directory }: Scene,
  who: Member,
  name: string,
  { key, maxRooms, flags }: JoinOptions,
): Answer<EventOf<'joined'> | Refused<EntryRefusal | BorderRefusal | 'already-inside' | 'too-many-rooms'>> {
  const member = stateOf(who);
  const known = directory.room(name);
  if (known?.seatOf(member) !== undefined) return refuse('already-inside', known);
  if (member.seats.length >= maxRooms) return refuse('too-many-rooms');
  const objection = namesDomain(name) ? objectionTo(core, name) : null;
  if (objection !== null) return refuse(objection);
  if (!core.rooms.hasPlaceFor(name)) return NOT_TAKEN;
  return enter(core, member, core.rooms.replica(name), { name, key, flags }, MAX_MOVES);
}

/** The most rooms that one is led to who enters by a name, while rooms get other names. */
const MAX_MOVES = 5;

/** Enters a room, or the one that its name leads to. */
function enter(
  core: Core,
  member: MemberState,
  replica: RoomReplica,
  entry: Pick<EntryOf<RoomDeeds, 'join'>, 'name' | 'key' | 'flags'>,
  moves: number,
): Answer<Exclude<RoomOutcomes['join'], Refused<'moved'>>> {
  const { name, key, flags } = entry;
  // The log gets the identity of the member, and not the connection through which it enters.
  const refusal = member.isElsewhere ? entryRefusal(member, replica.fold, key) : null;
  if (refusal !== null) return refuse(refusal, replica.fold);
  if (core.isShared) core.nodes.beforeEntry(replica, member);
  const stamp = core.stamp(replica, member);
  const who = replica.fold.guiseOf(member.who);
  const answer = replica.propose<'join'>(member, { kind: 'join', who, name, key, flags, ...stamp });
  const { voice } = core;
  const acting = member.isElsewhere ? member.acting : null;
  return thenAnswer(answer, (outcome, isLate) => {
    if (!isMoved(outcome)) return outcome;
    if (isLate || moves === 0) return NOT_TAKEN;
    const goOn = (): ReturnType<typeof enter> =>
      enter(core, member, core.titles.destination(replica, name), entry, moves - 1);
    // In a later call, nobody acts through the connection that has asked to enter.
    const goOnThere = (): ReturnType<typeof enter> => (voice === null ? goOn() : core.through(voice, goOn));
    return acting === null ? goOnThere() : member.actAs(acting, goOnThere);
  });
}

function isMoved(outcome: RoomOutcomes['join'] | NotTaken): outcome is Refused<'moved'> {
  return outcome.kind === 'refused' && outcome.why === 'moved';
}

/** Returns why nobody may enter a room that its name places in a domain. */
function objectionTo({ abroad }: Scene['core'], name: string): BorderRefusal | null {
  return abroad === null ? 'unknown-domain' : abroad.objectionTo(name);
}

/** Removes a member from a room. @param reason - left out if the member may not speak; empty for none */
export function part(
  scene: Scene,
  who: Member,
  name: string,
  reason: string,
): Answer<EventOf<'left'> | Refused<'no-such-room' | 'not-inside'>> {
  const member = stateOf(who);
  const replica = roomFor(scene, member, name);
  if (replica === undefined) return refuse('no-such-room');
  return replica.propose<'part'>(member, { kind: 'part', reason, ...scene.core.stamp(replica, member) });
}

/** Removes a member from a room; it gets the event as well. */
export function kick(
  scene: Scene,
  who: Member,
  name: string,
  { nick, reason }: { readonly nick: string; readonly reason: string },
): Answer<EventOf<'kicked'> | Refused<'no-such-room' | 'not-inside' | 'not-allowed' | 'target-not-inside'>> {
  const { core, directory } = scene;
  const by = stateOf(who);
  const replica = roomFor(scene, by, name);
  if (replica === undefined) return refuse('no-such-room');
  const target = directory.anyone(nick)?.session ?? null;
  const known = knownTo(replica.fold, by);
  return replica.propose<'kick'>(by, { kind: 'kick', who: known, target, reason, ...core.stamp(replica, by) });
}

/** Invites somebody into a room; the guest gets the event, and so do the members who might have invited it. */
export function invite(
  scene: Scene,
  who: Member,
  nick: string,
  name: string,
): Answer<
  EventOf<'invited'> | Refused<'no-such-member' | 'no-such-room' | 'not-inside' | 'not-allowed' | 'guest-inside'>
> {
  const { core, directory } = scene;
  const by = stateOf(who);
  const guest = directory.member(nick) ?? core.foreigners.known(nick);
  if (guest === undefined) return refuse('no-such-member');
  const replica = roomFor(scene, by, name);
  if (replica === undefined) return refuse('no-such-room');
  // Only the home of a room can invite somebody of another domain, and only into a room that others share.
  const { isForeign, isKnownAbroad } = replica.fold;
  if (isFromAbroad(guest.session) && (isForeign || !isKnownAbroad)) return refuse('no-such-member');
  const stamp = core.stamp(replica, by);
  const invitation = { kind: 'invite', guest: guest.session, who: replica.fold.guiseOf(guest.who) } as const;
  const entry = by.isElsewhere
    ? { ...invitation, by: replica.fold.guiseOf(by.acting), ...stamp }
    : { ...invitation, ...stamp };
  return replica.propose<'invite'>(by, entry);
}

/** Sets the topic of a room. @returns null if the room already has that topic */
export function setTopic(
  scene: Scene,
  who: Member,
  name: string,
  text: string,
): Answer<EventOf<'topic'> | Refused<SpeechRefusal | 'no-such-room' | 'not-inside' | 'not-allowed'> | null> {
  const by = stateOf(who);
  const replica = roomFor(scene, by, name);
  if (replica === undefined) return refuse('no-such-room');
  const room = replica.fold;
  const seat = by.isElsewhere ? room.seatOf(by) : undefined;
  const refusal = seat === undefined ? null : topicRefusal(by, room, seat);
  if (refusal !== null) return refuse(refusal, room);
  return replica.propose<'topic'>(by, { kind: 'topic', text, ...scene.core.stamp(replica, by) });
}

/** Asks the members inside to be let in. */
export function knock(scene: Scene, who: Member, name: string): Answer<RoomOutcomes['knock']> {
  const by = stateOf(who);
  const replica = roomFor(scene, by, name);
  if (replica === undefined) return refuse('no-such-room');
  return replica.propose<'knock'>(by, {
    kind: 'knock',
    who: replica.fold.guiseOf(by.acting),
    ...scene.core.stamp(replica, by),
  });
}

/** Gives a room another name, which no other room may have. */
export function retitle(
  scene: Scene,
  who: Member,
  name: string,
  { title, reason }: { readonly title: string; readonly reason: string },
): Answer<RoomOutcomes['retitle'] | Refused<'no-such-room' | 'name-taken' | 'shared'>> {
  const { core } = scene;
  const by = stateOf(who);
  const replica = roomFor(scene, by, name);
  if (replica === undefined) return refuse('no-such-room');
  const room = replica.fold;
  // Elsewhere they are known by the names of their logs.
  const isAbroad = (log: LogName): boolean => (core.abroad?.viewOf(log) ?? null) !== null;
  if (isAbroad(replica.name) || isAbroad(`r:${core.directory.fold(title)}`)) return refuse('shared', room);
  if (room.name === title || !core.rooms.isFree(title, replica)) return refuse('name-taken', room);
  const known = knownTo(room, by);
  if (core.isShared) return core.titles.ask(replica, by, { who: known, name: title, reason });
  const stamp = core.stamp(replica, by);
  const answer = replica.propose<'retitle'>(by, { kind: 'retitle', who: known, name: title, reason, ...stamp });
  if (isTicket(answer)) core.rooms.reserve(title, replica);
  return answer;
}
