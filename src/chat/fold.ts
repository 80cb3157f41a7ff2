/** A state that depends on the entries of a log alone. */
import type { EntryOf } from '../log/entry.js';
import type { Outcome } from './outcome.js';
import type { NotTaken } from './refusal.js';

/** The outcomes of the entries of each kind. */
export type OutcomesOf<Deeds> = { readonly [K in keyof Deeds]: Outcome };

/**
 * A state machine. It has no clock, no randomness and no I/O, so that all who apply the same log have the same state
 * after every entry.
 */
export interface Fold<Deeds, Outcomes extends OutcomesOf<Deeds>> {
  /** Returns the number that the next entry of a session must have. */
  nextNumber(session: string): number;
  /**
   * Applies one entry: the rules are checked now, in the order of the log, by the state of the log so far.
   *
   * @param seq - the number of the entry's pack
   * @returns what has happened, or why it has not
   */
  apply<K extends keyof Deeds>(seq: number, entry: EntryOf<Deeds, K>): Outcomes[K] | NotTaken;
  /** Returns what an entry has done that is in a state which has arrived as a whole; null if that does not show it. */
  recall?<K extends keyof Deeds>(entry: EntryOf<Deeds, K>): Outcomes[K] | null;
  /** The log has lost its end. The lost entries have happened; other packs will have the numbers after `top`. */
  regressed(top: number): void;
}
