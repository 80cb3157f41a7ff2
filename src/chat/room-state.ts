/** A room as the chat changes it: who is in it, with what rank, and by which rules. */
import type { Author } from './author.js';
import type { Fold } from './case-mapping.js';
import type { RoomChange } from './event.js';
import type { Member } from './member.js';
import type { MemberState } from './member-state.js';
import { authority } from './permissions.js';
import { type MaskEntry, type MaskList, RANK_BITS, type Room, type RoomFlag, type Seat, type Topic } from './room.js';
import { UserMask } from './user-mask.js';

/** A member's place in a room. */
export interface SeatState extends Seat {
  readonly room: RoomState;
  readonly member: MemberState;
  ranks: number;
  index: number;
}

/** A guest's permission to enter. */
interface Invitation {
  readonly guest: MemberState;
  /** Its giver while that one is here; null for one who has left since, and for one without a rank. */
  readonly by: Member | null;
  /** Whether it opens bans, the key, the limit and the door of an invite-only room; otherwise it opens nothing. */
  readonly opens: boolean;
}

/** A room. It is made, entered and left by the verbs of the chat. */
export class RoomState implements Room {
  readonly name: string;
  readonly createdAtMs: number;
  /** Stays when the last member leaves. */
  readonly isPermanent: boolean;
  topic: Topic | null = null;
  key: string | null = null;
  /** The most members it takes; null for no limit. */
  limit: number | null = null;
  readonly flags = new Set<RoomFlag>();
  readonly masks: Readonly<Record<MaskList, MaskEntry[]>> = { ban: [], exception: [], invitation: [] };
  readonly #fold: Fold;
  // A fan-out walks the array; the map answers "is this one here?".
  readonly #seats: SeatState[] = [];
  readonly #seatOf = new Map<Member, SeatState>();
  readonly #invitations = new Map<Member, Invitation>();

  constructor(name: string, options: { readonly fold: Fold; readonly atMs: number; readonly isPermanent?: boolean }) {
    this.name = name;
    this.createdAtMs = options.atMs;
    this.isPermanent = options.isPermanent ?? false;
    this.#fold = options.fold;
  }

  /** The occupied places, in no order that means anything. */
  get seats(): readonly SeatState[] {
    return this.#seats;
  }

  get size(): number {
    return this.#seats.length;
  }

  seatOf(member: Member): SeatState | undefined {
    return this.#seatOf.get(member);
  }

  /** A member's ranks; 0 without any, and for one who is not here. */
  ranksOf(member: Member): number {
    return this.#seatOf.get(member)?.ranks ?? 0;
  }

  /** Gives a member a place. It must not have one. */
  seat(member: MemberState, ranks: number): SeatState {
    const seat: SeatState = { room: this, member, ranks, index: this.#seats.length };
    this.#seats.push(seat);
    this.#seatOf.set(member, seat);
    member.seats.push(seat);
    this.withdrawInvitation(member);
    return seat;
  }

  /** Takes a member's place away; nothing happens if it has none. */
  unseat(member: MemberState): void {
    const seat = this.#seatOf.get(member);
    if (seat === undefined) return;
    this.#seatOf.delete(member);
    const last = this.#seats.pop();
    if (last !== undefined && last !== seat) {
      this.#seats[seat.index] = last;
      last.index = seat.index;
    }
    member.seats.splice(member.seats.indexOf(seat), 1);
    this.#changeInvitations(
      ({ by }) => by === member,
      (invitation) => ({ ...invitation, by: null }),
    );
  }

  /**
   * Invites a guest, who may enter once.
   *
   * @param by - the giver; it opens only what this member could open, as long as it could
   */
  invite(guest: MemberState, by: Member): void {
    const opens = this.#mayOpen(by);
    // What one with a rank has given, one without cannot make less.
    if (!opens && this.#invitations.get(guest)?.opens === true) return;
    this.#invitations.set(guest, { guest, by: opens ? by : null, opens });
    guest.invitations ??= new Set();
    guest.invitations.add(this);
  }

  /** Leaves the invitations of a member without effect: it has lost the right to give any. */
  disarmInvitationsBy(member: Member): void {
    this.#changeInvitations(
      ({ by }) => by === member,
      (invitation) => ({ ...invitation, by: null, opens: false }),
    );
  }

  #mayOpen(member: Member): boolean {
    return authority(member, this) >= RANK_BITS['half-operator'];
  }

  /** A ban is the later word: an invitation from before it does not open it. */
  #disarmInvitationsOf(matcher: UserMask): void {
    this.#changeInvitations(
      ({ guest }) => matcher.matches(guest.identity(this.#fold)) && !this.isListed(guest, 'exception'),
      (invitation) => ({ ...invitation, by: null, opens: false }),
    );
  }

  #changeInvitations(
    isMeant: (invitation: Invitation) => boolean,
    change: (invitation: Invitation) => Invitation,
  ): void {
    for (const [guest, invitation] of this.#invitations) {
      if (isMeant(invitation)) this.#invitations.set(guest, change(invitation));
    }
  }

  withdrawInvitation(member: MemberState): void {
    this.#invitations.delete(member);
    member.invitations?.delete(this);
    if (member.invitations?.size === 0) member.invitations = null;
  }

  /** Forgets all invitations, so that nothing holds a room that is gone. */
  withdrawInvitations(): void {
    for (const { guest } of [...this.#invitations.values()]) this.withdrawInvitation(guest);
  }

  /** Whether an invitation opens the room to a member whatever its rules say. */
  isOpenedFor(member: Member): boolean {
    return this.#invitations.get(member)?.opens === true;
  }

  isListed(member: Member, list: MaskList): boolean {
    const entries = this.masks[list];
    if (entries.length === 0) return false;
    const identity = member.identity(this.#fold);
    return entries.some(({ matcher }) => matcher.matches(identity));
  }

  /**
   * Carries out one change of the settings.
   *
   * @param by - who made it, for the lists
   * @returns false if it changes nothing, and so need not be announced
   */
  apply(change: RoomChange, by: Author, atMs: number): boolean {
    switch (change.kind) {
      case 'flag':
        if (this.flags.has(change.flag) === change.on) return false;
        if (change.on) this.flags.add(change.flag);
        else this.flags.delete(change.flag);
        return true;
      case 'key': {
        const key = change.on ? change.key : null;
        if (this.key === key) return false;
        this.key = key;
        return true;
      }
      case 'limit': {
        const limit = change.on ? change.limit : null;
        if (this.limit === limit) return false;
        this.limit = limit;
        return true;
      }
      case 'mask': {
        const entries = this.masks[change.list];
        const folded = this.#fold(change.mask);
        const at = entries.findIndex((entry) => this.#fold(entry.mask) === folded);
        if (at >= 0 === change.on) return false;
        const matcher = new UserMask(change.mask, this.#fold);
        if (change.on) entries.push({ mask: change.mask, matcher, by, atMs });
        else entries.splice(at, 1);
        if (change.on && change.list === 'ban') this.#disarmInvitationsOf(matcher);
        return true;
      }
      case 'rank': {
        const seat = this.#seatOf.get(change.member);
        const bit = RANK_BITS[change.rank];
        if (seat === undefined || (seat.ranks & bit) > 0 === change.on) return false;
        seat.ranks ^= bit;
        if (!this.#mayOpen(change.member)) this.disarmInvitationsBy(change.member);
        return true;
      }
    }
  }
}
