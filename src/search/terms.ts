/** The rule of matching: every term of a query is somewhere in the text, regardless of its case and its width. */

/** Folds a text for comparison: compatible forms (NFKC) are equal, and so are capital and small letters. */
export function folded(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  // toLowerCase writes a sigma by its place in the word, so part of a word would differ from the word.
  return text.normalize('NFKC').toLowerCase().replaceAll('ς', 'σ').replaceAll('ß', 'ss');
}

/**
 * ASCII and Han alone: most texts have nothing else, and NFKC leaves them as they are, but takes a while to find out.
 */
const PLAIN = /^[\0-\x7f\u3001\u3002\u4e00-\u9fff]*$/;

/** Returns the terms of a query, folded: the texts between white space. */
export function termsOf(query: string): string[] {
  return [
    ...new Set(
      folded(query)
        .split(/\s+/u)
        .filter((term) => term !== ''),
    ),
  ];
}

/** Whether a text holds every term. @param terms - folded */
export function matches(text: string, terms: readonly string[]): boolean {
  const all = folded(text);
  return terms.every((term) => all.includes(term));
}

/** Part of a text, in UTF-16 code units. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A character with its marks: no smaller part of a text folds by itself. */
const CHARACTER = /\P{M}\p{M}*|\p{M}+/gsu;

/**
 * Returns the ranges of the terms in a text, in order, so that they can be highlighted. Ranges that meet are one.
 *
 * @param terms - folded
 */
export function rangesOf(text: string, terms: readonly string[]): Range[] {
  let all = '';
  // For each code unit of the folded text: the character that it belongs to.
  const places: Range[] = [];
  for (const { 0: character, index } of text.matchAll(CHARACTER)) {
    const part = folded(character);
    all += part;
    const place = { start: index, end: index + character.length };
    places.push(...Array.from({ length: part.length }, () => place));
  }
  const found = terms.flatMap((term) => occurrences(all, term));
  found.sort((one, other) => one.start - other.start);
  const ranges: Range[] = [];
  for (const { start: first, end } of found) {
    const start = places[first]?.start ?? 0;
    const stop = places[end - 1]?.end ?? text.length;
    const last = ranges.at(-1);
    if (last === undefined || start > last.end) ranges.push({ start, end: stop });
    else ranges[ranges.length - 1] = { start: last.start, end: Math.max(last.end, stop) };
  }
  return ranges;
}

function occurrences(text: string, term: string): Range[] {
  const found: Range[] = [];
  if (term === '') return found;
  for (let start = text.indexOf(term); start >= 0; start = text.indexOf(term, start + 1)) {
    found.push({ start, end: start + term.length });
  }
  return found;
}
