/** One event on its way to many members: encoded once for each encoder. */
import type { ChatEvent } from './event.js';
import type { Encoder, Outlet } from './member.js';
import type { MemberState } from './member-state.js';
import type { Room } from './room.js';
import type { RoomState } from './room-state.js';

interface Encoded {
  readonly bytes: Uint8Array | null;
  readonly droppable: boolean;
}

/** Delivers one event to any number of members; all that share an encoder get the same bytes. */
export class Delivery {
  readonly #event: ChatEvent;
  // Most rooms hold one or two kinds of reader in long runs, so the last encoder is kept at hand.
  #encoder: Encoder | null = null;
  #bytes: Uint8Array | null = null;
  #droppable = false;
  #others: Map<Encoder, Encoded> | null = null;

  constructor(event: ChatEvent) {
    this.#event = event;
  }

  /**
   * Sends the event to one member, unless its encoder leaves out such events.
   *
   * @param room - the room whose members all get it; null if it is for some of them, or for others
   */
  to(member: MemberState, room: Room | null = null): void {
    this.through(member.outlet, room);
  }

  /**
   * Sends the event to all members of a room who have a rank, or to all members for 0, except one.
   *
   * This loop is the cost of a fan-out, and its body is that of {@link through}: V8 would not inline the call, because
   * its callers are nested too deeply.
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

  /** The event as one encoder writes it, or a text with these bytes as its UTF-8; null if the encoder leaves it out. */
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
