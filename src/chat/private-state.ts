/** What is said to one person, as the log of an account or of a node has it. */
import type { EntryOf, PrivateDeeds } from '../log/entry.js';
import type { Said } from './event.js';
import type { Fold } from './fold.js';
import type { MemberState } from './member-state.js';
import { Positions } from './positions.js';
import { NOT_TAKEN, type NotTaken, refuse, type Refused } from './refusal.js';
import { RunningNumbers } from './running-numbers.js';

/** How entries of each kind end. */
export interface PrivateOutcomes {
  tell: Said | Refused<'no-such-member'>;
  withdrawn: null;
  gone: null;
}

/** The log keeps no state but who has said how much: what is said is told, and that is all. */
export class PrivateState implements Fold<PrivateDeeds, PrivateOutcomes> {
  readonly #numbers = new RunningNumbers();
  readonly #positions: Positions;
  readonly #memberBy: (session: string) => MemberState | undefined;
  #atMs = 0;

  /**
   * @param id - names the log in the ids of its messages
   * @param memberBy - returns the member that a session is
   */
  constructor(id: string, memberBy: (session: string) => MemberState | undefined) {
    this.#positions = new Positions(id);
    this.#memberBy = memberBy;
  }

  nextNumber(session: string): number {
    return this.#numbers.next(session);
  }

  apply<K extends keyof PrivateDeeds>(seq: number, entry: EntryOf<PrivateDeeds, K>): PrivateOutcomes[K] | NotTaken {
    this.#positions.enter(seq);
    if (entry.kind !== 'gone' && !this.#numbers.take(entry, seq)) return NOT_TAKEN;
    this.#atMs = Math.max(this.#atMs, entry.atMs);
    const deed = this.#deeds[entry.kind];
    return deed(entry);
  }

  regressed(top: number): void {
    this.#numbers.regressed(top);
    this.#positions.restart();
  }

  readonly #deeds: { readonly [K in keyof PrivateDeeds]: (entry: EntryOf<PrivateDeeds, K>) => PrivateOutcomes[K] } = {
    tell: ({ session, target, type, text, tags, isDivisible }) => {
      const by = this.#memberBy(session);
      const to = this.#memberBy(target);
      if (by === undefined || to === undefined) return refuse('no-such-member');
      by.lastSpokeMs = this.#atMs;
      const id = this.#positions.id();
      return { kind: 'said', atMs: this.#atMs, by, room: null, to, ranks: 0, type, text, id, tags, isDivisible };
    },
    withdrawn: () => null,
    gone: () => null,
  };
}
