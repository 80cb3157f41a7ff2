/** All pages that are files of the repository. */
import { posix } from 'node:path';
import { type ChapterFile, chapterFiles } from './chapters.js';
import type { Checkout } from './checkout.js';
import { documentPage, shownPage } from './document-page.js';
import { landingPage } from './landing.js';
import { Links } from './links.js';
import { recipePage } from './recipe-page.js';
import type { SitePage } from './site-page.js';

/** Renders them. Those that only links lead to are found by rendering the others. */
export function documentPages(checkout: Checkout): { readonly pages: SitePage[]; readonly links: Links } {
  const files = chapterFiles(checkout);
  const paths = new Map(files.map(({ file, path }) => [file, path]));
  paths.set('README.md', 'index.html');
  const links = new Links(checkout, paths);
  const pageOf = (file: ChapterFile): SitePage =>
    posix.extname(file.file) === '.ts' ? recipePage(checkout, links, file) : documentPage(checkout, links, file);
  const pages = [landingPage(checkout, links), ...files.map(pageOf)];
  const done = new Set<string>();
  for (let next = links.shown; next.some((file) => !done.has(file)); next = links.shown) {
    for (const file of next.filter((each) => !done.has(each))) {
      done.add(file);
      pages.push(shownPage(checkout, links, file));
    }
  }
  return { pages, links };
}
