/** Names that look alike although their characters differ (Unicode TS #39), by the package `unhomoglyph`. */
import unhomoglyph from 'unhomoglyph';
import { foldPrecis } from './precis.js';

/** Returns what a name looks like: two names with the same result are easily taken for each other. */
export function likenessOf(name: string): string {
  const parts = foldPrecis(name).normalize('NFD').split('m');
  // By the table, m looks like rn. That would refuse too many names of ASCII, whose letters are told apart.
  return parts
    .map((part) => unhomoglyph(part))
    .join('m')
    .normalize('NFD');
}
