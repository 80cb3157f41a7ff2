/** A wire whose calls are recorded, and what a link sees of its state. */
import type { Wire } from '../../front/wire.js';
import { SharedBytes } from '../../net/shared-bytes.js';
import type { Mask } from '../../protocol/protocol.js';
import type { Notes } from './notes.js';

/** The wire of one connection. */
export class RecordedWire implements Wire {
  readonly #wire: Wire;
  readonly #id: number;
  readonly #notes: Notes;
  readonly #mask: Mask;
  #seenPendingBytes = 0;
  #isSeenDestroyed = false;

  constructor(wire: Wire, id: number, notes: Notes, mask: Mask) {
    this.#wire = wire;
    this.#id = id;
    this.#notes = notes;
    this.#mask = mask;
  }

  get pendingBytes(): number {
    const { pendingBytes } = this.#wire;
    if (!this.#notes.isAside && pendingBytes !== this.#seenPendingBytes) {
      this.#seenPendingBytes = pendingBytes;
      this.#notes.note(['pending', this.#id, pendingBytes]);
    }
    return pendingBytes;
  }

  get isDestroyed(): boolean {
    const { isDestroyed } = this.#wire;
    if (isDestroyed && !this.#notes.isAside && !this.#isSeenDestroyed) {
      this.#isSeenDestroyed = true;
      this.#notes.note(['dead', this.#id]);
    }
    return isDestroyed;
  }

  write(bytes: Uint8Array | SharedBytes): boolean {
    // Bytes that others get as well are no answer, and have no secret in them.
    this.#notes.wrote(this.#id, bytes instanceof SharedBytes ? bytes : this.#mask.hideSent(bytes));
    const hasRoom = this.#wire.write(bytes);
    if (!hasRoom) this.#notes.note(['full', this.#id]);
    return hasRoom;
  }

  end(): void {
    this.#notes.note(['fin', this.#id]);
    this.#wire.end();
  }

  destroy(): void {
    this.#notes.note(['destroy', this.#id]);
    this.#isSeenDestroyed = true;
    this.#wire.destroy();
  }

  pause(): void {
    this.#notes.note(['pause', this.#id]);
    this.#wire.pause();
  }

  resume(): void {
    this.#notes.note(['resume', this.#id]);
    this.#wire.resume();
  }
}
