/** All members in the chat and all open rooms, as the logs have them. */
import type { Fold, Naming } from './case-mapping.js';
import type { Departure, Directory, NoteObserver, PresenceObserver, RoomObserver } from './directory.js';
import type { DomainState } from './domain-state.js';
import type { EventOf } from './event.js';
import type { Foreigners } from './foreigners.js';
import type { Member, Outlet } from './member.js';
import type { MemberState } from './member-state.js';
import { isVisible } from './permissions.js';
import type { RoomState } from './room-state.js';
import type { Rooms } from './rooms.js';

/** The parts of a directory. */
export interface DirectoryParts {
  readonly naming: Naming;
  readonly domain: DomainState;
  readonly rooms: Rooms;
  readonly foreigners: Foreigners;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The members and rooms of one server. */
export class DirectoryState implements Directory {
  readonly fold: Fold;
  readonly likenessOf: Fold;
  readonly #domain: DomainState;
  readonly #rooms: Rooms;
  readonly #foreigners: Foreigners;
  readonly #now: () => number;
  readonly #observers = new Set<PresenceObserver>();
  readonly #noteObservers = new Set<NoteObserver>();
  readonly #roomObservers = new Set<RoomObserver>();

  constructor({ naming, domain, rooms, foreigners, now }: DirectoryParts) {
    this.fold = naming.fold;
    this.likenessOf = naming.likenessOf ?? naming.fold;
    this.#domain = domain;
    this.#rooms = rooms;
    this.#foreigners = foreigners;
    this.#now = now;
  }

  now(): number {
    return this.#now();
  }

  get memberCount(): number {
    return this.#domain.size;
  }

  get peakMemberCount(): number {
    return this.#domain.peak;
  }

  get occupiedRoomCount(): number {
    return this.#rooms.occupiedCount;
  }

  get operatorCount(): number {
    return this.#domain.operators;
  }

  get invisibleCount(): number {
    return this.#domain.invisible;
  }

  members(): IterableIterator<MemberState> {
    return this.#domain.members();
  }

  rooms(): IterableIterator<RoomState> {
    return this.#rooms.open();
  }

  member(nick: string): MemberState | undefined {
    return this.#domain.member(nick);
  }

  anyone(nick: string): MemberState | undefined {
    return this.#domain.member(nick) ?? this.#foreigners.byNick(nick);
  }

  isTaken(nick: string, by: Member): boolean {
    const holder = this.#domain.holderOf(nick);
    return (holder !== undefined && holder !== by) || this.#domain.belongsToOther(nick, null);
  }

  room(name: string): RoomState | undefined {
    return this.#rooms.find(name)?.fold;
  }

  visibleRoom(viewer: Member, name: string): RoomState | undefined {
    const room = this.room(name);
    return room !== undefined && isVisible(viewer, room) ? room : undefined;
  }

  departuresOf(nick: string): Departure[] {
    return this.#domain.departuresOf(nick);
  }

  // The observers of members and rooms

  observe(observer: PresenceObserver): void {
    this.#observers.add(observer);
  }

  observeRooms(observer: RoomObserver): void {
    this.#roomObservers.add(observer);
  }

  observeNotes(observer: NoteObserver): void {
    this.#noteObservers.add(observer);
  }

  /** Reports to observers a change of the notes of somebody, or of a room. */
  annotated(event: EventOf<'annotated'>, answered: Member | null): void {
    for (const observer of this.#noteObservers) observer(event, answered);
  }

  /** Reports to observers that a room has another name. */
  retitled(event: EventOf<'retitled'>, answered: Member | null): void {
    for (const observer of this.#roomObservers) observer.retitled(event, answered);
  }

  /** Reports to observers that a member with several connections is in a room. */
  entered(event: EventOf<'joined'>, voice: Outlet | null): void {
    for (const observer of this.#roomObservers) observer.entered(event, voice);
  }

  /** The members whom observers name as followers of a member. */
  *followersOf(member: Member): Generator<Member, void> {
    for (const observer of this.#observers) yield* observer.followersOf(member);
  }

  /** Reports to observers that a nick has come into use. */
  appeared(member: Member): void {
    for (const observer of this.#observers) observer.appeared(member);
  }

  /** Reports to observers that a nick has fallen out of use. */
  disappeared(nick: string): void {
    for (const observer of this.#observers) observer.disappeared(nick);
  }

  /** Reports to observers that a member has another nick, unless only its spelling differs. */
  renamed(member: Member, before: string): void {
    if (this.fold(before) === this.fold(member.nick)) return;
    for (const observer of this.#observers) {
      observer.disappeared(before);
      observer.appeared(member);
    }
  }
}
