/** The effect of the entries that make a room belong to accounts. */
import { RANKS } from '../log/entry.js';
import type { RoomChange } from './event.js';
import type { Amended } from './outcome.js';
import { AUTHORITY_FOR, mayAdminister } from './permissions.js';
import { refuse } from './refusal.js';
import { RANK_BITS } from './room.js';
import { actorOf } from './room-actor.js';
import type { Deed } from './room-deeds.js';
import { RoomRegistration } from './room-registration.js';
import type { RoomState, SeatState } from './room-state.js';
import type { Subject } from './subject.js';

/** Why a room cannot be registered by somebody. */
export type RegisterRefusal = 'not-inside' | 'not-allowed' | 'needs-account' | 'registered' | 'permanent';
/** Why the registration of a room stays unchanged. */
export type GrantRefusal = 'not-allowed' | 'not-registered' | 'list-full';

export const register: Deed<'register'> = (room, _entry, atMs, seat) => {
  if (seat === undefined) return refuse('not-inside', room);
  const { account } = seat;
  if (room.registration !== null) return refuse('registered', room);
  if (!mayAdminister(seat, room)) return refuse('not-allowed', room);
  if (account === null) return refuse('needs-account', room);
  if (room.isPermanent) return refuse('permanent', room);
  room.registration = new RoomRegistration({ founder: account, atMs, access: [] }, room.fold);
  return changeRanks(room, account, 0, atMs);
};

export const unregister: Deed<'unregister'> = (room, entry, _atMs, seat) => {
  const by = actorOf(room, entry, seat);
  if (room.registration === null) return refuse('not-registered', room);
  if (by === undefined || authorityByAccount(by.subject, room) < RANK_BITS.owner) return refuse('not-allowed', room);
  room.registration = null;
  return null;
};

export const grant: Deed<'grant'> = (room, entry, atMs, seat) => {
  const by = actorOf(room, entry, seat);
  const { registration } = room;
  const { account, ranks } = entry;
  if (registration === null) return refuse('not-registered', room);
  const before = registration.ranksOf(account);
  if (by === undefined || !mayGrant(by.subject, room, before) || !mayGrant(by.subject, room, ranks)) {
    return refuse('not-allowed', room);
  }
  if (ranks > 0 && !registration.hasPlaceFor(account)) return refuse('list-full', room);
  registration.grant(account, ranks);
  return changeRanks(room, account, before, atMs);
};

export const found: Deed<'found'> = (room, entry, atMs, seat) => {
  const by = actorOf(room, entry, seat);
  const { registration } = room;
  if (registration === null) return refuse('not-registered', room);
  if (by === undefined || authorityByAccount(by.subject, room) < RANK_BITS.owner) return refuse('not-allowed', room);
  const before = registration.ranksOf(entry.account);
  registration.passTo(entry.account);
  return changeRanks(room, entry.account, before, atMs);
};

/** The ranks that somebody has in a room through its account. The right to override them counts as the founder's. */
function authorityByAccount(subject: Subject, room: RoomState): number {
  return subject.may('override') ? RANK_BITS.owner : room.accessOf(subject);
}

function mayGrant(by: Subject, room: RoomState, ranks: number): boolean {
  const own = authorityByAccount(by, room);
  return (
    RANKS.every((rank) => (ranks & RANK_BITS[rank]) === 0 || own >= AUTHORITY_FOR[rank]) && own >= RANK_BITS.operator
  );
}

/**
 * Gives the members inside who have logged in to an account its new ranks, and takes away the ranks that it has lost.
 *
 * @param before - the former ranks of the account
 */
function changeRanks(room: RoomState, account: string, before: number, atMs: number): Amended {
  const folded = room.fold(account);
  const seats = room.seats.filter(({ account: own }) => own !== null && room.fold(own) === folded);
  return amend(room, seats, { before, after: room.registration?.ranksOf(account) ?? 0 }, atMs);
}

/** Gives a member inside the ranks of the account that it has just logged in to. */
export function welcome(room: RoomState, seat: SeatState, atMs: number): Amended {
  return amend(room, [seat], { before: 0, after: room.accessOf(seat) }, atMs);
}

function amend(
  room: RoomState,
  seats: readonly SeatState[],
  { before, after }: { readonly before: number; readonly after: number },
  atMs: number,
): Amended {
  const made: RoomChange[] = [];
  for (const { member } of seats) {
    for (const rank of RANKS) {
      const bit = RANK_BITS[rank];
      const change = { kind: 'rank', on: (after & bit) > 0, rank, member } as const;
      if (((before ^ after) & bit) > 0 && room.change(change, NOBODY, atMs)) made.push(change);
    }
  }
  const event =
    made.length === 0
      ? null
      : ({ kind: 'settings', atMs, id: room.messageId(), by: null, room, changes: made } as const);
  return { kind: 'amended', event, refusals: [] };
}

/** The author of automatic changes of the server; a rank does not record who has given it. */
const NOBODY = { nick: '', user: '', host: '' };
