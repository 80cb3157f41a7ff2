/** Where a link between files of the repository leads on the site. */
import { posix } from 'node:path';
import type { Checkout } from './checkout.js';
import { relativeUrl } from './site-page.js';

const PICTURE_OR_DATA = /\.(?:png|svg|json)$/;

/** Knows the page of each file. A file that pages link to and that has none becomes one, or is copied. */
export class Links {
  /** What leads nowhere: `docs/net.md: nothing.md`. */
  readonly problems: string[] = [];
  readonly #checkout: Checkout;
  readonly #pages: ReadonlyMap<string, string>;
  readonly #shown = new Set<string>();
  readonly #copied = new Set<string>();

  /** @param pages the path on the site of each file that is a page: `docs/net.md` to `guides/net.html` */
  constructor(checkout: Checkout, pages: ReadonlyMap<string, string>) {
    this.#checkout = checkout;
    this.#pages = pages;
  }

  /** Files that are to be shown as they are, since a page links to them. */
  get shown(): readonly string[] {
    return [...this.#shown].sort();
  }

  /** Files that are to be copied, since a page shows them. */
  get copied(): readonly string[] {
    return [...this.#copied].sort();
  }

  /** The path on the site of a file that is a page or becomes one. */
  pageOf(file: string): string {
    const page = this.#pages.get(file);
    if (page !== undefined) return page;
    this.#shown.add(file);
    return shownAt(file);
  }

  /**
   * @param file the file in which the link stands
   * @param page its path on the site
   * @param target as it is written there
   */
  resolve(file: string, page: string, target: string): string {
    if (/^[a-z][a-z0-9+.-]*:/.test(target) || target.startsWith('#')) return target;
    const [path = '', anchor] = target.split('#');
    // Beside the files of a repository, its host has pages of its own: the runs of the workflows.
    if (posix.join(posix.dirname(file), path).startsWith('../')) return target;
    const found = this.#find(posix.join(posix.dirname(file), path));
    if (found === null) {
      this.problems.push(`${file}: ${target}`);
      return target;
    }
    const place = PICTURE_OR_DATA.test(found) ? this.copy(found) : this.pageOf(found);
    return relativeUrl(page, anchor === undefined ? place : `${place}#${anchor}`);
  }

  /** The path on the site of a file that is copied. */
  copy(file: string): string {
    this.#copied.add(file);
    return `files/${file}`;
  }

  #find(path: string): string | null {
    const file = path.replace(/\/$/, '');
    if (this.#checkout.isFile(file)) return file;
    if (!this.#checkout.isFolder(file)) return null;
    const readme = `${file}/README.md`;
    return this.#checkout.isFile(readme) ? readme : file;
  }
}

/** Where a file is shown that has no page of its own. */
export const shownAt = (file: string): string => `source/${file}.html`;
