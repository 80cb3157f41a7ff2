/** A Markdown file of the repository as a page. */
import type { ChapterFile } from './chapters.js';
import type { Checkout } from './checkout.js';
import { Html, html } from './html.js';
import type { Links } from './links.js';
import { codeBlock, renderMarkdown } from './markdown.js';
import type { Chapter, SitePage } from './site-page.js';
import { truthTable } from './truth-table.js';

const TRUTH_TABLE_PAGE = 'docs/truth-table.md';
/** Where the page has the table; GitHub's readers see a link to the data instead. */
const TABLE_PLACE = '<!-- the table -->';

export function documentPage(checkout: Checkout, links: Links, { file, path, chapter }: ChapterFile): SitePage {
  return markdownPage(checkout, links, file, path, chapter);
}

/** A file or folder that has no page of its own, but that a page links to. */
export function shownPage(checkout: Checkout, links: Links, file: string): SitePage {
  const path = links.pageOf(file);
  if (checkout.isFolder(file)) return folderPage(checkout, links, file, path);
  if (file.endsWith('.md')) return markdownPage(checkout, links, file, path, null);
  return {
    ...{ path, source: file, chapter: null, title: file, description: `The file ${file} of the repository.` },
    body: html`<h1 id="file"><code>${file}</code></h1>
      ${codeBlock(checkout.read(file), file.slice(file.lastIndexOf('.') + 1))}`,
  };
}

function folderPage(checkout: Checkout, links: Links, folder: string, path: string): SitePage {
  const items = checkout.names(folder, '').map((name) => {
    const url = links.resolve(`${folder}/${name}`, path, name);
    return html`<li>
      <a href="${url}"><code>${name}</code></a>
    </li>`;
  });
  return {
    ...{ path, source: folder, chapter: null, title: folder, description: `The folder ${folder} of the repository.` },
    body: html`<h1 id="folder"><code>${folder}</code></h1>
      <ul>
        ${items}
      </ul>`,
  };
}

function markdownPage(checkout: Checkout, links: Links, file: string, path: string, chapter: Chapter | null): SitePage {
  const resolve = (target: string): string => links.resolve(file, path, target);
  const { body, title, description } = renderMarkdown(checkout.read(file), resolve);
  const page = { path, source: file, chapter, title: title ?? file, description };
  return {
    ...page,
    body:
      file === TRUTH_TABLE_PAGE
        ? new Html(body.toString().replace(TABLE_PLACE, () => truthTable(checkout).toString()))
        : body,
  };
}
