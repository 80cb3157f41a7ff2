import MiniSearch from 'minisearch';
import { expect, test } from 'vitest';
import { html } from '../../site/html.js';
import { SEARCH_OPTIONS, type Section } from '../../site/search-fields.js';
import { searchIndex } from '../../site/search-index.js';
import type { SitePage } from '../../site/site-page.js';

const page = (path: string, chapter: SitePage['chapter'], body: SitePage['body']): SitePage => ({
  ...{ path, chapter, body, source: null, title: 'Waiting', description: '' },
});

const index = MiniSearch.loadJSON<Section>(
  searchIndex([
    page(
      'guides/a.html',
      'guides',
      html`<h1 id="waiting">Waiting</h1>
        <p>for events</p>
        <h2 id="signals">Signals</h2>
        <p>EINTR ends it</p>
        <pre><code>secretWord()</code></pre>`,
    ),
    page(
      'api/b.html',
      'api',
      html`<h1 id="Epoll">Epoll</h1>
        <section class="member" id="waitsync">
          <h2>waitSync</h2>
          <p>blocks</p>
        </section>`,
    ),
    page('source/c.html', null, html`<h1 id="c">Signals</h1>`),
  ]),
  SEARCH_OPTIONS,
);
const places = (query: string): unknown[] => index.search(query).map((found): unknown => found['place']);

test('a section is found by its words, and leads to its place', () => {
  expect(places('eintr')).toEqual(['guides/a.html#signals']);
});

test('the first section of a page leads to the page', () => {
  expect(places('events')).toEqual(['guides/a.html']);
});

test('a name is found by its beginning, by a part and with a letter wrong', () => {
  for (const query of ['waits', 'sync', 'waitsinc']) expect(places(query)).toContain('api/b.html#waitsync');
});

test('code, and pages that show a bare file, are not found', () => {
  expect(places('secretword')).toEqual([]);
  expect(places('signals')).toEqual(['guides/a.html#signals']);
});
