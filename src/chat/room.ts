/** A room: who is in it, with what rank, and by which rules. */
import type { Fold } from './case-mapping.js';
import { Delivery } from './delivery.js';
import type { ChatEvent, RoomChange } from './event.js';
import type { Member } from './member.js';
import { UserMask } from './user-mask.js';

/** What a member may be in a room, lowest first. */
export type Rank = 'voice' | 'half-operator' | 'operator' | 'admin' | 'owner';

/** A rank's bit in {@link Seat.ranks}; a higher rank is a higher bit, so sets of ranks compare as numbers. */
export const RANK_BITS: Readonly<Record<Rank, number>> = {
  voice: 1,
  'half-operator': 2,
  operator: 4,
  admin: 8,
  owner: 16,
};

/**
 * A room's switches: nobody enters uninvited; only ranked members speak; nobody speaks from outside; the room is not
 * shown to outsiders; only operators change the topic.
 */
export type RoomFlag = 'invite-only' | 'moderated' | 'no-outsiders' | 'secret' | 'topic-protected';

/** The lists of masks: who is kept out, who is let in although banned, who needs no invitation. */
export type MaskList = 'ban' | 'exception' | 'invitation';

/** One entry of a list of masks. */
export interface MaskEntry {
  readonly mask: string;
  readonly matcher: UserMask;
  /** Who set it. */
  readonly by: string;
  readonly atMs: number;
}

/** A member's place in a room. */
export interface Seat {
  readonly room: Room;
  readonly member: Member;
  /** A set of {@link RANK_BITS}. */
  ranks: number;
  /** Where it stands in {@link Room.seats}. */
  index: number;
}

/** What a room is about. */
export interface Topic {
  readonly text: string;
  readonly by: string;
  readonly atMs: number;
}

/** A guest's permission to enter. */
interface Invitation {
  /** Its giver while that one is here; null for one who has left since, and for one without a rank. */
  readonly by: Member | null;
  /** Whether it opens bans, the key, the limit and the door of an invite-only room; otherwise it opens nothing. */
  readonly opens: boolean;
}

/** Why somebody may not enter, or may not speak. */
export type EntryRefusal = 'banned' | 'invite-only' | 'bad-key' | 'full';
export type SpeechRefusal = 'outside' | 'moderated' | 'banned';

/** A room. It is made, entered and left through the {@link Directory}. */
export class Room {
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
  readonly #seats: Seat[] = [];
  readonly #seatOf = new Map<Member, Seat>();
  readonly #invitations = new Map<Member, Invitation>();

  constructor(name: string, options: { readonly fold: Fold; readonly atMs: number; readonly isPermanent?: boolean }) {
    this.name = name;
    this.createdAtMs = options.atMs;
    this.isPermanent = options.isPermanent ?? false;
    this.#fold = options.fold;
  }

  /** The occupied places, in no order that means anything. */
  get seats(): readonly Seat[] {
    return this.#seats;
  }

  get size(): number {
    return this.#seats.length;
  }

  seatOf(member: Member): Seat | undefined {
    return this.#seatOf.get(member);
  }

  /** A member's ranks; 0 without any, and for one who is not here. */
  ranksOf(member: Member): number {
    return this.#seatOf.get(member)?.ranks ?? 0;
  }

  /** Gives a member a place. It must not have one. */
  seat(member: Member, ranks: number): Seat {
    const seat: Seat = { room: this, member, ranks, index: this.#seats.length };
    this.#seats.push(seat);
    this.#seatOf.set(member, seat);
    member.seats.push(seat);
    this.withdrawInvitation(member);
    return seat;
  }

  /** Takes a member's place away; nothing happens if it has none. */
  unseat(member: Member): void {
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
      ({ opens }) => ({ by: null, opens }),
    );
  }

  /**
   * Invites a guest, who may enter once.
   *
   * @param by - the giver; it opens only what this member could open, as long as it could
   */
  invite(guest: Member, by: Member): void {
    const opens = this.#mayOpen(by);
    // What one with a rank has given, one without cannot make less.
    if (!opens && this.#invitations.get(guest)?.opens === true) return;
    this.#invitations.set(guest, { by: opens ? by : null, opens });
    guest.invitations ??= new Set();
    guest.invitations.add(this);
  }

  /** Leaves the invitations of a member without effect: it has lost the right to give any. */
  disarmInvitationsBy(member: Member): void {
    this.#changeInvitations(
      ({ by }) => by === member,
      () => ({ by: null, opens: false }),
    );
  }

  #mayOpen(member: Member): boolean {
    return member.isOperator || this.ranksOf(member) >= RANK_BITS['half-operator'];
  }

  /** A ban is the later word: an invitation from before it does not open it. */
  #disarmInvitationsOf(matcher: UserMask): void {
    this.#changeInvitations(
      (_, guest) => matcher.matches(guest.identity(this.#fold)) && !this.#isListed(guest, 'exception'),
      () => ({ by: null, opens: false }),
    );
  }

  #changeInvitations(
    isMeant: (invitation: Invitation, guest: Member) => boolean,
    change: (invitation: Invitation) => Invitation,
  ): void {
    for (const [guest, invitation] of this.#invitations) {
      if (isMeant(invitation, guest)) this.#invitations.set(guest, change(invitation));
    }
  }

  withdrawInvitation(member: Member): void {
    this.#invitations.delete(member);
    member.invitations?.delete(this);
    if (member.invitations?.size === 0) member.invitations = null;
  }

  /** Forgets all invitations, so that nothing holds a room that is gone. */
  withdrawInvitations(): void {
    for (const member of [...this.#invitations.keys()]) this.withdrawInvitation(member);
  }

  /**
   * Says why a member may not enter.
   *
   * @param key - the key it offers; null for none
   * @returns null when it may
   */
  refusesEntry(member: Member, key: string | null): EntryRefusal | null {
    if (this.#invitations.get(member)?.opens === true) return null;
    if (this.isBanned(member)) return 'banned';
    if (this.flags.has('invite-only') && !this.#isListed(member, 'invitation')) return 'invite-only';
    if (this.key !== null && this.key !== key) return 'bad-key';
    if (this.limit !== null && this.size >= this.limit) return 'full';
    return null;
  }

  /** Says why a member may not speak here; null when it may. */
  refusesSpeech(member: Member): SpeechRefusal | null {
    const seat = this.#seatOf.get(member);
    if (seat === undefined && this.flags.has('no-outsiders')) return 'outside';
    if (seat !== undefined && seat.ranks > 0) return null;
    if (this.flags.has('moderated')) return 'moderated';
    return this.isBanned(member) ? 'banned' : null;
  }

  /** Whether a ban holds for a member, with no exception to it. */
  isBanned(member: Member): boolean {
    return this.masks.ban.length > 0 && this.#isListed(member, 'ban') && !this.#isListed(member, 'exception');
  }

  #isListed(member: Member, list: MaskList): boolean {
    const entries = this.masks[list];
    if (entries.length === 0) return false;
    const identity = member.identity(this.#fold);
    return entries.some(({ matcher }) => matcher.matches(identity));
  }

  /**
   * Carries out one change of the settings.
   *
   * @param by - who made it, for the lists
   * @returns false when it changes nothing, and so need not be told
   */
  apply(change: RoomChange, by: string, atMs: number): boolean {
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

  /**
   * Tells everybody in the room of an event; whoever reads alike gets the same bytes.
   *
   * @param event - what happened
   * @param except - a member who is not told, since it is answered otherwise
   * @param minimumRanks - tells only those whose ranks reach this bit of {@link RANK_BITS}; 0 tells all
   */
  tell(event: ChatEvent, except: Member | null = null, minimumRanks = 0): void {
    const delivery = new Delivery(event);
    for (const seat of this.#seats) {
      if (seat.member !== except && seat.ranks >= minimumRanks) delivery.to(seat.member);
    }
  }
}
