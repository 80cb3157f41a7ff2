/** The whole site, from the checkout into a folder. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { apiIndexPage, categoryPage } from './api/category-page.js';
import { convert } from './api/convert.js';
import { symbolPage } from './api/symbol-page.js';
import { readApi } from './api/symbols.js';
import { bundleAssets } from './assets.js';
import { Checkout } from './checkout.js';
import { deadLinks } from './dead-links.js';
import { documentPages } from './document-pages.js';
import { type Frame, layout, type MenuEntry } from './layout.js';
import { searchIndex } from './search-index.js';
import { type Chapter, CHAPTERS, type SitePage } from './site-page.js';

export interface SiteOptions {
  /** The checkout's folder. */
  readonly root: string;
  /** The folder that the site is written into; emptied first. */
  readonly out: string;
  /** The repository's address, for links to it; null if it is not known. */
  readonly repository: string | null;
}

/** Builds the site, and returns its number of pages. Links that lead nowhere are an error. */
export async function buildSite({ root, out, repository }: SiteOptions): Promise<number> {
  const checkout = new Checkout(root);
  const { pages, links } = documentPages(checkout);
  const api = readApi(checkout, await convert(root));
  const all = [
    ...pages,
    apiIndexPage(api),
    ...api.categories.map((category) => categoryPage(api, category)),
    ...api.symbols.filter(({ kind }) => kind !== 'constant').map((symbol) => symbolPage(api, symbol)),
  ];
  const problems = [...links.problems, ...deadLinks(all, new Set(links.copied.map((file) => links.copy(file))))];
  if (problems.length > 0) throw new Error(`links that lead nowhere:\n${problems.join('\n')}`);

  rmSync(out, { recursive: true, force: true });
  const apiMenu = [
    { title: 'All names', path: 'api/index.html' },
    ...api.categories.map(({ module, title, path }) => ({ title: `${module}: ${title}`, path })),
  ];
  const frame: Frame = { version: versionOf(checkout), repository, menu: menuOf(pages, apiMenu) };
  for (const page of all) write(join(out, page.path), layout(frame, page).toString());
  for (const file of links.copied) copy(join(root, file), join(out, links.copy(file)));
  await bundleAssets(root, join(out, 'assets'));
  // Last, since its time says that the site is whole.
  write(join(out, 'assets/search.json'), searchIndex(all));
  return all.length;
}

function menuOf(pages: readonly SitePage[], api: readonly MenuEntry[]): Record<Chapter, readonly MenuEntry[]> {
  const menu: Record<Chapter, readonly MenuEntry[]> = {
    ...{ learn: [], guides: [], recipes: [], api, benchmarks: [], project: [] },
  };
  for (const chapter of CHAPTERS) {
    if (chapter !== 'api') menu[chapter] = pages.filter((page) => page.chapter === chapter);
  }
  return menu;
}

function versionOf(checkout: Checkout): string {
  return /"version": "([^"]+)"/.exec(checkout.read('package.json'))?.[1] ?? '';
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}
