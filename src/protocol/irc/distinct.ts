/** Lists of names as clients send them: whoever is named twice is meant once. */
import type { Fold } from '../../chat/case-mapping.js';

/** The first of each name in a list, however the others are spelled; empty names are left out. */
export function distinct(names: Iterable<string>, fold: Fold): string[] {
  const first = new Map<string, string>();
  for (const name of names) {
    const key = fold(name);
    if (key !== '' && !first.has(key)) first.set(key, name);
  }
  return [...first.values()];
}
