/** Messages to a room, to one person, or to everybody who listens. */
import type { Stamp } from '../../log/entry.js';
import { type Letter, type LetterAnswer, type LetterRefusal, wayToSession } from '../abroad.js';
import type { Core } from '../core.js';
import type { EventOf, Said } from '../event.js';
import type { Member } from '../member.js';
import { type MemberState, stateOf } from '../member-state.js';
import { sharesRoom, type SpeechRefusal } from '../permissions.js';
import type { PrivateOutcomes } from '../private-state.js';
import { type NotTaken, refuse, type Refused } from '../refusal.js';
import type { RoomOutcomes } from '../room-deeds.js';
import { type Answer, OpenTicket, whenSettled } from '../ticket.js';
import { knownTo, roomFor, type Scene } from './scene.js';

/** The recipients of a message. */
export type Target =
  /**
   * A room. If ranks are given (as bits), only members with the lowest of them or a higher one; 0 for everybody there.
   */
  | { readonly kind: 'room'; readonly name: string; readonly ranks: number }
  | { readonly kind: 'member'; readonly nick: string };

/** The content of a message, and its form. */
export type Words = Pick<Said, 'type' | 'text' | 'tags' | 'isDivisible'>;

/** Why nothing was said. */
export type SayRefusal = SpeechRefusal | LetterRefusal | 'query' | 'no-such-room';

/** Says something. */
export function say(scene: Scene, who: Member, target: Target, words: Words): Answer<Said | Refused<SayRefusal>> {
  const by = stateOf(who);
  return target.kind === 'room' ? sayToRoom(scene, by, target, words) : sayToMember(scene, by, target.nick, words);
}

function sayToRoom(
  { core }: Scene,
  by: MemberState,
  { name, ranks }: Extract<Target, { readonly kind: 'room' }>,
  { type, text, tags, isDivisible }: Words,
): Answer<Said | Refused<SayRefusal>> {
  const replica = core.rooms.find(name) ?? core.rooms.opening(name);
  if (replica === undefined) return refuse('no-such-room');
  const who = knownTo(replica.fold, by);
  // Field by field: to spread the stamp into the entry would cost more than all the rest of a message.
  const { session, via, n, atMs, seen, base } = core.stamp(replica, by);
  const stamped = { session, n, atMs, seen, base, kind: 'say', who, ranks, type, text, tags, isDivisible } as const;
  return replica.propose<'say'>(by, via === undefined ? stamped : { ...stamped, via });
}

function sayToMember(
  { core, directory }: Scene,
  by: MemberState,
  nick: string,
  words: Words,
): Answer<Said | Refused<SayRefusal>> {
  const target = directory.member(nick)?.session;
  if (target === undefined) return sayAbroad(core, by, nick, words);
  return tell(core, by, target, words);
}

/** Says something to somebody of another domain, who shares a room with the speaker. */
function sayAbroad(core: Core, by: MemberState, nick: string, words: Words): Answer<Said | Refused<SayRefusal>> {
  const to = core.foreigners.peerOf(by, nick);
  const room = to?.seats.find((seat) => seat.room.seatOf(by) !== undefined)?.room;
  const log = room === undefined ? undefined : core.rooms.find(room.name)?.name;
  if (core.abroad === null || to === undefined || log === undefined) return refuse('no-such-member');
  const said = new OpenTicket<Said | Refused<SayRefusal> | NotTaken>(wayToSession(to.session));
  core.abroad.post(log, { by: by.session, to: to.session, ...words }, (answer) => {
    if (answer.kind === 'refused') {
      said.settled(refuse(answer.why));
      return;
    }
    core.foreigners.noteAbsence(to, answer.away);
    // What has arrived is in the history of the speaker, and shown to its other connections.
    whenSettled(tell(core, by, to.session, words), (outcome) => {
      said.settled(outcome);
    });
  });
  return said.answer();
}

function tell(
  core: Core,
  by: MemberState,
  target: string,
  { type, text, tags, isDivisible }: Words,
  stamp: Stamp = core.stamp(core.private, by),
): Answer<PrivateOutcomes['tell']> {
  const { session, via, n, atMs, seen, base } = stamp;
  const stamped = { session, n, atMs, seen, base, kind: 'tell', target, type, text, tags, isDivisible } as const;
  return core.private.propose<'tell'>(by, via === undefined ? stamped : { ...stamped, via });
}

/**
 * Delivers a letter from another domain to somebody of this one, or returns it.
 *
 * @param take - called once, in this call or later
 */
export function deliver({ core }: Scene, letter: Letter, take: (answer: LetterAnswer) => void): void {
  const by = core.foreigners.bySession(letter.by);
  const to = core.domain.fold.bySession(letter.to);
  // A stranger is heard by those who have met it in a room.
  if (by === undefined || to === undefined || !sharesRoom(by, to)) {
    take({ kind: 'refused', why: 'no-such-member' });
    return;
  }
  // Several nodes may deliver letters of one sender at once, so each of them numbers those by itself.
  const { isShared, steward, directory } = core;
  const stamp = isShared ? core.private.stamp(by.session, directory.now(), steward.session) : undefined;
  whenSettled(tell(core, by, to.session, letter, stamp), (outcome) => {
    if (outcome.kind === 'said') take({ kind: 'delivered', away: to.away });
    else take({ kind: 'refused', why: outcome.why === 'not-taken' ? 'unreachable' : outcome.why });
  });
}

/** Takes back a message. @param message - its id */
export function redact(
  scene: Scene,
  who: Member,
  target: Target,
  { message, reason }: { readonly message: string; readonly reason: string },
): Answer<RoomOutcomes['redact'] | PrivateOutcomes['retract'] | Refused<'no-such-room'>> {
  const { core, directory } = scene;
  const by = stateOf(who);
  if (target.kind === 'room') {
    const replica = roomFor(scene, by, target.name);
    if (replica === undefined) return refuse('no-such-room');
    const known = knownTo(replica.fold, by);
    const stamp = core.stamp(replica, by);
    return replica.propose<'redact'>(by, { kind: 'redact', who: known, message, reason, ...stamp });
  }
  const to = directory.member(target.nick)?.session;
  if (to === undefined) return refuse('no-such-member');
  const stamp = core.stamp(core.private, by);
  return core.private.propose<'retract'>(by, { kind: 'retract', target: to, message, reason, ...stamp });
}

/** Says something to everybody in the chat. */
export function broadcast(
  { core }: Scene,
  who: Member,
  type: 'message' | 'notice',
  text: string,
): Answer<EventOf<'broadcast'> | Refused<'not-privileged'>> {
  const by = stateOf(who);
  if (!by.may('global')) return refuse('not-privileged');
  return core.domain.propose<'broadcast'>(by, { kind: 'broadcast', type, text, ...core.stamp(core.domain, by) });
}

/** Announces something to everybody who listens to operators. */
export function announce(
  { core }: Scene,
  who: Member,
  text: string,
): Answer<EventOf<'announced'> | Refused<'not-privileged'>> {
  const by = stateOf(who);
  if (!by.may('wallops')) return refuse('not-privileged');
  return core.domain.propose<'announce'>(by, { kind: 'announce', text, ...core.stamp(core.domain, by) });
}
