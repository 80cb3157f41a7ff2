/** Limits how often people ask to be let into one room. */

/** Somebody who has asked may ask again after this time. */
const MEMBER_PAUSE_MS = 300_000;
/** The most members who may ask within {@link ROOM_PERIOD_MS}, all together. */
const MAX_ROOM_KNOCKS = 5;
const ROOM_PERIOD_MS = 60_000;

/** Why somebody may not ask now: it asked a short time ago, or too many others have. */
export type KnockLimit = 'knocked-lately' | 'too-many-knocks';

/** The latest members who have asked. Times are those of the room's log, so the same log lets the same people ask. */
export class Knocks {
  /** In the order of time: at most {@link MAX_ROOM_KNOCKS} in each period, so there are never many. */
  #latest: { readonly session: string; readonly atMs: number }[] = [];

  snapshot(): readonly { readonly session: string; readonly atMs: number }[] {
    return this.#latest;
  }

  restore(latest: readonly { readonly session: string; readonly atMs: number }[]): void {
    this.#latest = [...latest];
  }

  /** Counts a session's request. @returns why the session may not ask; null if it may */
  add(session: string, atMs: number): KnockLimit | null {
    this.#latest = this.#latest.filter((knock) => knock.atMs > atMs - MEMBER_PAUSE_MS);
    if (this.#latest.some((knock) => knock.session === session)) return 'knocked-lately';
    const recent = this.#latest.filter((knock) => knock.atMs > atMs - ROOM_PERIOD_MS);
    if (recent.length >= MAX_ROOM_KNOCKS) return 'too-many-knocks';
    this.#latest.push({ session, atMs });
    return null;
  }
}
