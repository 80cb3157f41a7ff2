/** The relays of a turn that end when nothing moves: one timer looks after all of them. */
import type { Timer } from './timers.js';
import type { Turn } from './turn.js';

/** How many times a relay is checked within its timeout. */
const LOOKS_PER_TIMEOUT = 4;

/** A relay with a timeout. */
export interface IdleRelay {
  readonly idleTimeoutMs: number;
  /** How many bytes have moved, in both directions together. */
  readonly movedBytes: number;
  /** Nothing has moved for the whole timeout. */
  timedOut(): void;
  /** No timer can be created. */
  unwatchable(error: unknown): void;
}

/** The state of a relay at the latest looks. */
interface Seen {
  movedBytes: number;
  idleMs: number;
}

const all = new WeakMap<Turn, IdleRelays>();

const intervalOf = ({ idleTimeoutMs }: IdleRelay): number => idleTimeoutMs / LOOKS_PER_TIMEOUT;

/** The idle relays of one turn. */
export class IdleRelays {
  readonly #turn: Turn;
  readonly #relays = new Map<IdleRelay, Seen>();
  #timer: Timer | undefined;
  #intervalMs = Infinity;

  static of(turn: Turn): IdleRelays {
    let relays = all.get(turn);
    if (relays === undefined) {
      relays = new IdleRelays(turn);
      all.set(turn, relays);
    }
    return relays;
  }

  private constructor(turn: Turn) {
    this.#turn = turn;
  }

  add(relay: IdleRelay): void {
    this.#relays.set(relay, { movedBytes: relay.movedBytes, idleMs: 0 });
    const intervalMs = intervalOf(relay);
    if (intervalMs >= this.#intervalMs) return;
    this.#intervalMs = intervalMs;
    this.#timer?.cancel();
    this.#lookLater();
  }

  delete(relay: IdleRelay): void {
    if (!this.#relays.delete(relay)) return;
    if (this.#relays.size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
    if (intervalOf(relay) > this.#intervalMs) return;
    this.#intervalMs = Infinity;
    for (const other of this.#relays.keys()) this.#intervalMs = Math.min(this.#intervalMs, intervalOf(other));
  }

  #lookLater(): void {
    try {
      this.#timer = this.#turn.after(this.#intervalMs, this.#look);
    } catch (error) {
      for (const relay of this.#relays.keys()) relay.unwatchable(error);
    }
  }

  /** Counts looks instead of reading the clock: a stopped process does not move the bytes that arrive meanwhile. */
  readonly #look = (): void => {
    for (const [relay, seen] of this.#relays) {
      if (relay.movedBytes !== seen.movedBytes) {
        seen.movedBytes = relay.movedBytes;
        seen.idleMs = 0;
        continue;
      }
      seen.idleMs += this.#intervalMs;
      if (seen.idleMs >= relay.idleTimeoutMs) relay.timedOut();
    }
    this.#lookLater();
  };
}
