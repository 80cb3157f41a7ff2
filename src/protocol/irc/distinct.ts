/** Lists of names as clients send them, without repetitions. */
import type { Fold } from '../../chat/case-mapping.js';

/** Returns each name once, in its first spelling; empty names are left out. */
export function distinct(names: Iterable<string>, fold: Fold): string[] {
  const first = new Map<string, string>();
  for (const name of names) {
    const key = fold(name);
    if (key !== '' && !first.has(key)) first.set(key, name);
  }
  return [...first.values()];
}
