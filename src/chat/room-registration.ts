/** The accounts that a room belongs to: its founder, and the ranks that others get whenever they enter. */
import type { Fold } from './case-mapping.js';
import { RANK_BITS, type RoomAccess, type RoomFacts } from './room.js';

/** The most accounts with ranks in one room. */
const MAX_ACCESS = 200;

/** The registration of a room. */
export class RoomRegistration implements RoomFacts {
  readonly atMs: number;
  readonly #fold: Fold;
  readonly #access = new Map<string, RoomAccess>();
  #founder: string;

  constructor({ founder, atMs, access }: RoomFacts, fold: Fold) {
    this.atMs = atMs;
    this.#founder = founder;
    this.#fold = fold;
    for (const one of access) this.#access.set(fold(one.account), one);
  }

  get founder(): string {
    return this.#founder;
  }

  get access(): readonly RoomAccess[] {
    return [...this.#access.values()];
  }

  /** The ranks of an account; 0 for none, and for somebody without an account. */
  ranksOf(account: string | null): number {
    if (account === null) return 0;
    const folded = this.#fold(account);
    const given = this.#access.get(folded)?.ranks ?? 0;
    return folded === this.#fold(this.#founder) ? given | RANK_BITS.owner : given;
  }

  /** Whether one more account may get ranks. */
  hasPlaceFor(account: string): boolean {
    return this.#access.size < MAX_ACCESS || this.#access.has(this.#fold(account));
  }

  /** Sets the ranks of an account. @param ranks - 0 takes them away */
  grant(account: string, ranks: number): void {
    if (ranks === 0) this.#access.delete(this.#fold(account));
    else this.#access.set(this.#fold(account), { account, ranks });
  }

  /** Transfers the room. */
  passTo(founder: string): void {
    this.#founder = founder;
  }
}
