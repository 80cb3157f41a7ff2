/** The relays of a turn that end when nothing moves: one timer looks after all of them. */
import type { Timer } from './timers.js';
import type { Turn } from './turn.js';

/** How many times a relay is checked within its timeout. */
const LOOKS_PER_TIMEOUT = 4;
/** A process that was stopped has not moved the bytes that came meanwhile: of its pause, so many intervals count. */
const MOST_INTERVALS = 2;

/** The clock that calls back. */
type Clock = Pick<Turn, 'after'>;

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

/** The state of a relay at the look that saw its bytes move last. */
interface Seen {
  movedBytes: number;
  /** When that was, in the time that counts. */
  countedMs: number;
}

const all = new WeakMap<Clock, IdleRelays>();

const intervalOf = ({ idleTimeoutMs }: IdleRelay): number => idleTimeoutMs / LOOKS_PER_TIMEOUT;

/** The idle relays of one turn. */
export class IdleRelays {
  readonly #clock: Clock;
  readonly #relays = new Map<IdleRelay, Seen>();
  /** Until the next look; undefined without relays. */
  #timer: Timer | undefined;
  /** The delay of that timer. */
  #intervalMs = 0;
  /** The time that counts, and when it was counted last. */
  #countedMs = 0;
  #countedAtMs = 0;

  static of(clock: Clock): IdleRelays {
    let relays = all.get(clock);
    if (relays === undefined) {
      relays = new IdleRelays(clock);
      all.set(clock, relays);
    }
    return relays;
  }

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(relay: IdleRelay): void {
    this.#count();
    this.#relays.set(relay, { movedBytes: relay.movedBytes, countedMs: this.#countedMs });
    const intervalMs = intervalOf(relay);
    if (this.#timer !== undefined && intervalMs >= this.#intervalMs) return;
    this.#timer?.cancel();
    this.#lookAfter(intervalMs);
  }

  delete(relay: IdleRelay): void {
    if (!this.#relays.delete(relay) || this.#relays.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #lookAfter(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    try {
      this.#timer = this.#clock.after(intervalMs, this.#look);
    } catch (error) {
      this.#timer = undefined;
      for (const relay of this.#relays.keys()) relay.unwatchable(error);
    }
  }

  /** Counts the time since it was counted last. */
  #count(): void {
    const nowMs = performance.now();
    this.#countedMs += Math.min(nowMs - this.#countedAtMs, MOST_INTERVALS * this.#intervalMs);
    this.#countedAtMs = nowMs;
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    this.#count();
    let intervalMs = Infinity;
    for (const [relay, seen] of this.#relays) {
      intervalMs = Math.min(intervalMs, intervalOf(relay));
      if (relay.movedBytes !== seen.movedBytes) {
        seen.movedBytes = relay.movedBytes;
        seen.countedMs = this.#countedMs;
      } else if (this.#countedMs - seen.countedMs >= relay.idleTimeoutMs) {
        relay.timedOut();
      }
    }
    if (this.#relays.size > 0) this.#lookAfter(intervalMs);
  };
}
