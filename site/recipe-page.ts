/** A program of examples/ as a page: what its head says, how to run it, and all of it. */
import type { ChapterFile } from './chapters.js';
import type { Checkout } from './checkout.js';
import { html } from './html.js';
import type { Links } from './links.js';
import { codeBlock, renderMarkdown } from './markdown.js';
import type { SitePage } from './site-page.js';

export function recipePage(checkout: Checkout, links: Links, { file, path, chapter }: ChapterFile): SitePage {
  const source = checkout.read(file);
  const name = file.replace(/^examples\//, '').replace(/\.ts$/, '');
  const [, head = ''] = /^\/\*\*([\s\S]*?)\*\//.exec(source) ?? [];
  const text = head.replace(/^[ \t]*\* ?/gm, '').trim();
  const { body, description } = renderMarkdown(text, (target) => links.resolve(file, path, target));
  return {
    ...{ path, chapter, source: file, title: name, description },
    body: html`<h1 id="${name}">${name}</h1>
      ${body}
      <p>From a clone: <code>npm run example ${name}</code></p>
      ${codeBlock(source, 'ts')}`,
  };
}
