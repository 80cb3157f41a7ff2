import type { Html } from './html.js';

/** The parts of the site, in the order of the menu. */
export const CHAPTERS = ['learn', 'guides', 'recipes', 'api', 'benchmarks', 'project'] as const;
export type Chapter = (typeof CHAPTERS)[number];

/** A page of the site, without the frame that all pages have. */
export interface SitePage {
  /** Where it lies in the site: `guides/net.html`. */
  readonly path: string;
  /** The file of the repository that it shows, if it is one: `docs/net.md`. */
  readonly source: string | null;
  /** The chapter whose menu shows it; null for pages that are reached by links alone. */
  readonly chapter: Chapter | null;
  readonly title: string;
  /** One or two sentences, for search engines and lists. */
  readonly description: string;
  readonly body: Html;
  /** Whether it has no menu, because it shows all chapters itself. */
  readonly isLanding?: boolean;
}

/** The way from one page of the site to another, or to a place on it. */
export function relativeUrl(from: string, to: string): string {
  const [path = '', anchor] = to.split('#');
  const here = from.split('/').slice(0, -1);
  const there = path.split('/');
  while (here.length > 0 && there.length > 1 && here[0] === there[0]) {
    here.shift();
    there.shift();
  }
  const way = [...here.map(() => '..'), ...there].join('/');
  return anchor === undefined ? way : `${way}#${anchor}`;
}
