/** The nodes to which one member is connected, as the domain's log has them. */
import { type Privilege, PRIVILEGES, type Security } from '../log/entry.js';
import type { PresencesSnapshot } from './snapshot.js';

/** Why a member without a connection is away. */
export const NOT_CONNECTED = 'Not connected';

/** The connections of a member to one node. */
export interface Presence extends Security {
  /** The address that they come from: that of the first one. */
  readonly address: string;
  /** Why nobody is present at any of them; null if somebody is. */
  readonly away: string | null;
  /** The privileges of an operator that were given there; null for none. */
  readonly privileges: readonly Privilege[] | null;
}

/** The nodes of a member that is, or has been, connected to more than one. */
export class Presences {
  /** By the sessions with which they act for it. The one whose absence was set last is the last. */
  readonly #at = new Map<string, Presence>();
  /** The sessions that the member had before, on nodes that are gone by now. */
  readonly formers: string[] = [];
  /** Since when nobody is connected for it, in milliseconds since the epoch; null while somebody is. */
  absentSinceMs: number | null = null;

  /** The number of nodes. */
  get size(): number {
    return this.#at.size;
  }

  sessions(): IterableIterator<string> {
    return this.#at.keys();
  }

  /** Returns the connections to the node that acts by a session. */
  of(session: string): Presence | undefined {
    return this.#at.get(session);
  }

  connect(session: string, presence: Presence): void {
    this.absentSinceMs = null;
    this.#put(session, presence);
  }

  /** @returns false if it was not connected there */
  disconnect(session: string, sinceMs: number): boolean {
    if (!this.#at.delete(session)) return false;
    if (this.#at.size === 0) this.absentSinceMs = sinceMs;
    return true;
  }

  /** Changes the facts about the connections to one node. @returns false if it is not connected there */
  change(session: string, changes: Partial<Presence>): boolean {
    const known = this.#at.get(session);
    if (known !== undefined) this.#put(session, { ...known, ...changes });
    return known !== undefined;
  }

  #put(session: string, presence: Presence): void {
    // A key that is set again moves to the end of the map.
    this.#at.delete(session);
    this.#at.set(session, presence);
  }

  /** Why nobody is present anywhere, by the latest reason; null if somebody is. */
  get absence(): string | null {
    let latest: string | null = NOT_CONNECTED;
    for (const { away } of this.#at.values()) {
      if (away === null) return null;
      latest = away;
    }
    return latest;
  }

  /** All privileges that were given anywhere; null for none. */
  get privileges(): readonly Privilege[] | null {
    const all = new Set([...this.#at.values()].flatMap(({ privileges }) => privileges ?? []));
    return [...this.#at.values()].every(({ privileges }) => privileges === null)
      ? null
      : PRIVILEGES.filter((one) => all.has(one));
  }

  /** How all connections together are secured. */
  get security(): Security {
    const all = [...this.#at.values()];
    const [first] = all;
    const isSecure = all.every((one) => one.isSecure) && all.length > 0;
    return { isSecure, certificate: all.length === 1 && first !== undefined ? first.certificate : null };
  }

  snapshot(session: string): PresencesSnapshot {
    return { session, formers: [...this.formers], absentSinceMs: this.absentSinceMs, at: [...this.#at] };
  }

  restore({ formers, absentSinceMs, at }: PresencesSnapshot): void {
    this.formers.push(...formers);
    this.absentSinceMs = absentSinceMs;
    for (const [session, presence] of at) this.#at.set(session, presence);
  }
}
