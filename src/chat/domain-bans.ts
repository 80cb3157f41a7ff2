/** The bans of the server as the domain's log has them. */
import type { BanKind, ServerBan } from '../log/entry.js';
import type { Fold } from './case-mapping.js';

/** Checks members who arrive against the bans, and keeps these. */
export interface BanBook {
  /** Bans that were set before the log began, and count like those in it. */
  readonly earlier: readonly ServerBan[];
  /** @param session - the session that has set it; null if that was before the entries that are applied now */
  add(ban: ServerBan, session: string | null): void;
  /** @param session - the session that has lifted it */
  remove(kind: BanKind, mask: string, session: string): void;
}

/** The arguments of a ban that is set. */
interface Setting {
  readonly session: string;
  readonly maxBans: number;
  readonly atMs: number;
}

/**
 * Bans by their targets. They are as the log has left them, so that a process that begins later has them all. The log
 * also decides when there are too many: all who apply it have the same number.
 */
export class DomainBans {
  readonly #fold: Fold;
  readonly #book: BanBook | null;
  readonly #bans = new Map<string, ServerBan>();

  constructor(fold: Fold, book: BanBook | null) {
    this.#fold = fold;
    this.#book = book;
    for (const ban of book?.earlier ?? []) this.#bans.set(this.#keyOf(ban.kind, ban.mask), ban);
  }

  all(): ServerBan[] {
    return [...this.#bans.values()];
  }

  /** Adds a ban, replacing one of the same kind and mask. @returns false if there are too many already */
  add(ban: ServerBan, { session, maxBans, atMs }: Setting): boolean {
    for (const [key, { untilMs }] of this.#bans) if (untilMs !== null && untilMs <= atMs) this.#bans.delete(key);
    const key = this.#keyOf(ban.kind, ban.mask);
    if (this.#bans.size >= maxBans && !this.#bans.has(key)) return false;
    this.#bans.set(key, ban);
    this.#book?.add(ban, session);
    return true;
  }

  /** Removes a ban, even one from before the log. */
  remove(kind: BanKind, mask: string, session: string): void {
    this.#bans.delete(this.#keyOf(kind, mask));
    this.#book?.remove(kind, mask, session);
  }

  restore(bans: readonly ServerBan[]): void {
    for (const ban of bans) {
      this.#bans.set(this.#keyOf(ban.kind, ban.mask), ban);
      this.#book?.add(ban, null);
    }
  }

  #keyOf(kind: BanKind, mask: string): string {
    return `${kind} ${this.#fold(mask)}`;
  }
}
