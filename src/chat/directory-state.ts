/** Everybody who is here and every room that is open, as the chat changes them. */
import { type Fold, foldCase } from './case-mapping.js';
import type { Departure, Directory, PresenceObserver } from './directory.js';
import type { Member } from './member.js';
import type { MemberState } from './member-state.js';
import { isVisible } from './permissions.js';
import { RoomState } from './room-state.js';

/** The choices of a chat's directory. */
export interface DirectoryOptions {
  /** How many departures are remembered, from 0. @defaultValue 500 */
  readonly departureLimit?: number;
  /** Milliseconds since the epoch. @defaultValue `Date.now` */
  readonly now?: () => number;
}

/** The members and rooms of one server. */
export class DirectoryState implements Directory {
  /** The form of a name under which it is compared. */
  readonly fold: Fold = foldCase;
  readonly #departureLimit: number;
  readonly #now: () => number;
  readonly #members = new Map<string, MemberState>();
  readonly #rooms = new Map<string, RoomState>();
  /** With the nicks as they are compared, since a stranger's question must not fold all of them. */
  readonly #departures: { readonly key: string; readonly departure: Departure }[] = [];
  readonly #observers = new Set<PresenceObserver>();
  #peak = 0;
  // Counted as they change: everybody may ask for them, and must not have everybody looked at.
  #operators = 0;
  #invisible = 0;
  readonly #permanentRooms: RoomState[] = [];

  constructor(options: DirectoryOptions = {}) {
    this.#departureLimit = options.departureLimit ?? 500;
    this.#now = options.now ?? Date.now;
  }

  /** Milliseconds since the epoch, by the clock that the events of this chat are dated by. */
  now(): number {
    return this.#now();
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
    return this.#rooms.size - this.#permanentRooms.filter((room) => room.size === 0).length;
  }

  get operatorCount(): number {
    return this.#operators;
  }

  get invisibleCount(): number {
    return this.#invisible;
  }

  #count(member: MemberState, by: 1 | -1): void {
    if (member.isOperator) this.#operators += by;
    if (member.traits.has('invisible')) this.#invisible += by;
  }

  /** Changes what is counted of a member. */
  recount(member: MemberState, change: () => void): void {
    const isIn = this.#members.get(this.fold(member.nick)) === member;
    if (isIn) this.#count(member, -1);
    change();
    if (isIn) this.#count(member, 1);
  }

  members(): IterableIterator<MemberState> {
    return this.#members.values();
  }

  rooms(): IterableIterator<RoomState> {
    return this.#rooms.values();
  }

  member(nick: string): MemberState | undefined {
    return this.#members.get(this.fold(nick));
  }

  room(name: string): RoomState | undefined {
    return this.#rooms.get(this.fold(name));
  }

  observe(observer: PresenceObserver): void {
    this.#observers.add(observer);
  }

  /** Returns the room, unless the viewer may not know of it: to such a one it does not exist. */
  visibleRoom(viewer: Member, name: string): RoomState | undefined {
    const room = this.room(name);
    return room !== undefined && isVisible(viewer, room) ? room : undefined;
  }

  /** Those whom observers name as followers of a member. */
  *followersOf(member: Member): Generator<Member, void> {
    for (const observer of this.#observers) yield* observer.followersOf(member);
  }

  /** Enters a member under its nick. @returns false when the nick is taken; nothing has happened then */
  add(member: MemberState): boolean {
    const key = this.fold(member.nick);
    if (this.#members.has(key)) return false;
    this.#members.set(key, member);
    this.#count(member, 1);
    this.#peak = Math.max(this.#peak, this.#members.size);
    this.#appeared(member);
    return true;
  }

  /** Gives a member another nick, which must be free or its own. */
  rename(member: MemberState, nick: string): void {
    this.#remember(member);
    this.#members.delete(this.fold(member.nick));
    this.#members.set(this.fold(nick), member);
    member.nick = nick;
  }

  /** Takes a member out. @returns whether it was in */
  remove(member: MemberState): boolean {
    const key = this.fold(member.nick);
    if (this.#members.get(key) !== member) return false;
    this.#members.delete(key);
    this.#count(member, -1);
    this.#remember(member);
    return true;
  }

  /** Lets observers know that a member goes by its nick from now on. */
  #appeared(member: MemberState): void {
    for (const observer of this.#observers) observer.appeared(member);
  }

  /** Lets observers know that a nick has fallen out of use, and which member has another one now. */
  disappeared(nick: string, successor: MemberState | null = null): void {
    for (const observer of this.#observers) {
      observer.disappeared(nick);
      if (successor !== null) observer.appeared(successor);
    }
  }

  /** Opens a room. @param isPermanent - whether it stays when everybody has left */
  addRoom(name: string, isPermanent: boolean): RoomState {
    const room = new RoomState(name, { fold: this.fold, atMs: this.#now(), isPermanent });
    this.#rooms.set(this.fold(name), room);
    if (isPermanent) this.#permanentRooms.push(room);
    return room;
  }

  /** Closes a room that has nobody in it, unless it is permanent. */
  closeIfEmpty(room: RoomState): void {
    if (room.size > 0 || room.isPermanent) return;
    room.withdrawInvitations();
    this.#rooms.delete(this.fold(room.name));
  }

  /** Who went by a nick before, the latest first. */
  departuresOf(nick: string): Departure[] {
    const key = this.fold(nick);
    const found = this.#departures.filter((one) => one.key === key);
    return found.map(({ departure }) => departure).reverse();
  }

  #remember(member: MemberState): void {
    if (this.#departureLimit === 0) return;
    const { nick, user, host, realName, account } = member;
    const departure = { nick, user, host, realName, account, atMs: this.#now() };
    this.#departures.push({ key: this.fold(nick), departure });
    if (this.#departures.length > this.#departureLimit) this.#departures.shift();
  }
}
