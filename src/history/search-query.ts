/** A search among lines, as plain data, and the rule that decides which lines it finds. */
import { folded } from '../search/terms.js';
import type { Anchor, Sight } from './history.js';
import type { Line, Shelf } from './line.js';
import { isVisible } from './sight.js';

/** A place to search: a shelf, or one conversation on it. */
export interface SearchPlace {
  readonly shelf: Shelf;
  /** The folded nick of the other person in the conversation; null for the whole shelf. */
  readonly peer: string | null;
  readonly sight: Sight;
}

/** The lines that a search looks for. */
export interface SearchQuery {
  readonly places: readonly SearchPlace[];
  /** Folded (see `termsOf`); empty for any text. */
  readonly terms: readonly string[];
  /** The folded nick of the speaker; null for anybody. */
  readonly from: string | null;
  /** Both exclusive; null for no bound. The id of a message that is not kept counts as older than everything. */
  readonly after: Anchor | null;
  readonly before: Anchor | null;
  /** The lines that are taken if there are more than `limit`. */
  readonly end: 'oldest' | 'newest';
  /** At least 1. */
  readonly limit: number;
}

/** A line that was found. */
export interface Hit {
  readonly shelf: Shelf;
  readonly line: Line;
}

/** The result of a search, the oldest first. */
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

/** Whether a line is wanted at one of the places, apart from its text and its time. */
export function isWanted(line: Line, { peer, sight }: SearchPlace, { from }: SearchQuery): boolean {
  return (
    (line.kind === 'message' || line.kind === 'notice') &&
    (peer === null || line.peer === peer) &&
    isVisible(line, sight) &&
    (from === null || speakerOf(line.source) === from)
  );
}
