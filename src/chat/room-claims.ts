/** The names of a room that several processes share: the one that it asks for, and its own, if another room has it. */
import type { RoomLog, Who } from '../log/entry.js';

/** A request of a room for another name. */
export interface Claim {
  /** The number of the request among those of the room, from 1. */
  readonly number: number;
  readonly name: string;
  readonly reason: string;
  /** The one who asks. */
  readonly session: string;
  readonly who: Who;
}

/** The name of a log that another room has. */
export interface Cession {
  /** The log of that room. */
  readonly room: RoomLog;
  /** The number of its request. */
  readonly claim: number;
}

/** Both as plain data. */
export interface ClaimsSnapshot {
  readonly count: number;
  readonly open: Claim | null;
  readonly ceded: Cession | null;
}

/**
 * The state of a room's names by its log. A name is decided by the log that is called after it, so that there is one
 * order for each: a room asks in its own log, the log of the name gives it away or not, and the room's log reports
 * that. A room keeps the name of its own log for as long as it is open: whoever enters by it means this room.
 */
export class RoomClaims {
  /** The folded name of the log. */
  readonly home: string;
  /**
   * The number of requests so far. It is kept for a while when the room closes: a late entry must not be taken for a
   * new one.
   */
  #count = 0;
  /** The request that is not decided yet. */
  #open: Claim | null = null;
  #ceded: Cession | null = null;

  constructor(home: string) {
    this.home = home;
  }

  get count(): number {
    return this.#count;
  }

  get open(): Claim | null {
    return this.#open;
  }

  /** The room that has the name of this log; null if none does but this one. */
  get ceded(): Cession | null {
    return this.#ceded;
  }

  ask(claim: Omit<Claim, 'number'>): number {
    this.#count += 1;
    this.#open = { ...claim, number: this.#count };
    return this.#count;
  }

  /** Ends a request, which is decided. @returns it; null if it is not the one that is open */
  close(number: number): Claim | null {
    const claim = this.#open;
    if (claim?.number !== number) return null;
    this.#open = null;
    return claim;
  }

  /** Everybody has left the room. */
  clear(): void {
    this.#open = null;
  }

  /** Whether nothing but the number of its requests is left of them. */
  get isSpent(): boolean {
    return this.#count > 0 && this.#open === null && this.#ceded === null;
  }

  /** The room has been closed for so long that nothing about its requests can still be on its way. */
  forget(): void {
    if (this.isSpent) this.#count = 0;
  }

  /** Gives the name away. @param isFree - whether no room of this log has it @returns whether it was given away */
  cede({ room, claim }: Cession, isFree: boolean): boolean {
    const known = this.#ceded;
    if (known !== null && known.room !== room) return false;
    if (known === null && !isFree) return false;
    this.#ceded = { room, claim: Math.max(claim, known?.claim ?? 0) };
    return true;
  }

  /** Takes the name back, unless it was given away once more. @returns whether it did */
  reclaim({ room, claim }: Cession): boolean {
    if (this.#ceded?.room !== room || this.#ceded.claim !== claim) return false;
    this.#ceded = null;
    return true;
  }

  /** Returns the state; undefined if nothing has ever happened to it. */
  snapshot(): ClaimsSnapshot | undefined {
    if (this.#count === 0 && this.#ceded === null) return undefined;
    return { count: this.#count, open: this.#open, ceded: this.#ceded };
  }

  restore({ count, open, ceded }: ClaimsSnapshot): void {
    this.#count = count;
    this.#open = open;
    this.#ceded = ceded;
  }
}
