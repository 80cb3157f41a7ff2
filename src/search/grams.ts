/**
 * The pieces by which an index finds texts. A *run* is a sequence of characters of one sort, without white space:
 * characters of Latin and other alphabets with digits and signs, or Chinese, Japanese and Korean ones with emoji. A
 * *gram* begins at each character: three characters of the first sort, two of the second, fewer at the end of a run. A
 * character of the second sort is also a gram by itself, since many are words. If two runs meet, there is one more,
 * with one character of each. So each part of a text is found, word or not.
 *
 * The sort of a character does not depend on its neighbours. So a part of a text has the same runs as the text has
 * there, except that the first and the last one may be shorter.
 */

const RUN = /[\x21-\x7e\x80-\u2e7f]+|[\u2e80-\u{10ffff}]+/gu;
/** The first code point of the second sort: the radicals of CJK. */
const WIDE_FROM = 0x2e80;

/** The characters of a run. A text without surrogates already is a list of them. */
type Characters = readonly string[] | string;

interface Run {
  readonly characters: Characters;
  /** The number of characters of a gram. */
  readonly size: 2 | 3;
  /** Whether the run follows the one before without a gap. */
  readonly isJoined: boolean;
}

const SURROGATE = /[\ud800-\udfff]/;

function runsOf(text: string): Run[] {
  let end = -1;
  return Array.from(text.matchAll(RUN), ({ 0: run, index }) => {
    const isJoined = index === end;
    end = index + run.length;
    const size = (run.codePointAt(0) ?? 0) < WIDE_FROM ? 3 : 2;
    return { characters: SURROGATE.test(run) ? Array.from(run) : run, size, isJoined };
  });
}

const part = (characters: Characters, start: number, end?: number): string =>
  typeof characters === 'string' ? characters.slice(start, end) : characters.slice(start, end).join('');

const joint = (before: Run, after: Run): string => part(before.characters, -1) + part(after.characters, 0, 1);

/** Returns all grams of a folded text, each followed by a blank. */
export function gramsOf(text: string): string {
  let grams = '';
  let before: Run | null = null;
  for (const run of runsOf(text)) {
    const { characters, size, isJoined } = run;
    if (before !== null && isJoined) grams += `${joint(before, run)} `;
    const last = characters.length - 1;
    for (let at = 0; at <= last; at += 1) {
      grams += `${part(characters, at, at + size)} `;
      if (size === 2 && at < last) grams += `${part(characters, at, at + 1)} `;
    }
    before = run;
  }
  return grams;
}

/** The grams that every text with certain terms has. */
export interface Needs {
  /** Whole grams. */
  readonly grams: readonly string[];
  /** Beginnings of grams, for terms that have no whole one. */
  readonly beginnings: readonly string[];
}

/** Returns the grams that every text with all of these folded terms has. */
export function needsOf(terms: readonly string[]): Needs {
  const grams = new Set<string>();
  const beginnings = new Set<string>();
  for (const term of terms) {
    let before: Run | null = null;
    for (const run of runsOf(term)) {
      const { characters, size, isJoined } = run;
      if (before !== null && isJoined) grams.add(joint(before, run));
      for (let at = 0; at + size <= characters.length; at += 1) grams.add(part(characters, at, at + size));
      before = run;
    }
    const [only, ...others] = runsOf(term);
    if (only === undefined || others.length > 0 || only.characters.length >= only.size) continue;
    (only.size === 2 ? grams : beginnings).add(part(only.characters, 0));
  }
  return { grams: [...grams], beginnings: [...beginnings] };
}
