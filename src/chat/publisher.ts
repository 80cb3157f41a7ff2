/** The one way of every event to its audience. */
import { Delivery } from './delivery.js';
import type { DirectoryState } from './directory-state.js';
import type { ChatEvent, EventOf } from './event.js';
import type { Member } from './member.js';
import { stateOf } from './member-state.js';
import { refusesSpeech } from './permissions.js';
import { RANK_BITS, type Room } from './room.js';

/** Events about a member itself: they go to those who share a room with it. */
type PersonalEvent = EventOf<'quit' | 'renamed' | 'away' | 'host' | 'realname'>;

/** Knows the audience of each kind of event, without the one who did it: the verb returns the event to its protocol. */
export class Publisher {
  readonly #directory: DirectoryState;
  #fanOuts = 0;

  constructor(directory: DirectoryState) {
    this.#directory = directory;
  }

  /** Tells everybody of an event whom it concerns; those who read alike get the same bytes. */
  publish(event: ChatEvent): void {
    const delivery = new Delivery(event);
    switch (event.kind) {
      case 'said':
        if (event.room !== null) tellRoom(delivery, event.room, event.by, lowest(event.ranks));
        else if (event.to !== null) delivery.to(event.to);
        return;
      case 'joined':
        tellRoom(delivery, event.room, event.member);
        return;
      case 'left':
        tellRoom(delivery, event.room, event.member);
        return;
      case 'kicked':
      case 'topic':
      case 'settings':
        tellRoom(delivery, event.room, event.by);
        return;
      case 'invited':
        if (event.audience === 'guest') delivery.to(event.member);
        else tellRoom(delivery, event.room, event.by, RANK_BITS['half-operator']);
        return;
      case 'expelled':
        delivery.to(event.member);
        return;
      case 'announced':
        this.#tellListeners(delivery, event);
        return;
      case 'quit':
      case 'renamed':
        this.#tellPeers(delivery, event, false);
        return;
      case 'away':
      case 'host':
      case 'realname':
        this.#tellPeers(delivery, event, true);
    }
  }

  #tellListeners(delivery: Delivery, { by }: EventOf<'announced'>): void {
    for (const member of this.#directory.members()) {
      if (member.traits.has('hears-announcements') && member !== by) delivery.to(member);
    }
  }

  /** Tells everybody who shares a room with a member, each once, and then those who follow it from elsewhere. */
  #tellPeers(delivery: Delivery, event: PersonalEvent, hasFollowers: boolean): void {
    const member = stateOf(event.member);
    this.#fanOuts += 1;
    member.lastFanOut = this.#fanOuts;
    for (const { room } of member.seats) {
      // Why it is away would be speech in a room where it may not speak.
      if (event.kind === 'away' && member.away !== null && refusesSpeech(member, room) !== null) continue;
      for (const seat of room.seats) {
        // A number on the member is cheaper than a set of those reached, and a fan-out never nests.
        if (seat.member.lastFanOut === this.#fanOuts) continue;
        seat.member.lastFanOut = this.#fanOuts;
        delivery.to(seat.member);
      }
    }
    if (!hasFollowers) return;
    for (const follower of this.#directory.followersOf(member)) {
      if (stateOf(follower).lastFanOut !== this.#fanOuts) delivery.to(follower);
    }
  }
}

function tellRoom(delivery: Delivery, room: Room, except: Member | null, minimumRanks = 0): void {
  for (const seat of room.seats) {
    if (seat.member !== except && seat.ranks >= minimumRanks) delivery.to(seat.member);
  }
}

/** The lowest bit of a set; 0 for an empty one. */
function lowest(ranks: number): number {
  return ranks & -ranks;
}
