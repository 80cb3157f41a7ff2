/** The handshakes under way of one listener or `connect()`: how many, for how long, and at what cost. */
import { HandshakeBudget } from './handshake-budget.js';
import type { Timer } from './timers.js';
import type { Turn } from './turn.js';

/** Until this part of its time is over, no handshake gives way to a newer one: an honest peer is faster. */
const PROTECTED_PART = 0.1;

/** The clock of a turn. */
type Clock = Pick<Turn, 'after' | 'nowMs'>;

/** Why a handshake is ended. */
export type HandshakeEnd = 'too slow' | 'gave way';

/** A handshake under way. */
export interface Handshaking {
  /** Its time is over, or another needs its place. */
  expire(why: HandshakeEnd): void;
}

/** The limits of handshakes. */
export interface HandshakeLimits {
  readonly timeoutMs: number;
  /** How many may be under way. */
  readonly max: number;
  /** How much of the thread's time they may take. */
  readonly cpuPercent: number;
}

/** Handshakes in the order of their beginning. All have the same time, so one timer serves all. */
export class Handshakes {
  readonly timeoutMs: number;
  readonly #turn: Clock;
  readonly #max: number;
  readonly #budget: HandshakeBudget;
  readonly #startedMs = new Map<Handshaking, number>();
  #timer: Timer | undefined;

  constructor(turn: Clock, { timeoutMs, max, cpuPercent }: HandshakeLimits) {
    this.#turn = turn;
    this.timeoutMs = timeoutMs;
    this.#max = max;
    this.#budget = new HandshakeBudget(cpuPercent);
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

  /** Does a part of a handshake, whose cost counts. */
  compute<Result>(part: () => Result): Result {
    const before = process.cpuUsage();
    const startedMs = performance.now();
    try {
      return part();
    } finally {
      const { user, system } = process.cpuUsage(before);
      const nowMs = performance.now();
      // On a busy machine other programs take most of the elapsed time, and the usage is that of all threads.
      this.#budget.spend(Math.min((user + system) / 1000, nowMs - startedMs), nowMs);
    }
  }

  /** Returns how many more may begin. If there is no place, the oldest gives way if it has had its time. */
  makeRoom(): number {
    if (this.#budget.waitMs(performance.now()) > 0) return 0;
    const room = this.#max - this.#startedMs.size;
    if (room > 0) return room;
    for (const [oldest, startedMs] of this.#startedMs) {
      if (this.#turn.nowMs - startedMs < this.#protectedMs) return 0;
      this.#startedMs.delete(oldest);
      oldest.expire('gave way');
      return 1;
    }
    return 0;
  }

  /** When to ask for room again, in milliseconds. */
  get restMs(): number {
    return this.#budget.waitMs(performance.now()) || this.#protectedMs;
  }

  /** How long no handshake gives way. */
  get #protectedMs(): number {
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
