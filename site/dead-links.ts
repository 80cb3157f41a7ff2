/** Links between pages of the site that lead to no page, or to no place on it. */
import { posix } from 'node:path';
import type { SitePage } from './site-page.js';

/**
 * @param files what lies in the site beside the pages
 * @returns a line for each link that leads nowhere: the page, and the link
 */
export function deadLinks(pages: readonly SitePage[], files: ReadonlySet<string>): string[] {
  const places = new Map(pages.map(({ path, body }) => [path, idsOf(body.toString())]));
  return pages.flatMap(({ path, body }) =>
    [...body.toString().matchAll(/ (?:href|src|srcset)="([^"]+)"/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:/.test(link)) return [];
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : posix.join(posix.dirname(path), file);
      const ids = places.get(target);
      const isThere =
        ids === undefined ? files.has(target) : anchor === undefined || ids.has(decodeURIComponent(anchor));
      return isThere ? [] : [`${path}: ${link}`];
    }),
  );
}

const idsOf = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/ (?:id|name)="([^"]+)"/g)].map(([, id = '']) => id));
