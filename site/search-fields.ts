/** What the search knows of each section of the site: the builder and the page agree on it. */
import type { Options } from 'minisearch';

export interface Section {
  /** Its number in the index. */
  readonly id: number;
  /** The title of the page. */
  readonly title: string;
  /** The heading of the section; that of the first one is the page's title. */
  readonly heading: string;
  readonly text: string;
  /** Path and anchor, from the root of the site. */
  readonly place: string;
  readonly chapter: string;
  /** How its text begins. */
  readonly excerpt: string;
}

export const SEARCH_OPTIONS: Options<Section> = {
  fields: ['heading', 'title', 'text'],
  storeFields: ['title', 'heading', 'place', 'chapter', 'excerpt'],
  // A name is found by its parts, too: `epoll_ctl(2)`, `ERR_CLOSED`, `waitSync`.
  tokenize: (text) => text.split(/[^\p{L}\p{N}]+/u).flatMap((word) => [word, ...camelParts(word)]),
  searchOptions: { prefix: true, fuzzy: 0.15, combineWith: 'AND', boost: { heading: 4, title: 2 } },
};

/** `waitSync` is also found as `sync`. */
function camelParts(word: string): string[] {
  const parts = word.match(/\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{N}+/gu) ?? [];
  return parts.length > 1 ? parts : [];
}
