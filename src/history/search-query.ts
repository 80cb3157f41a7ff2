/** A search among lines, as plain data, and the rule that says which lines it finds. */
import { folded } from '../search/terms.js';
import type { Anchor, Sight } from './history.js';
import type { Line, Shelf } from './line.js';
import { isVisible } from './sight.js';

/** Where somebody may search: on a shelf, or in one conversation on it. */
export interface SearchPlace {
  readonly shelf: Shelf;
  /** The folded nick of the other one in the conversation; null for the whole shelf. */
  readonly peer: string | null;
  readonly sight: Sight;
}

/** Which lines are wanted. */
export interface SearchQuery {
  readonly places: readonly SearchPlace[];
  /** Folded (see `termsOf`); none for any text. */
  readonly terms: readonly string[];
  /** The folded nick of the one who has said it; null for anybody. */
  readonly from: string | null;
  /** Both exclusive; null for no bound. The id of a message that is not kept counts as older than everything. */
  readonly after: Anchor | null;
  readonly before: Anchor | null;
  /** Which are taken if there are more than `limit`. */
  readonly end: 'oldest' | 'newest';
  /** At least 1. */
  readonly limit: number;
}

/** A line that was found. */
export interface Hit {
  readonly shelf: Shelf;
  readonly line: Line;
}

/** What a search has found, the oldest first. */
export type Found =
  | {
      readonly kind: 'found';
      readonly hits: readonly Hit[];
      /** False if there may be more hits that it did not reach: it has looked at as many lines as it may. */
      readonly isComplete: boolean;
    }
  /** The asker has another search under way, or too many others wait for theirs. */
  | { readonly kind: 'busy'; readonly who: 'asker' | 'all' }
  | { readonly kind: 'unavailable' };

/** Returns the folded nick of a source. */
export function speakerOf(source: string): string {
  const end = source.indexOf('!');
  return folded(end < 0 ? source : source.slice(0, end));
}

/** Whether a line is between the times of a search. */
export function isInTime({ atMs }: Pick<Line, 'atMs'>, { after, before }: SearchQuery): boolean {
  return (after?.kind !== 'time' || atMs > after.atMs) && (before?.kind !== 'time' || atMs < before.atMs);
}

/** Whether a line at one of the places is wanted, apart from its text and its time. */
export function isWanted(line: Line, { peer, sight }: SearchPlace, { from }: SearchQuery): boolean {
  return (
    (line.kind === 'message' || line.kind === 'notice') &&
    (peer === null || line.peer === peer) &&
    isVisible(line, sight) &&
    (from === null || speakerOf(line.source) === from)
  );
}
