/** The handshakes under way of one listener or `connect()`: how many, and for how long. */
import type { Timer } from './timers.js';
import type { Turn } from './turn.js';

/** Until this part of its time is over, no handshake gives way to a newer one: an honest peer is faster. */
const PROTECTED_PART = 0.1;

/** Why a handshake is ended. */
export type HandshakeEnd = 'too slow' | 'gave way';

/** A handshake under way. */
export interface Handshaking {
  /** Its time is over, or another needs its place. */
  expire(why: HandshakeEnd): void;
}

/** Handshakes in the order of their beginning. All have the same time, so one timer serves all. */
export class Handshakes {
  readonly timeoutMs: number;
  readonly #turn: Turn;
  readonly #max: number;
  readonly #startedMs = new Map<Handshaking, number>();
  #timer: Timer | undefined;

  /** @param max how many may be under way */
  constructor(turn: Turn, { timeoutMs, max }: { readonly timeoutMs: number; readonly max: number }) {
    this.#turn = turn;
    this.timeoutMs = timeoutMs;
    this.#max = max;
  }

  /** @throws EMFILE, ENFILE, ENOMEM if there is no timer; nothing has begun then */
  begin(handshaking: Handshaking): void {
    this.#timer ??= this.#turn.after(this.timeoutMs, this.#expire);
    this.#startedMs.set(handshaking, this.#turn.nowMs);
  }

  end(handshaking: Handshaking): void {
    this.#startedMs.delete(handshaking);
    if (this.#startedMs.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Returns how many more may begin. If there is no place, the oldest gives way if it has had its time. */
  makeRoom(): number {
    const room = this.#max - this.#startedMs.size;
    if (room > 0) return room;
    for (const [oldest, startedMs] of this.#startedMs) {
      if (this.#turn.nowMs - startedMs < this.protectedMs) return 0;
      this.#startedMs.delete(oldest);
      oldest.expire('gave way');
      return 1;
    }
    return 0;
  }

  /** How long no handshake gives way. */
  get protectedMs(): number {
    return this.timeoutMs * PROTECTED_PART;
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const nowMs = this.#turn.nowMs;
    for (const [handshaking, startedMs] of this.#startedMs) {
      const leftMs = startedMs + this.timeoutMs - nowMs;
      if (leftMs > 0) {
        this.#timer = this.#turn.after(leftMs, this.#expire);
        return;
      }
      this.#startedMs.delete(handshaking);
      handshaking.expire('too slow');
    }
  };
}
