/** The effect of each kind of entry on a room: a refusal, or a change with its event. */
import type { EntryOf, RoomDeeds, SettingChange } from '../log/entry.js';
import type { EventOf, RoomChange, Said } from './event.js';
import type { KnockLimit } from './knocks.js';
import type { Member } from './member.js';
import { withNote } from './notes.js';
import type { Amended, Ceded, Claimed, Cleared, Departed, Identified, Reclaimed, Titled } from './outcome.js';
import {
  type ChangeRefusal,
  type EntryRefusal,
  entryRefusal,
  isQuery,
  isVisible,
  mayAdminister,
  mayChange,
  mayKick,
  mayManage,
  type SpeechRefusal,
  speechRefusal,
  topicRefusal,
} from './permissions.js';
import { refuse, type Refused } from './refusal.js';
import {
  found,
  grant,
  type GrantRefusal,
  register,
  type RegisterRefusal,
  unregister,
  welcome,
} from './registration-deeds.js';
import { RANK_BITS } from './room.js';
import { type Actor, actorOf, insiderOf } from './room-actor.js';
import type { RoomState, SeatState } from './room-state.js';
import { Outsider, type Subject } from './subject.js';

/** The outcomes of entries of each kind. Null if nothing visible has changed. */
export interface RoomOutcomes {
  join: EventOf<'joined'> | Refused<EntryRefusal | 'already-inside'> | Refused<'moved'>;
  part: EventOf<'left'> | Refused<'not-inside'>;
  kick: EventOf<'kicked'> | Refused<'not-inside' | 'not-allowed' | 'target-not-inside'>;
  say: Said | Refused<SpeechRefusal | 'query' | 'no-such-room'>;
  redact: EventOf<'redacted'> | Refused<'not-inside' | 'not-allowed' | 'no-such-message'>;
  topic: EventOf<'topic'> | Refused<SpeechRefusal | 'not-inside' | 'not-allowed'> | null;
  settings: Amended;
  invite: EventOf<'invited'> | Refused<'not-inside' | 'guest-inside' | 'not-allowed'>;
  annotate: EventOf<'annotated'> | Refused<'not-inside' | 'not-allowed' | 'too-many-keys'> | null;
  knock: EventOf<'knocked'> | Refused<KnockLimit | 'already-inside' | 'banned' | 'open' | 'no-such-room'>;
  retitle: EventOf<'retitled'> | Refused<RetitleRefusal>;
  claim: Claimed | EventOf<'retitled'> | Refused<RetitleRefusal>;
  cede: Ceded;
  titled: Titled | null;
  reclaim: Reclaimed | null;
  register: Amended | Refused<RegisterRefusal>;
  unregister: Refused<GrantRefusal> | null;
  grant: Amended | Refused<GrantRefusal>;
  found: Amended | Refused<GrantRefusal>;
  identity: Amended | Identified | null;
  over: Departed | null;
  abandon: null;
  withdrawn: null;
  gone: Cleared | null;
}

/**
 * Applies one kind of entry.
 *
 * @param atMs - the time of the room, which never goes back
 * @param seat - the place of the session that proposed it
 */
export type Deed<K extends keyof RoomDeeds> = (
  room: RoomState,
  entry: EntryOf<RoomDeeds, K>,
  atMs: number,
  seat: SeatState | undefined,
) => RoomOutcomes[K];

const join: Deed<'join'> = (room, { session, via, n, who, name, key, flags }, atMs, seat) => {
  if (seat !== undefined) return refuse('already-inside', room);
  if (room.isMeantElsewhere(name)) return refuse('moved');
  const opens = room.isOver;
  const before = room.ranksBefore(who);
  const subject = new Outsider(session, who);
  const refusal = opens ? null : entryRefusal(subject, room, key);
  // A member that was inside when the server stopped is let in again, unless it has been banned.
  if (refusal === 'banned' || (refusal !== null && before === undefined)) return refuse(refusal, room);
  const leads = opens || room.lacksOperator;
  if (opens) room.open(name, flags, atMs);
  if (room.createdAtMs === 0) room.createdAtMs = atMs;
  const member = room.memberOf(session, who);
  const ranks = leads ? RANK_BITS.operator : (before ?? 0) | room.accessOf(subject);
  const last = via === undefined ? n : room.lastNumberOf(session);
  room.seat(member, { session, who, ranks, sinceMs: atMs, last });
  return { kind: 'joined', atMs, id: room.messageId(), member, room };
};

const part: Deed<'part'> = (room, { reason }, atMs, seat) => {
  if (seat === undefined) return refuse('not-inside', room);
  // Everybody in the room would read the reason.
  const words = speechRefusal(seat, room, seat) === null ? reason : '';
  room.unseat(seat);
  return { kind: 'left', atMs, id: room.messageId(), member: seat.member, room, reason: words };
};

const kick: Deed<'kick'> = (room, entry, atMs, own) => {
  const by = insiderOf(room, entry, own);
  if (by === undefined) return refuse('not-inside', room);
  const { subject, member: actor } = by;
  if (!mayManage(subject, room)) return refuse('not-allowed', room);
  const seat = entry.target === null ? undefined : room.seatBy(entry.target);
  if (seat === undefined) return refuse('target-not-inside', room);
  if (!mayKick(subject, seat, room)) return refuse('not-allowed', room);
  room.disarmInvitationsBy(seat);
  room.unseat(seat);
  return { kind: 'kicked', atMs, id: room.messageId(), by: actor, member: seat.member, room, reason: entry.reason };
};

const say: Deed<'say'> = (room, entry, atMs, seat) => {
  const { session, who, ranks, type, text, tags, isDivisible } = entry;
  const subject = who === null ? (seat ?? null) : new Outsider(session, who);
  if (subject === null) return refuse('outside', room);
  if (seat === undefined && room.isOver) return refuse('no-such-room');
  const refusal = speechRefusal(subject, room, seat) ?? queryRefusal(room, text);
  if (refusal !== null) return isVisible(subject, room) ? refuse(refusal, room) : refuse('no-such-room');
  const by = subject instanceof Outsider ? room.memberOf(session, subject.who) : subject.member;
  room.remember(session);
  by.lastSpokeMs = atMs;
  return { kind: 'said', atMs, by, room, to: null, ranks, type, text, id: room.messageId(), tags, isDivisible };
};

/** Returns why nobody may say a text in a room. */
function queryRefusal(room: RoomState, text: string): 'query' | null {
  return room.flags.has('no-queries') && isQuery(text) ? 'query' : null;
}

const redact: Deed<'redact'> = (room, entry, atMs, own) => {
  const by = actorOf(room, entry, own);
  if (by === undefined) return refuse('not-inside', room);
  const { subject, member } = by;
  const { message } = entry;
  const speaker = room.speakerOf(message);
  const isOwn = speaker === subject.session;
  if (own === undefined && !isOwn && !subject.may('override')) return refuse('not-inside', room);
  if (speaker === undefined) return refuse('no-such-message', room);
  if (!isOwn && !mayManage(subject, room)) return refuse('not-allowed', room);
  room.forget(message);
  // Everybody in the room would read the reason.
  const reason = speechRefusal(subject, room, own) === null ? entry.reason : '';
  return { kind: 'redacted', atMs, by: member, room, to: null, message, id: room.messageId(), reason };
};

const topic: Deed<'topic'> = (room, { text }, atMs, seat) => {
  if (seat === undefined) return refuse('not-inside', room);
  const refusal = topicRefusal(seat, room, seat);
  if (refusal !== null) return refuse(refusal, room);
  if (text === (room.topic?.text ?? '')) return null;
  room.topic = text === '' ? null : { text, by: room.authorOf(seat.who), atMs };
  return { kind: 'topic', atMs, id: room.messageId(), by: seat.member, room, text };
};

const settings: Deed<'settings'> = (room, entry, atMs, seat) => {
  const by = actorOf(room, entry, seat);
  const made: RoomChange[] = [];
  let values = 0;
  const refusals = entry.changes.map((wanted) => {
    if (by === undefined) return refuse('not-allowed', room);
    if (wanted.kind !== 'flag' && values >= entry.maxValues) return null;
    const change = judge(room, by.subject, wanted, entry.maxMasks);
    if (change.kind === 'refused') return change;
    if (change.kind !== 'flag') values += 1;
    if (room.change(change, room.authorOf(by.who), atMs)) made.push(change);
    return null;
  });
  const hasChanged = by !== undefined && made.length > 0;
  const event = hasChanged
    ? // Only the server itself has no nick.
      ({
        kind: 'settings',
        atMs,
        id: room.messageId(),
        by: by.who.nick === '' ? null : by.member,
        room,
        changes: made,
      } as const)
    : null;
  return { kind: 'amended', event, refusals };
};

/** Returns the change to make, or why it is refused. */
function judge(
  room: RoomState,
  by: Subject,
  wanted: SettingChange,
  maxMasks: number,
): RoomChange | Refused<ChangeRefusal> {
  if (!mayChange(by, room, wanted.kind === 'rank' ? wanted.rank : null)) return refuse('not-allowed', room);
  if (wanted.kind === 'mask' && wanted.on && room.maskCount >= maxMasks) return refuse('list-full', room);
  if (wanted.kind !== 'rank') return wanted;
  const { on, rank, target } = wanted;
  if (target === null) return refuse('no-such-member');
  const seat = room.seatBy(target);
  return seat === undefined ? refuse('target-not-inside', room) : { kind: 'rank', on, rank, member: seat.member };
}

const invite: Deed<'invite'> = (room, { session, guest, who, by }, atMs, seat) => {
  if (seat === undefined) return refuse('not-inside', room);
  if (room.seatBy(guest) !== undefined) return refuse('guest-inside', room);
  const subject = by === undefined ? seat : new Outsider(session, by);
  if (room.flags.has('invite-only') && !mayManage(subject, room)) return refuse('not-allowed', room);
  const member = room.invite(guest, subject, who);
  return { kind: 'invited', atMs, by: seat.member, member, room, audience: 'guest' };
};

const annotate: Deed<'annotate'> = (room, entry, atMs, own) => {
  const by = insiderOf(room, entry, own);
  if (by === undefined) return refuse('not-inside', room);
  if (!mayAdminister(by.subject, room)) return refuse('not-allowed', room);
  const made = withNote(room.metadata, entry);
  if (made === null) return refuse('too-many-keys', room);
  room.metadata = made.notes;
  if (made.changes.length === 0) return null;
  return { kind: 'annotated', atMs, by: by.member, member: null, room, changes: made.changes };
};

const knock: Deed<'knock'> = (room, { session, who }, atMs, seat) => {
  if (seat !== undefined) return refuse('already-inside', room);
  const subject = new Outsider(session, who);
  if (room.isOver || !isVisible(subject, room)) return refuse('no-such-room');
  const refusal = entryRefusal(subject, room, null);
  if (refusal === null) return refuse('open', room);
  if (refusal === 'banned') return refuse(refusal, room);
  const limit = room.countKnock(session, atMs);
  if (limit !== null) return refuse(limit, room);
  return { kind: 'knocked', atMs, by: room.memberOf(session, who), room };
};

/** The most members of a room that can be renamed: each may have to be sent the list of all. */
const MAX_RETITLED_MEMBERS = 1_000;

/** Why a room keeps its name. */
export type RetitleRefusal = 'not-inside' | 'not-allowed' | 'permanent' | 'too-large' | 'renamed-lately';

/** Returns the one who may give a room another name, or why it keeps its name. */
function retitlerOf(
  room: RoomState,
  entry: EntryOf<RoomDeeds, 'retitle' | 'claim'>,
  atMs: number,
  own: SeatState | undefined,
): Actor | Refused<RetitleRefusal> {
  const by = insiderOf(room, entry, own);
  if (by === undefined) return refuse('not-inside', room);
  if (!mayAdminister(by.subject, room)) return refuse('not-allowed', room);
  const isFounded = room.registration !== null && room.accessOf(by.subject) < RANK_BITS.owner;
  if (isFounded && !by.subject.may('override')) return refuse('not-allowed', room);
  // Several processes may have other rooms in their configurations, and would not apply the log alike.
  if (room.isPermanent && room.claims === null) return refuse('permanent', room);
  // Its name here is based on that of its log, whatever its home calls it.
  if (room.isForeign) return refuse('not-allowed', room);
  if (room.size > MAX_RETITLED_MEMBERS) return refuse('too-large', room);
  if (room.wasRetitledLately(atMs)) return refuse('renamed-lately', room);
  return by;
}

/** Gives a room another name. */
function giveName(
  room: RoomState,
  { name, reason }: { readonly name: string; readonly reason: string },
  by: Member,
  atMs: number,
): EventOf<'retitled'> {
  const { name: before } = room;
  room.retitle(name, atMs);
  return { kind: 'retitled', atMs, id: room.messageId(), by, room, before, reason };
}

const retitle: Deed<'retitle'> = (room, entry, atMs, own) => {
  const by = retitlerOf(room, entry, atMs, own);
  return 'why' in by ? by : giveName(room, entry, by.member, atMs);
};

const claim: Deed<'claim'> = (room, entry, atMs, own) => {
  const { session, name, reason } = entry;
  const by = retitlerOf(room, entry, atMs, own);
  if ('why' in by) return by;
  const { claims } = room;
  if (claims === null) return refuse('not-allowed', room);
  // It would not be known which of two names the log of the other one has decided on.
  if (claims.open !== null) return refuse('renamed-lately', room);
  if (room.hasName(name)) return giveName(room, entry, by.member, atMs);
  return { kind: 'claimed', claim: claims.ask({ name, reason, session, who: by.who }) };
};

const titled: Deed<'titled'> = (room, { claim: number, isGranted }, atMs) => {
  const asked = room.claims?.close(number) ?? null;
  if (asked === null) return null;
  const event = isGranted ? giveName(room, asked, room.memberOf(asked.session, asked.who), atMs) : null;
  return { kind: 'titled', claim: number, event };
};

/** What a room that has arrived as a whole shows of entries that are in it. */
export const ROOM_TRACES: {
  readonly [K in keyof RoomDeeds]?: (room: RoomState, entry: EntryOf<RoomDeeds, K>) => RoomOutcomes[K] | null;
} = {
  join: (room, { session }) => {
    const seat = room.seatBy(session);
    return seat === undefined ? null : { kind: 'joined', atMs: room.atMs, id: '', member: seat.member, room };
  },
};

/** The table with which a room applies its log. */
export const ROOM_DEEDS: { readonly [K in keyof RoomDeeds]: Deed<K> } = {
  join,
  part,
  kick,
  say,
  redact,
  topic,
  settings,
  invite,
  annotate,
  knock,
  retitle,
  claim,
  titled,
  cede: (room, entry) => ({ kind: 'ceded', isGranted: room.claims?.cede(entry, room.isVacant) ?? false }),
  reclaim: (room, entry) => (room.claims?.reclaim(entry) === true ? { kind: 'reclaimed' } : null),
  register,
  unregister,
  grant,
  found,
  identity: (room, { session, who }, atMs, seat) => {
    const before = seat?.who;
    room.identify(session, who);
    if (seat === undefined || before === undefined) return null;
    if (who.account !== null && who.account !== before.account) return welcome(room, seat, atMs);
    if (before.nick === who.nick) return null;
    return { kind: 'identified', atMs, id: room.messageId(), member: seat.member, room, before };
  },
  over: (room, { session }, atMs, seat) => {
    room.dismiss(session);
    if (seat === undefined) return null;
    const { member } = seat;
    return { kind: 'departed', atMs, id: room.messageId(), member, room, reason: member.parting };
  },
  abandon: (room) => {
    room.abandon();
    return null;
  },
  withdrawn: () => null,
  gone: (room, { node, heirs = [] }) => {
    const lost = room.lose(node, heirs);
    return lost === null ? null : { kind: 'cleared', node, ...lost };
  },
};
