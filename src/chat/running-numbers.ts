/** Decides which entries of a session count: the next one, and never one that has been there. */
import { proposerOf, type Stamp } from '../log/entry.js';
import type { NumbersSnapshot } from './snapshot.js';

/** The number of packs for which a session is remembered: far more than are ever on their way to a log at once. */
const MEMORY_PACKS = 10_000;
/** The most sessions that are remembered, whatever the number of packs. */
const MAX_SESSIONS = 20_000;

interface Last {
  readonly n: number;
  readonly seq: number;
}

/**
 * The last running number of each session that has no place in a state. The sessions that have been quiet for longest
 * are forgotten; their earlier entries count for nobody, since each records which packs its proposer had applied. An
 * entry that has not been overtaken by very many packs is never taken for one of those.
 */
export class RunningNumbers {
  /** In the order of their packs. */
  readonly #last = new Map<string, Last>();
  /** The greatest number of a pack that had an entry of a forgotten session. */
  #forgottenSeq = 0;

  /** Returns the number that the next entry of a session has to have. */
  next(session: string): number {
    return (this.#last.get(session)?.n ?? 0) + 1;
  }

  /** Takes an entry, if it is its proposer's next. @param seq - the number of its pack */
  take(stamp: Stamp, seq: number): boolean {
    const session = proposerOf(stamp);
    const { n, base } = stamp;
    const last = this.#last.get(session);
    const isNext = last === undefined ? this.#mayBeNext(n, base) : n === last.n + 1;
    if (isNext) this.keep(session, n, seq);
    return isNext;
  }

  /** Whether an entry of an unknown session counts: the session is new, or was forgotten, with any number. */
  #mayBeNext(n: number, base: number): boolean {
    return base >= this.#forgottenSeq && (n === 1 || this.#forgottenSeq > 0);
  }

  /** Begins after a pack whose sessions are all forgotten. Call it before the first entry. */
  beginAfter(seq: number): void {
    this.#forgottenSeq = seq;
  }

  /** Remembers the last number of a session that has given up its place. */
  keep(session: string, n: number, seq: number): void {
    // A key that is set again moves to the end of the map: the first session has been quiet for longest.
    this.#last.delete(session);
    this.#last.set(session, { n, seq });
    for (const [oldest, last] of this.#last) {
      if (last.seq > seq - MEMORY_PACKS && this.#last.size <= MAX_SESSIONS) return;
      this.#last.delete(oldest);
      this.#forgottenSeq = Math.max(this.#forgottenSeq, last.seq);
    }
  }

  /** Hands a session's number over to its new place. */
  hand(session: string): void {
    this.#last.delete(session);
  }

  /** Forgets sessions that are over: none of their entries counts, whatever its number. */
  drop(isOver: (session: string) => boolean): void {
    for (const session of this.#last.keys()) if (isOver(session)) this.#last.delete(session);
  }

  snapshot(): NumbersSnapshot {
    const last = [...this.#last].map(([session, { n, seq }]) => [session, n, seq] as const);
    return { last, forgottenSeq: this.#forgottenSeq };
  }

  restore({ last, forgottenSeq }: NumbersSnapshot): void {
    for (const [session, n, seq] of last) this.#last.set(session, { n, seq });
    this.#forgottenSeq = forgottenSeq;
  }

  /** The log has lost its end, and continues after `top`: a process that has applied that has applied everything. */
  regressed(top: number): void {
    this.#forgottenSeq = Math.min(this.#forgottenSeq, top);
    for (const [session, { n, seq }] of this.#last) if (seq > top) this.#last.set(session, { n, seq: top });
  }
}
