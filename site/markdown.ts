/** Markdown as HTML: GitHub's anchors, code in colours, tables that scroll, manual pages as links. */
import MarkdownIt from 'markdown-it';
import { highlight } from './highlight.js';
import { escapeHtml, Html } from './html.js';
import { manPageUrl, splitManPages } from './man-pages.js';

/** Says where a link of the text leads on the site. */
export type LinkResolver = (target: string) => string;

export interface RenderedMarkdown {
  readonly body: Html;
  /** The text of the first heading; null if there is none. */
  readonly title: string | null;
  /** The text of the first paragraph. */
  readonly description: string;
}

type Token = ReturnType<MarkdownIt['parse']>[number];

const parser = new MarkdownIt({ html: true });
const { Token: TokenOfParser } = new parser.core.State('', parser, {});

parser.renderer.rules.fence = (tokens, index) => {
  const { content = '', info = '' } = tokens[index] ?? {};
  const [language = ''] = info.trim().split(/\s/);
  return codeBlock(content, language).toString();
};
parser.renderer.rules.code_block = (tokens, index) => codeBlock(tokens[index]?.content ?? '', '').toString();
// A table that is wider than a phone scrolls by itself, by keyboard, too.
parser.renderer.rules['table_open'] = () =>
  '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n';
parser.renderer.rules['table_close'] = () => '</table></div>\n';

/** A block of code that scrolls by itself, by keyboard, too. */
export function codeBlock(code: string, language: string): Html {
  const label = language === '' || language === 'text' ? 'Text' : 'Code';
  return new Html(
    `<pre tabindex="0" role="group" aria-label="${label}"><code>${highlight(code, language).toString()}</code></pre>\n`,
  );
}

/** The place of a heading on its page, as GitHub names it. */
export function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

/** Renders a text; `resolve` is asked for each of its links and pictures. */
export function renderMarkdown(text: string, resolve: LinkResolver): RenderedMarkdown {
  const tokens = parser.parse(text, {});
  // Before links to manual pages divide the texts.
  const after = (type: string) => tokens[tokens.findIndex((token) => token.type === type) + 1];
  const title = tokens.some(({ type }) => type === 'heading_open') ? textOf(after('heading_open')) : null;
  const description = tokens.some(({ type }) => type === 'paragraph_open') ? textOf(after('paragraph_open')) : '';
  const slugs = new Map<string, number>();
  for (const [index, token] of tokens.entries()) {
    if (token.type === 'heading_open') token.attrSet('id', freeSlug(slugs, textOf(tokens[index + 1])));
    if (token.type === 'html_block') token.content = resolveHtml(token.content, resolve);
    if (token.children === null) continue;
    for (const child of token.children) resolveLink(child, resolve);
    token.children = withManPages(token.children);
  }
  return { body: new Html(parser.renderer.render(tokens, parser.options, {})), title, description };
}

/** A block of code, and the heading of its section. */
export interface Fence {
  readonly heading: string;
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a text, in order. */
export function fencesOf(text: string): Fence[] {
  const tokens = parser.parse(text, {});
  let heading = '';
  return tokens.flatMap(({ type, info, content }, index) => {
    if (type === 'heading_open') heading = textOf(tokens[index + 1]);
    return type === 'fence' ? [{ heading, language: info.trim(), text: content }] : [];
  });
}

/** The slug of a heading; a number follows from the second heading of the same words on. */
function freeSlug(slugs: Map<string, number>, heading: string): string {
  const slug = slugOf(heading);
  const count = slugs.get(slug) ?? 0;
  slugs.set(slug, count + 1);
  return count === 0 ? slug : `${slug}-${count}`;
}

function textOf(token: Token | undefined): string {
  return (token?.children ?? [])
    .map(({ type, content }) => (type === 'softbreak' ? ' ' : ['text', 'code_inline'].includes(type) ? content : ''))
    .join('');
}

function resolveLink(token: Token, resolve: LinkResolver): void {
  if (token.type === 'html_inline') token.content = resolveHtml(token.content, resolve);
  for (const attribute of ['href', 'src']) {
    const target = token.attrGet(attribute);
    if (target !== null) token.attrSet(attribute, resolve(target));
  }
}

/** Links, pictures and the recording of a timeline in raw HTML. */
function resolveHtml(text: string, resolve: LinkResolver): string {
  return text.replace(
    /(<(?:a|img|fdmux-timeline)\b[^>]*\b(?:href|src)=")([^"]+)"/g,
    (_, before: string, target: string) => {
      return `${before}${resolve(target)}"`;
    },
  );
}

/** Puts links around the manual pages that a text names, unless it is a link already. */
function withManPages(tokens: readonly Token[]): Token[] {
  let depth = 0;
  return tokens.flatMap((token) => {
    if (token.type === 'link_open') depth += 1;
    if (token.type === 'link_close') depth -= 1;
    if (depth > 0) return [token];
    if (token.type === 'code_inline') {
      const url = manPageUrl(token.content);
      return url === null ? [token] : [rawHtml(`<a href="${url}">`), token, rawHtml('</a>')];
    }
    if (token.type !== 'text') return [token];
    const parts = splitManPages(token.content);
    if (parts.every(({ url }) => url === null)) return [token];
    return parts.map(({ text, url }) =>
      rawHtml(url === null ? escapeHtml(text) : `<a href="${url}">${escapeHtml(text)}</a>`),
    );
  });
}

function rawHtml(content: string): Token {
  const token = new TokenOfParser('html_inline', '', 0);
  token.content = content;
  return token;
}
