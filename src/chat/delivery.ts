/** One event on its way to many: encoded once for each way of reading it. */
import type { ChatEvent } from './event.js';
import type { Encoder, Outlet } from './member.js';
import type { MemberState } from './member-state.js';
import type { Room } from './room.js';
import type { RoomState } from './room-state.js';

interface Encoded {
  readonly bytes: Uint8Array | null;
  readonly droppable: boolean;
}

/** Hands one event to any number of members; all that share an encoder get the same bytes. */
export class Delivery {
  readonly #event: ChatEvent;
  // Most rooms hold one or two kinds of reader in long runs, so the last one is kept at hand.
  #encoder: Encoder | null = null;
  #bytes: Uint8Array | null = null;
  #droppable = false;
  #others: Map<Encoder, Encoded> | null = null;

  constructor(event: ChatEvent) {
    this.#event = event;
  }

  /**
   * Sends the event to one member, unless its kind of reader does not get such events.
   *
   * @param room - the room whose members all get it; null if it is for some of them, or for others
   */
  to(member: MemberState, room: Room | null = null): void {
    this.through(member.outlet, room);
  }

  /**
   * Sends the event to those in a room who have a rank, or to all of them for 0, but for one.
   *
   * This loop is what a fan-out costs, and its body is that of {@link through}: V8 would not inline the call, because
   * its callers are nested too deep.
   */
  toSeats(room: RoomState, except: MemberState | null, minimumRanks: number): void {
    const audience = minimumRanks === 0 ? room : null;
    for (const seat of room.seats) {
      const { member } = seat;
      if (member === except || seat.ranks < minimumRanks) continue;
      const { outlet } = member;
      if (outlet.encoder !== this.#encoder) this.#switchTo(outlet.encoder);
      const bytes = this.#bytes;
      if (bytes !== null) outlet.send(bytes, this.#droppable, audience);
    }
  }

  /** The event as one kind of reader gets it, a text if that is its UTF-8; null if it does not. */
  contentFor(encoder: Encoder): Uint8Array | string | null {
    const text = encoder.toText?.(this.#event) ?? null;
    if (text !== null) return text;
    if (encoder !== this.#encoder) this.#switchTo(encoder);
    return this.#bytes;
  }

  /** Sends the event through one outlet. */
  through(outlet: Outlet, room: Room | null = null): void {
    if (outlet.encoder !== this.#encoder) this.#switchTo(outlet.encoder);
    if (this.#bytes !== null) outlet.send(this.#bytes, this.#droppable, room);
  }

  #switchTo(encoder: Encoder): void {
    if (this.#encoder !== null) {
      this.#others ??= new Map();
      this.#others.set(this.#encoder, { bytes: this.#bytes, droppable: this.#droppable });
    }
    const known = this.#others?.get(encoder);
    this.#encoder = encoder;
    this.#bytes = known === undefined ? encoder.encode(this.#event) : known.bytes;
    this.#droppable = known === undefined ? encoder.isDroppable(this.#event) : known.droppable;
  }
}
