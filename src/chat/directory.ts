/** Everybody who is here and every room that is open: who is called what, and who comes and goes. */
import { foldCase, type CaseMapping, type Fold } from './case-mapping.js';
import { Delivery } from './delivery.js';
import type { Actor, ChatEvent } from './event.js';
import type { Member } from './member.js';
import { RANK_BITS, Room } from './room.js';

/** Somebody who went by a nick and does no more. */
export interface Departure {
  readonly nick: string;
  readonly user: string;
  readonly host: string;
  readonly realName: string;
  readonly account: string | null;
  readonly atMs: number;
}

/** Hears of nicks that come into use and fall out of it. */
export interface PresenceObserver {
  appeared(member: Member): void;
  disappeared(nick: string): void;
}

/** Who is told of what somebody does beside the rooms that it is in. */
export interface Audience {
  readonly isTold?: ((room: Room) => boolean) | undefined;
  readonly others?: () => Iterable<Member>;
}

/** The choices of a {@link Directory}. */
export interface DirectoryOptions {
  /** @defaultValue `'ascii'` */
  readonly caseMapping?: CaseMapping;
  /** How many departures are remembered, from 0. @defaultValue 500 */
  readonly departureLimit?: number;
  /** Milliseconds since the epoch. @defaultValue `Date.now` */
  readonly now?: () => number;
}

/** The members and rooms of one server. */
export class Directory {
  readonly caseMapping: CaseMapping;
  readonly #departureLimit: number;
  readonly #now: () => number;
  readonly #members = new Map<string, Member>();
  readonly #rooms = new Map<string, Room>();
  /** With the nicks as they are compared, since a stranger's question must not fold all of them. */
  readonly #departures: { readonly key: string; readonly departure: Departure }[] = [];
  readonly #observers = new Set<PresenceObserver>();
  readonly #fold: Fold;
  #fanOuts = 0;
  #peak = 0;

  constructor(options: DirectoryOptions = {}) {
    const mapping = options.caseMapping ?? 'ascii';
    this.caseMapping = mapping;
    this.#departureLimit = options.departureLimit ?? 500;
    this.#now = options.now ?? Date.now;
    this.#fold = (text) => foldCase(text, mapping);
  }

  /** Milliseconds since the epoch, by the clock that the events of this chat are dated by. */
  now(): number {
    return this.#now();
  }

  /** The form of a name under which it is compared. */
  get fold(): Fold {
    return this.#fold;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** The most members there have been at once. */
  get peakMemberCount(): number {
    return this.#peak;
  }

  /** How many rooms have somebody in them. */
  get occupiedRoomCount(): number {
    let count = 0;
    for (const room of this.#rooms.values()) if (room.size > 0) count += 1;
    return count;
  }

  members(): IterableIterator<Member> {
    return this.#members.values();
  }

  rooms(): IterableIterator<Room> {
    return this.#rooms.values();
  }

  member(nick: string): Member | undefined {
    return this.#members.get(this.#fold(nick));
  }

  room(name: string): Room | undefined {
    return this.#rooms.get(this.#fold(name));
  }

  observe(observer: PresenceObserver): void {
    this.#observers.add(observer);
  }

  /**
   * Lets somebody in.
   *
   * @returns false when the nick is taken; nothing has happened then
   */
  admit(member: Member): boolean {
    const key = this.#fold(member.nick);
    if (this.#members.has(key)) return false;
    this.#members.set(key, member);
    this.#peak = Math.max(this.#peak, this.#members.size);
    for (const observer of this.#observers) observer.appeared(member);
    return true;
  }

  /**
   * Gives a member another nick and tells everybody who shares a room with it, but not itself.
   *
   * @returns false when somebody else has that nick; nothing has happened then
   */
  rename(member: Member, nick: string): boolean {
    const key = this.#fold(nick);
    const owner = this.#members.get(key);
    if (owner !== undefined && owner !== member) return false;
    const before = member.nick;
    const isSameName = owner === member;
    if (!isSameName) {
      this.#remember(member);
      this.#members.delete(this.#fold(before));
      this.#members.set(key, member);
    }
    member.nick = nick;
    this.tellPeers(member, { kind: 'renamed', atMs: this.#now(), member, before });
    if (!isSameName) {
      for (const observer of this.#observers) {
        observer.disappeared(before);
        observer.appeared(member);
      }
    }
    return true;
  }

  /** Takes somebody out of every room and out of the directory, telling all who shared a room with it. */
  dismiss(member: Member, reason: string): void {
    const key = this.#fold(member.nick);
    if (this.#members.get(key) !== member) return;
    this.#members.delete(key);
    this.#remember(member);
    this.tellPeers(member, { kind: 'quit', atMs: this.#now(), member, reason });
    for (const seat of [...member.seats]) {
      seat.room.unseat(member);
      this.#closeIfEmpty(seat.room);
    }
    for (const room of [...(member.invitations ?? [])]) room.withdrawInvitation(member);
    for (const observer of this.#observers) observer.disappeared(member.nick);
  }

  /** Opens a room that stays when everybody has left; finds it if it is there. */
  openRoom(name: string): Room {
    return this.room(name) ?? this.#addRoom(name, true);
  }

  #addRoom(name: string, isPermanent: boolean): Room {
    const room = new Room(name, { fold: this.#fold, atMs: this.#now(), isPermanent });
    this.#rooms.set(this.#fold(name), room);
    return room;
  }

  /**
   * Brings a member into a room and tells the others there. Whoever opens the room becomes its operator. Whether the
   * member may enter is asked before: see {@link Room.refusesEntry}.
   *
   * @returns the room; null when the member is in it already
   */
  join(member: Member, name: string): Room | null {
    const known = this.room(name);
    if (known?.seatOf(member) !== undefined) return null;
    const room = known ?? this.#addRoom(name, false);
    room.seat(member, known === undefined ? RANK_BITS.operator : 0);
    room.tell({ kind: 'joined', atMs: this.#now(), member, room }, member);
    return room;
  }

  /** Takes a member out of a room and tells the others. */
  leave(member: Member, room: Room, reason: string): void {
    if (room.seatOf(member) === undefined) return;
    room.unseat(member);
    room.tell({ kind: 'left', atMs: this.#now(), member, room, reason });
    this.#closeIfEmpty(room);
  }

  /**
   * Puts a member out of a room and tells everybody there, the one who is put out too.
   *
   * @param by - who does it, and is not told
   */
  kick(member: Member, room: Room, by: Actor, reason: string): void {
    if (room.seatOf(member) === undefined) return;
    room.tell({ kind: 'kicked', atMs: this.#now(), by, member, room, reason }, by);
    room.disarmInvitationsBy(member);
    room.unseat(member);
    this.#closeIfEmpty(room);
  }

  #closeIfEmpty(room: Room): void {
    if (room.size > 0 || room.isPermanent) return;
    room.withdrawInvitations();
    this.#rooms.delete(this.#fold(room.name));
  }

  /** Tells one member of an event. */
  tellOne(member: Member, event: ChatEvent): void {
    new Delivery(event).to(member);
  }

  /**
   * Tells everybody who shares a room with a member of an event, each once, but not the member itself.
   *
   * @param audience - whose rooms are told, by default all, and who else is, unless it has been by then
   */
  tellPeers(member: Member, event: ChatEvent, audience: Audience = {}): void {
    this.#fanOuts += 1;
    const delivery = new Delivery(event);
    member.lastFanOut = this.#fanOuts;
    for (const { room } of member.seats) {
      if (audience.isTold?.(room) === false) continue;
      for (const seat of room.seats) {
        // A number on the member is cheaper than a set of those reached, and a fan-out never nests.
        if (seat.member.lastFanOut === this.#fanOuts) continue;
        seat.member.lastFanOut = this.#fanOuts;
        delivery.to(seat.member);
      }
    }
    for (const other of audience.others?.() ?? []) {
      if (other.lastFanOut !== this.#fanOuts) delivery.to(other);
    }
  }

  /** Tells everybody whom `isTold` picks of an event. */
  tellAll(event: ChatEvent, isTold: (member: Member) => boolean): void {
    const delivery = new Delivery(event);
    for (const member of this.#members.values()) if (isTold(member)) delivery.to(member);
  }

  /** Who went by a nick before, the latest first. */
  departuresOf(nick: string): Departure[] {
    const key = this.#fold(nick);
    const found = this.#departures.filter((one) => one.key === key);
    return found.map(({ departure }) => departure).reverse();
  }

  #remember(member: Member): void {
    if (this.#departureLimit === 0) return;
    const { nick, user, host, realName, account } = member;
    const departure = { nick, user, host, realName, account, atMs: this.#now() };
    this.#departures.push({ key: this.#fold(nick), departure });
    if (this.#departures.length > this.#departureLimit) this.#departures.shift();
  }
}
