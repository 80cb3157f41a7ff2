/** The talk in one room: a message goes to nearly all members inside in one call. */
import type { Assembly } from './assembly.js';
import type { Delivery } from './delivery.js';
import type { Encoder } from './member.js';
import type { MemberState } from './member-state.js';
import type { RoomState } from './room-state.js';

/** If fewer members are inside, each is reached separately at the same cost. */
const FEW = 4;

/** Keeps the audience of the room that was last spoken in. */
export class Talk {
  readonly #assembly: Assembly;
  #room: RoomState | null = null;
  /** The number of the room's audience, while that is the same. */
  #audience = 0;
  /** The encoder of the outlets in the assembly; null until it is made. */
  #encoder: Encoder | null = null;
  /** The members inside who are not in the assembly. */
  #others: MemberState[] = [];
  /** The number of messages until the others are tried again, since they may only have been behind. */
  #messagesLeft = 0;
  /** Whether too few of the members inside can be in it. */
  #isVain = false;

  constructor(assembly: Assembly) {
    this.#assembly = assembly;
  }

  /**
   * Sends an event to all members of a room except one.
   *
   * @returns false if each has to be reached separately
   */
  carries(delivery: Delivery, room: RoomState, except: MemberState | null): boolean {
    if (room !== this.#room || room.audience !== this.#audience) {
      // If members enter and leave between any two messages, the assembly would be made for each message.
      this.#turnTo(room);
      return false;
    }
    if (this.#isVain) return false;
    const known = this.#others.length > 0 && this.#messagesLeft === 0 ? null : this.#encoder;
    const content = known === null ? null : delivery.contentFor(known);
    if (content !== null && this.#send(delivery, content, except)) return true;
    const encoder = this.#assemble(room);
    if (encoder === null) return false;
    const anew = encoder === known ? content : delivery.contentFor(encoder);
    // An event that most of them do not get is for few.
    return anew !== null && this.#send(delivery, anew, except);
  }

  /**
   * Somebody has just entered a room, or left it. If that is all that has happened, the assembly stays: otherwise it
   * would be made for each of many who come and go.
   */
  follow(room: RoomState, member: MemberState): void {
    if (room !== this.#room || !room.hasOnlyMoved(member, this.#audience)) return;
    this.#audience = room.audience;
    if (room.seatOf(member) === undefined) this.#drop(member);
    else if (this.#encoder !== null && !this.#takes(member)) this.#others.push(member);
    this.#isVain = room.size < FEW || 2 * this.#others.length > room.size;
  }

  #drop(member: MemberState): void {
    const index = this.#others.indexOf(member);
    if (index >= 0) this.#others.splice(index, 1);
    else this.#assembly.remove(member.outlet);
  }

  #turnTo(room: RoomState): void {
    this.#assembly.begin();
    this.#room = room;
    this.#audience = room.audience;
    this.#encoder = null;
    this.#others = [];
    this.#isVain = room.size < FEW;
  }

  #send(delivery: Delivery, content: Uint8Array | string, except: MemberState | null): boolean {
    if (!this.#assembly.send(content, except?.outlet ?? null)) return false;
    if (this.#messagesLeft > 0) this.#messagesLeft -= 1;
    for (const member of this.#others) if (member !== except) delivery.to(member, this.#room);
    return true;
  }

  /** Takes all members who read like the first one. @returns their encoder; null if they are too few */
  #assemble(room: RoomState): Encoder | null {
    this.#assembly.begin();
    this.#others = [];
    this.#encoder = null;
    for (const { member } of room.seats) if (!this.#takes(member)) this.#others.push(member);
    this.#messagesLeft = room.size;
    this.#isVain = 2 * this.#others.length > room.size;
    if (this.#isVain) this.#assembly.begin();
    return this.#isVain ? null : this.#encoder;
  }

  /** Adds a member to the assembly, if it reads like those in it. @returns whether it has been added */
  #takes({ outlet }: MemberState): boolean {
    const { encoder } = outlet;
    if (this.#encoder !== null && encoder !== this.#encoder) return false;
    if (!this.#assembly.add(outlet)) return false;
    this.#encoder = encoder;
    return true;
  }
}
