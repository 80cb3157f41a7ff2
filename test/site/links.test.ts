/** The links between README, docs, examples and the site. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chapterFiles } from '../../site/chapters.js';
import { Checkout } from '../../site/checkout.js';
import { deadLinks } from '../../site/dead-links.js';
import { documentPages } from '../../site/document-pages.js';
import { html } from '../../site/html.js';
import { projectPath } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

const checkout = new Checkout(projectPath('.'));

/** A checkout of a few files. */
function checkoutOf(files: Readonly<Record<string, string>>): Checkout {
  const root = temporaryFolder();
  for (const [path, text] of Object.entries({ 'README.md': '# x\n', 'docs/chat.md': '# chat\n', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return new Checkout(root);
}

describe('the links of this repository', () => {
  const { pages, links } = documentPages(checkout);

  test('all lead to a file', () => {
    expect(links.problems).toEqual([]);
  });

  test('all lead to a place that is there, once they are links of the site', () => {
    const copied = new Set(links.copied.map((file) => links.copy(file)));
    // The reference is made of the sources, which takes longer.
    const dead = deadLinks(pages, copied).filter((line) => !line.includes(': api/') && !line.includes('/api/'));
    expect(dead).toEqual([]);
  });

  test('of docs/README.md lead to every guide', () => {
    const start = checkout.read('docs/README.md');
    for (const { file, chapter } of chapterFiles(checkout)) {
      if (chapter === 'guides' && file !== 'docs/README.md') expect(start).toContain(`](${file.replace('docs/', '')})`);
    }
  });
});

describe('a link of a page', () => {
  test('that leads to no file, or to no place, is found', () => {
    const broken = checkoutOf({
      'docs/README.md': '# a\n\n[1](gone.md) [2](b.md#nowhere) [3](b.md#here)\n',
      'docs/b.md': '# here\n',
    });
    const { pages, links } = documentPages(broken);
    expect(links.problems).toContain('docs/README.md: gone.md');
    expect(deadLinks(pages, new Set())).toContain('guides/index.html: b.html#nowhere');
    expect(deadLinks(pages, new Set()).join()).not.toContain('b.html#here');
  });

  test('to a file without a page makes it one; a folder is its README or a list; a picture or a recording is copied', () => {
    const { pages, links } = documentPages(
      checkoutOf({
        'docs/README.md':
          '# a\n\n[1](../src/x.ts) [2](../bench/) ![3](p.png) [4](https://example.org/#x) [5](#a) [7](../src)\n\n' +
          '<fdmux-timeline src="t.json">\n\ntext\n\n</fdmux-timeline>\n',
        'src/x.ts': 'x < 1;\n',
        'bench/README.md': '# bench\n\n[6](../src/y.c)\n',
        'src/y.c': '',
        'docs/p.png': '',
        'docs/t.json': '{}',
      }),
    );
    const start = pages.find(({ path }) => path === 'guides/index.html')?.body.toString() ?? '';
    expect([...start.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link]) => link)).toEqual([
      '../source/src/x.ts.html',
      '../benchmarks/method.html',
      '../files/docs/p.png',
      'https://example.org/#x',
      '#a',
      '../source/src.html',
      '../files/docs/t.json',
    ]);
    expect(pages.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['source/src/x.ts.html', 'source/src/y.c.html']),
    );
    expect(links.copied).toEqual(expect.arrayContaining(['docs/p.png', 'docs/t.json']));
  });

  test('to a picture that is not there is dead', () => {
    const page = {
      path: 'a.html',
      source: null,
      chapter: null,
      title: '',
      description: '',
      body: html`<img src="b.png" />`,
    };
    expect(deadLinks([page], new Set())).toEqual(['a.html: b.png']);
    expect(deadLinks([page], new Set(['b.png']))).toEqual([]);
  });
});

test('the menu has the pages in the order in which README.md of their folder links to them', () => {
  const files = { 'docs/README.md': '[z](z.md) [a](a.md)', 'docs/a.md': '# a', 'docs/m.md': '# m', 'docs/z.md': '# z' };
  const guides = chapterFiles(checkoutOf(files)).filter(({ chapter }) => chapter === 'guides');
  expect(guides.map(({ path }) => path)).toEqual(['index', 'z', 'a', 'chat', 'm'].map((name) => `guides/${name}.html`));
});
