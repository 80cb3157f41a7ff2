/** The single path of every event to its audience. */
import type { Assembly } from './assembly.js';
import { Delivery } from './delivery.js';
import type { DirectoryState } from './directory-state.js';
import type { ChatEvent, EventOf } from './event.js';
import type { Member, Outlet } from './member.js';
import { type MemberState, stateOf } from './member-state.js';
import { outletsOf } from './outlets.js';
import { speechRefusal } from './permissions.js';
import { RANK_BITS, type Room } from './room.js';
import { roomStateOf } from './room-state.js';
import { Talk } from './talk.js';

/** Events about a member itself: they go to those who share a room with it. */
type PersonalEvent = EventOf<'quit' | 'renamed' | 'away' | 'account' | 'host' | 'realname'>;

/** Members who do not know that they are out of rooms, and are about to enter these again. */
export interface Absentees {
  /** The members who are out of a room. */
  outOf(room: Room): readonly MemberState[];
  /** The members who are out of a room together with this member. */
  besides(member: Member): readonly MemberState[];
}

/** Finds the audience of each kind of event. */
export class Publisher {
  readonly #directory: DirectoryState;
  readonly #absentees: Absentees;
  readonly #talk: Talk | null;
  #fanOuts = 0;
  /** Whether nothing is sent to anybody. */
  isQuiet = false;

  /** @param assembly - null if nothing can send to many at once */
  constructor(directory: DirectoryState, absentees: Absentees, assembly: Assembly | null = null) {
    this.#directory = directory;
    this.#absentees = absentees;
    this.#talk = assembly === null ? null : new Talk(assembly);
  }

  /**
   * Sends an event to everybody whom it concerns; members who read alike get the same bytes.
   *
   * @param answered - a member that gets the event as the answer to its own deed, through the outlet by which it acted;
   *   its other outlets get it as others do. Null if nobody is answered
   * @param voice - the outlet through which it acted; null for its first
   */
  publish(event: ChatEvent, answered: MemberState | null, voice: Outlet | null = null): void {
    if (this.isQuiet) return;
    const delivery = new Delivery(event);
    this.#deliver(delivery, event, answered);
    // A member that speaks to itself has already got it everywhere.
    if (answered === null || (event.kind === 'said' && event.to === answered)) return;
    if (voice === null) for (const outlet of answered.furtherOutlets) delivery.through(outlet);
    else for (const outlet of outletsOf(answered.outlet)) if (outlet !== voice) delivery.through(outlet);
  }

  /** Sends an event to the members of a room, except some of them. */
  publishToOthers(event: EventOf<'joined'>, some: ReadonlySet<MemberState>): void {
    if (this.isQuiet) return;
    const delivery = new Delivery(event);
    for (const { member } of roomStateOf(event.room).seats) if (!some.has(member)) delivery.to(member);
  }

  /** Sends an event to a member alone, through all its outlets. */
  showEverywhere(event: ChatEvent, member: MemberState): void {
    if (!this.isQuiet) new Delivery(event).to(member);
  }

  /** Sends an event to a member, through its first outlet. */
  showTo(event: ChatEvent, member: MemberState): void {
    const [first] = outletsOf(member.outlet);
    if (!this.isQuiet && first !== undefined) new Delivery(event).through(first);
  }

  #deliver(delivery: Delivery, event: ChatEvent, answered: MemberState | null): void {
    switch (event.kind) {
      case 'said':
        if (event.room !== null) this.#toTalk(delivery, event.room, answered, lowest(event.ranks));
        else if (event.to !== null) toBoth(delivery, event.to, event.by, answered);
        return;
      case 'redacted':
        if (event.room !== null) toRoom(delivery, event.room, answered);
        else if (event.to !== null) toBoth(delivery, event.to, event.by, answered);
        return;
      case 'joined':
        this.#talk?.follow(roomStateOf(event.room), stateOf(event.member));
        this.#toRoomAsKnown(delivery, event.room, answered);
        return;
      case 'topic':
      case 'settings':
      case 'retitled':
        this.#toRoomAsKnown(delivery, event.room, answered);
        return;
      case 'left':
      case 'kicked':
        this.#talk?.follow(roomStateOf(event.room), stateOf(event.member));
        this.#toRoomAsKnown(delivery, event.room, answered);
        // The member is no longer inside.
        if (event.member !== answered) delivery.to(stateOf(event.member));
        return;
      case 'invited':
        if (event.audience === 'guest') delivery.to(stateOf(event.member));
        else toRoom(delivery, event.room, answered, RANK_BITS['half-operator']);
        return;
      case 'knocked':
        toRoom(delivery, event.room, answered, RANK_BITS['half-operator']);
        return;
      case 'annotated':
        // Each member gets the keys that it has asked for: see the observers of the directory.
        return;
      case 'expelled':
        delivery.to(stateOf(event.member));
        return;
      case 'announced':
        this.#toListeners(delivery, answered);
        return;
      case 'broadcast':
        for (const member of this.#directory.members()) if (member !== answered) delivery.to(member);
        return;
      case 'quit':
      case 'renamed':
        this.#toPeers(delivery, event, answered, false);
        return;
      case 'away':
      case 'account':
      case 'host':
      case 'realname':
        this.#toPeers(delivery, event, answered, true);
    }
  }

  #toTalk(delivery: Delivery, room: Room, answered: MemberState | null, minimumRanks: number): void {
    if (minimumRanks === 0 && this.#talk?.carries(delivery, roomStateOf(room), answered) === true) return;
    toRoom(delivery, room, answered, minimumRanks);
  }

  /** Reaches all who see the state of a room: members inside, and members who will be inside again. */
  #toRoomAsKnown(delivery: Delivery, room: Room, except: MemberState | null): void {
    this.#toTalk(delivery, room, except, 0);
    for (const absentee of this.#absentees.outOf(room)) if (absentee !== except) delivery.to(absentee);
  }

  #toListeners(delivery: Delivery, answered: MemberState | null): void {
    for (const member of this.#directory.members()) {
      if (member.traits.has('hears-announcements') && member !== answered) delivery.to(member);
    }
  }

  /** Reaches everybody who shares a room with a member, each once, and then those who follow it from elsewhere. */
  #toPeers(delivery: Delivery, event: PersonalEvent, answered: MemberState | null, hasFollowers: boolean): void {
    const member = stateOf(event.member);
    this.#fanOuts += 1;
    member.lastFanOut = this.#fanOuts;
    // A member that has left is notified by the one who removed it.
    if (member !== answered && event.kind !== 'quit') delivery.to(member);
    for (const { room } of member.seats) {
      // The reason for its absence would be speech in a room in which it may not speak.
      if (event.kind === 'away' && member.away !== null && speechRefusal(member, room) !== null) continue;
      for (const seat of room.seats) {
        // A number on the member is cheaper than a set of reached members, and a fan-out never nests.
        if (seat.member.lastFanOut === this.#fanOuts) continue;
        seat.member.lastFanOut = this.#fanOuts;
        delivery.to(seat.member, room);
      }
      for (const absentee of this.#absentees.outOf(room)) this.#toPeer(delivery, absentee);
    }
    for (const absentee of this.#absentees.besides(member)) this.#toPeer(delivery, absentee);
    if (!hasFollowers) return;
    for (const follower of this.#directory.followersOf(member)) this.#toPeer(delivery, stateOf(follower));
  }

  #toPeer(delivery: Delivery, peer: MemberState): void {
    if (peer.lastFanOut === this.#fanOuts) return;
    peer.lastFanOut = this.#fanOuts;
    delivery.to(peer);
  }
}

function toRoom(delivery: Delivery, room: Room, except: MemberState | null, minimumRanks = 0): void {
  delivery.toSeats(roomStateOf(room), except, minimumRanks);
}

/** Reaches the recipient, and the speaker if it gets no answer. */
function toBoth(delivery: Delivery, to: Member, by: Member | null, answered: MemberState | null): void {
  delivery.to(stateOf(to));
  if (answered === null && by !== null && by !== to) delivery.to(stateOf(by));
}

/** The lowest bit of a set; 0 for an empty one. */
function lowest(ranks: number): number {
  return ranks & -ranks;
}
