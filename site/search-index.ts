/** The index that the search on the page loads when it is first used. */
import MiniSearch from 'minisearch';
import { Html, plainText } from './html.js';
import { SEARCH_OPTIONS, type Section } from './search-fields.js';
import type { SitePage } from './site-page.js';

const EXCERPT_LENGTH = 160;

/** The index of all pages but those that show a bare file, as JSON. */
export function searchIndex(pages: readonly SitePage[]): string {
  const index = new MiniSearch<Section>(SEARCH_OPTIONS);
  const sections = pages
    .filter(({ chapter, isLanding }) => chapter !== null && isLanding !== true)
    .flatMap((page) => sectionsOf(page));
  index.addAll(sections.map((section, id) => ({ ...section, id })));
  return JSON.stringify(index);
}

/** A page, cut at its headings. Code is left out: it has few words that people look for, and many others. */
function sectionsOf({ path, title, chapter, body }: SitePage): Omit<Section, 'id'>[] {
  const text = body.toString().replace(/<pre[\s\S]*?<\/pre>/g, ' ');
  const starts = [...text.matchAll(/<(?:h[1-4]|section class="member"|tr) id="([^"]+)"[^>]*>/g)];
  return starts.flatMap((start, index) => {
    const part = text.slice(start.index, starts[index + 1]?.index);
    const [, heading = ''] = /<h[1-4][^>]*>([\s\S]*?)<\/h[1-4]>/.exec(part) ?? /<td>([\s\S]*?)<\/td>/.exec(part) ?? [];
    const words = plainText(new Html(part.replace(heading, '').replaceAll('<', ' <')));
    const place = index === 0 ? path : `${path}#${start[1] ?? ''}`;
    return {
      ...{ title, place, text: words, chapter: chapter ?? '' },
      heading: index === 0 ? title : plainText(new Html(heading)),
      excerpt: words.length > EXCERPT_LENGTH ? `${words.slice(0, EXCERPT_LENGTH)}...` : words,
    };
  });
}
