/** Builds answers from the lines that were found. */
import type { Latest, LatestQuery } from './history.js';

/**
 * Returns lines around a place: half of them from before it, unless there are too few on the other side.
 *
 * @param older - the lines before the place, the oldest first, as many as there are up to `limit`
 * @param newer - the line at the place and those after it, likewise
 */
export function centred<T>(older: readonly T[], newer: readonly T[], limit: number): T[] {
  const wanted = Math.max(Math.floor(limit / 2), limit - newer.length);
  const taken = older.slice(Math.max(0, older.length - wanted));
  return [...taken, ...newer.slice(0, limit - taken.length)];
}

/** Orders conversations by their last lines, and returns the requested number from one end. */
export function latestOf(found: readonly Latest[], { end, limit }: Pick<LatestQuery, 'end' | 'limit'>): Latest[] {
  const ordered = [...found].sort(
    (one, other) => one.line.atMs - other.line.atMs || compare(nameOf(one), nameOf(other)),
  );
  return end === 'oldest' ? ordered.slice(0, limit) : ordered.slice(-limit);
}

/** Lines with equal times also have an order: the same one for every question. */
function nameOf({ shelf, line }: Latest): string {
  return `${shelf} ${line.peer ?? ''}`;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
