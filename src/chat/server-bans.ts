/** The bans of the server: their targets, their ends, and their reasons. */
import type { BanKind, ServerBan } from '../log/entry.js';
import { contains, parseAddresses } from './address.js';
import type { Fold } from './case-mapping.js';
import { completeUserHost, type Identity, UserMask } from './user-mask.js';

export type { BanKind, ServerBan } from '../log/entry.js';

/** Keeps bans. A database may be behind it: it is read once, and written to on every change. */
export interface BanStore {
  all(): Iterable<ServerBan>;
  /** Keeps a ban, replacing one of the same kind and mask. */
  put(ban: ServerBan): void;
  remove(ban: ServerBan): void;
}

/** Keeps bans for as long as the process lives. */
export class MemoryBanStore implements BanStore {
  readonly #bans = new Map<string, ServerBan>();

  all(): Iterable<ServerBan> {
    return this.#bans.values();
  }

  put(ban: ServerBan): void {
    this.#bans.set(keyOf(ban.kind, ban.mask), ban);
  }

  remove(ban: ServerBan): void {
    this.#bans.delete(keyOf(ban.kind, ban.mask));
  }
}

/** The options of {@link ServerBans}. */
export interface ServerBansOptions {
  /** @defaultValue a {@link MemoryBanStore} */
  readonly store?: BanStore;
  /** The most bans at once, at least 1: each new connection is compared with all of them. @defaultValue 10,000 */
  readonly maxBans?: number;
  readonly fold: Fold;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Entry {
  readonly ban: ServerBan;
  readonly holdsFor: (identity: Identity) => boolean;
}

/** All bans of one server. A ban that has expired is as if it had never been set. */
export class ServerBans {
  readonly #store: BanStore;
  readonly #maxBans: number;
  readonly #fold: Fold;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(options: ServerBansOptions) {
    this.#store = options.store ?? new MemoryBanStore();
    this.#maxBans = options.maxBans ?? 10_000;
    this.#fold = options.fold;
    this.#now = options.now;
    for (const ban of this.#store.all()) this.#entries.set(this.#keyOf(ban), this.#entryOf(ban));
  }

  /**
   * Adds a ban, replacing one of the same kind and mask. The log of the domain has already bounded their number.
   *
   * @param isKept - whether the store is to keep it: false if another process does
   */
  add(ban: ServerBan, isKept = true): void {
    this.#dropExpired();
    const key = this.#keyOf(ban);
    const known = this.#entries.get(key);
    // The masks may differ in case.
    if (isKept && known !== undefined) this.#store.remove(known.ban);
    this.#entries.set(key, this.#entryOf(ban));
    if (isKept) this.#store.put(ban);
  }

  /**
   * Removes a ban.
   *
   * @param isKept - whether the store keeps it: false if another process does
   * @returns the ban; null if there is none of this kind and mask
   */
  remove(kind: BanKind, mask: string, isKept = true): ServerBan | null {
    const ban = this.of(kind, mask);
    if (ban === null) return null;
    this.#entries.delete(this.#keyOf(ban));
    if (isKept) this.#store.remove(ban);
    return ban;
  }

  /** Returns the ban of a kind and mask, in any spelling. */
  of(kind: BanKind, mask: string): ServerBan | null {
    this.#dropExpired();
    return this.#entries.get(keyOf(kind, this.#fold(mask)))?.ban ?? null;
  }

  /** The most bans at once. */
  get maxBans(): number {
    return this.#maxBans;
  }

  /** All bans, in the order in which they were set. */
  all(): ServerBan[] {
    this.#dropExpired();
    return [...this.#entries.values()].map(({ ban }) => ban);
  }

  /** The bans of one kind, in the order in which they were set. */
  list(kind: BanKind): ServerBan[] {
    return this.all().filter((ban) => ban.kind === kind);
  }

  /** The first ban that applies to somebody; null if none does. */
  find(identity: Identity): ServerBan | null {
    const nowMs = this.#now();
    for (const { ban, holdsFor } of this.#entries.values()) {
      if ((ban.untilMs === null || ban.untilMs > nowMs) && holdsFor(identity)) return ban;
    }
    return null;
  }

  /** Returns a function that reports whether a ban, set or not, applies to somebody. */
  judge(ban: ServerBan): (identity: Identity) => boolean {
    return this.#entryOf(ban).holdsFor;
  }

  #dropExpired(): void {
    const nowMs = this.#now();
    for (const [key, { ban }] of this.#entries) {
      if (ban.untilMs === null || ban.untilMs > nowMs) continue;
      this.#entries.delete(key);
      this.#store.remove(ban);
    }
  }

  #keyOf({ kind, mask }: ServerBan): string {
    return keyOf(kind, this.#fold(mask));
  }

  #entryOf(ban: ServerBan): Entry {
    if (ban.kind === 'users') {
      const mask = new UserMask(completeUserHost(ban.mask), this.#fold);
      return { ban, holdsFor: (identity) => mask.matches(identity) };
    }
    const network = parseAddresses(ban.mask);
    return {
      ban,
      holdsFor: ({ address }) => network !== null && address !== null && contains(network, address),
    };
  }
}

function keyOf(kind: BanKind, mask: string): string {
  return `${kind} ${mask}`;
}
