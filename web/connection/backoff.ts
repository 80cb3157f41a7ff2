/** How long the page waits before it connects again. */

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/**
 * Returns the wait: twice as long after each attempt, and never the same for all pages, which would otherwise return
 * together to a server that has just started.
 *
 * @param attempt - 0 for the first
 * @param random - at least 0 and below 1
 */
export function retryDelayMs(attempt: number, random: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(longest * (0.5 + random / 2));
}
