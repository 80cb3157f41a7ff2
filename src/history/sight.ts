/** Decides whether the one who asks may see a line: every history applies this rule within its questions. */
import type { Sight } from './history.js';
import { isEvent, type Line } from './line.js';

export function isVisible({ kind, ranks, source, atMs }: Line, sight: Sight): boolean {
  return (
    (sight.hasEvents || !isEvent(kind)) &&
    atMs >= sight.sinceMs &&
    ((ranks & -ranks) <= sight.ranks || (source !== '' && source === sight.source))
  );
}
