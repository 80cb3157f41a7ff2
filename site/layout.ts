/** The frame that all pages share. */
import { type Content, Html, html, plainText } from './html.js';
import { type Chapter, CHAPTERS, relativeUrl, type SitePage } from './site-page.js';

/** The heading of each chapter in the menu. */
const CHAPTER_TITLES: Readonly<Record<Chapter, string>> = {
  learn: 'Learn',
  guides: 'Guides',
  recipes: 'Recipes',
  api: 'API',
  benchmarks: 'Benchmarks',
  project: 'Project',
};

export interface MenuEntry {
  readonly title: string;
  readonly path: string;
}

export interface Frame {
  readonly version: string;
  /** The entries of each chapter; the first is where the chapter starts. */
  readonly menu: Readonly<Record<Chapter, readonly MenuEntry[]>>;
  /** The repository's address, if it is known. */
  readonly repository: string | null;
}

/** A whole page. */
export function layout(frame: Frame, page: SitePage): Html {
  const to = (path: string): string => relativeUrl(page.path, path);
  const hasTimeline = page.body.toString().includes('<fdmux-timeline');
  const hasTable = page.body.toString().includes('data-truth-table');
  const title = page.isLanding === true ? page.title : `${page.title} - fdmux`;
  const script = (name: string): Html => html`<script type="module" src="${to(`assets/${name}.js`)}"></script>`;
  const main = html`<main id="content" tabindex="-1"><article>${page.body}</article></main>`;
  const beside = contents(page);
  const columns = html`<div class="${beside === null ? 'columns wide' : 'columns'}">
    ${sideMenu(frame, page, to)}${main}${beside}
  </div>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <meta name="description" content="${page.description}" />
        <link rel="icon" href="${to('assets/icon.svg')}" type="image/svg+xml" />
        <link rel="stylesheet" href="${to('assets/site.css')}" />
        ${hasTimeline ? html`<link rel="stylesheet" href="${to('assets/timeline.css')}" />` : null}
        <script src="${to('assets/theme.js')}"></script>
        ${script('site')}${hasTimeline ? script('timeline') : null}${hasTable ? script('truth-table') : null}
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        ${header(frame, page, to)} ${page.isLanding === true ? html`<div class="landing">${main}</div>` : columns}
        <footer>fdmux ${frame.version}, MIT licence.${footerLinks(frame, page)}</footer>
      </body>
    </html> `;
}

function header({ menu }: Frame, page: SitePage, to: (path: string) => string): Html {
  const chapters = CHAPTERS.flatMap((chapter) => {
    const [first] = menu[chapter];
    if (first === undefined) return [];
    const current: Content = chapter === page.chapter ? html` aria-current="true"` : null;
    return [html`<li><a href="${to(first.path)}" ${current}>${CHAPTER_TITLES[chapter]}</a></li>`];
  });
  return html`<header class="top">
    <a class="brand" href="${to('index.html')}">fdmux</a>
    <nav aria-label="Chapters">
      <ul>
        ${chapters}
      </ul>
    </nav>
    <div
      class="search"
      role="search"
      data-index="${to('assets/search.json')}"
      data-root="${to('index.html').replace(/index\.html$/, '')}"
    >
      <input
        type="search"
        id="search"
        role="combobox"
        aria-label="Search"
        aria-expanded="false"
        aria-controls="results"
        aria-autocomplete="list"
        autocomplete="off"
        placeholder="Search"
      />
      <div id="results" role="listbox" aria-label="Results" hidden></div>
    </div>
    <button type="button" id="theme" aria-label="Light or dark">&#9681;</button>
  </header>`;
}

function sideMenu({ menu }: Frame, page: SitePage, to: (path: string) => string): Html | null {
  if (page.chapter === null) return null;
  const items = menu[page.chapter].map(({ title, path }) => {
    const current: Content = path === page.path ? html` aria-current="page"` : null;
    return html`<li><a href="${to(path)}" ${current}>${title}</a></li>`;
  });
  return html`<nav class="side" aria-label="${CHAPTER_TITLES[page.chapter]}">
    <button type="button" aria-expanded="false" aria-controls="side-list">
      ${CHAPTER_TITLES[page.chapter]}: all pages
    </button>
    <ul id="side-list">
      ${items}
    </ul>
  </nav>`;
}

/** The headings of the page, beside it. */
function contents({ body }: SitePage): Html | null {
  const found = [
    ...body
      .toString()
      .matchAll(/<h2 id="([^"]+)"[^>]*>([\s\S]*?)<\/h2>|<section class="member" id="([^"]+)">\s*<h2>([\s\S]*?)<\/h2>/g),
  ];
  if (found.length < 2) return null;
  const items = found.map(([, id, heading, memberId, member]) => {
    return html`<li><a href="#${id ?? memberId}">${plainText(new Html(heading ?? member ?? ''))}</a></li>`;
  });
  return html`<nav class="contents" aria-label="On this page">
    <p>On this page</p>
    <ul>
      ${items}
    </ul>
  </nav>`;
}

function footerLinks({ repository }: Frame, { source }: SitePage): Html | null {
  if (repository === null) return null;
  const file = source === null ? null : html` <a href="${repository}/blob/main/${source}">This page's source</a>`;
  return html` <a href="${repository}">Repository</a>${file}`;
}
