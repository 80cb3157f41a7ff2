/** The first page: what fdmux is, its three layers with a program each, and the chat that stands on them. */
import type { Checkout } from './checkout.js';
import { type Html, html } from './html.js';
import type { Links } from './links.js';
import { codeBlock, type Fence, fencesOf, renderMarkdown } from './markdown.js';
import { relativeUrl, type SitePage } from './site-page.js';

const PATH = 'index.html';
const LAYERS = 3;
const PICTURE = "The chat server's page: conversations on the left, a room, its members on the right";
const LEARN = 'docs/learn/README.md';

/** The README's programs, which its test runs, and its words about them. */
export function landingPage(checkout: Checkout, links: Links): SitePage {
  const readme = checkout.read('README.md');
  const resolve = (target: string): string => links.resolve('README.md', PATH, target);
  const { description } = renderMarkdown(readme.slice(readme.indexOf('\n')), resolve);
  const fences = fencesOf(readme);
  const layers = fences
    .flatMap((fence, index) => (fence.language === 'ts' ? [layer(fence, fences[index + 1])] : []))
    .slice(0, LAYERS);
  const to = (file: string): string => relativeUrl(PATH, links.pageOf(file));
  const picture = (name: string, only: string): Html =>
    html`<img
      class="${only}"
      src="${relativeUrl(PATH, links.copy(`docs/images/${name}`))}"
      width="1120"
      height="640"
      loading="lazy"
      alt="${PICTURE}"
    />`;
  return {
    ...{ path: PATH, source: 'README.md', chapter: null, isLanding: true, description },
    title: 'fdmux: wait on any Linux file descriptor from Node.js',
    body: html`<div class="hero">
        <h1 id="fdmux">fdmux</h1>
        <p class="lead">${description}</p>
        <pre tabindex="0" role="group" aria-label="Command"><code>npm install fdmux</code></pre>
        <p class="actions">
          <a class="button" href="${to(checkout.isFile(LEARN) ? LEARN : 'docs/README.md')}">Learn</a>
          <a class="button second" href="${to('docs/README.md')}">Guides</a>
          <a class="button second" href="api/index.html">API</a>
        </p>
      </div>
      <h2 id="layers">Three layers, each usable by itself</h2>
      <div class="layers">${layers}</div>
      <h2 id="chat">What stands on them: a chat server</h2>
      <p>
        Plain lines, IRC and a web page share the same rooms, on any of the three backends:
        <code>npx fdmux serve --web</code>. <a href="${to('docs/chat.md')}">The chat server</a>
      </p>
      ${picture('page.png', 'light-only')}${picture('page-dark.png', 'dark-only')}`,
  };
}

function layer({ heading, text }: Fence, next: Fence | undefined): Html {
  const output = next?.language === 'text' ? next : undefined;
  return html`<section>
    <h3>${heading}</h3>
    ${codeBlock(text, 'ts')}
    ${
      output === undefined
        ? null
        : html`<p class="prints">It prints</p>
            ${codeBlock(output.text, 'text')}`
    }
  </section>`;
}
