/** The reference by category: a list of all, and a page for each, with its constants folded. */
import type { DeclarationReflection } from 'typedoc';
import { type Html, html } from '../html.js';
import { slugOf } from '../markdown.js';
import { relativeUrl, type SitePage } from '../site-page.js';
import { CommentPrinter } from './comments.js';
import { MODULES } from './convert.js';
import type { Api, ApiCategory, ApiSymbol } from './symbols.js';
import { TypePrinter } from './types.js';

const INDEX = 'api/index.html';

/** Every name, by module and category. */
export function apiIndexPage(api: Api): SitePage {
  const modules = Object.keys(MODULES).map((module) => {
    const categories = api.categories.filter((category) => category.module === module);
    return html`<h2 id="${slugOf(module)}"><code>${module}</code></h2>
      ${categories.map((category) => indexEntry(api, category))}`;
  });
  return {
    path: INDEX,
    source: null,
    chapter: 'api',
    title: 'API',
    description: 'Every public name of fdmux and fdmux/chat, by category.',
    body: html`<h1 id="api">API</h1>
      <p>Every public name, by the module that it is imported from and by category. Constants are folded.</p>
      ${modules}`,
  };
}

function indexEntry(api: Api, category: ApiCategory): Html {
  const own = api.symbols.filter((symbol) => symbol.category === category);
  const names = own.filter(({ kind }) => kind !== 'constant');
  const constants = own.filter(({ kind }) => kind === 'constant');
  return html`<section class="index-entry">
    <h3 id="${slugOf(`${category.module}-${category.title}`)}">
      <a href="${relativeUrl(INDEX, category.path)}">${category.title}</a>
    </h3>
    <ul class="names">
      ${names.map((symbol) => nameItem(INDEX, symbol))}
    </ul>
    ${
      constants.length === 0
        ? null
        : html`<details>
            <summary>${constants.length} constants</summary>
            <ul class="names">
              ${constants.map((symbol) => nameItem(INDEX, symbol))}
            </ul>
          </details>`
    }
  </section>`;
}

function nameItem(page: string, { name, place }: ApiSymbol): Html {
  return html`<li>
    <a href="${relativeUrl(page, place)}"><code>${name}</code></a>
  </li>`;
}

/** What a category has, a sentence each. */
export function categoryPage(api: Api, category: ApiCategory): SitePage {
  const { path, title, module } = category;
  const comments = new CommentPrinter(api, path);
  const types = new TypePrinter(api, path);
  const own = api.symbols.filter((symbol) => symbol.category === category);
  const rows = own
    .filter(({ kind }) => kind !== 'constant')
    .map(({ name, place, reflection }) => {
      const sentence = comments.sentence(commentOf(reflection));
      return html`<tr>
        <td>
          <a href="${relativeUrl(path, place)}"><code>${name}</code></a>
        </td>
        <td>${sentence}</td>
      </tr>`;
    });
  const constants = own.filter(({ kind }) => kind === 'constant');
  return {
    path,
    source: null,
    chapter: 'api',
    title: `${module}: ${title}`,
    description: `The public names of ${module} about: ${title}.`,
    body: html`<p class="crumbs"><a href="${relativeUrl(path, INDEX)}">API</a></p>
      <h1 id="${slugOf(title)}"><code>${module}</code>: ${title}</h1>
      ${rows.length === 0 ? null : table(['Name', 'Summary'], rows)}
      ${constants.length === 0 ? null : foldedConstants(constants, comments, types)}`,
  };
}

const commentOf = ({ comment, signatures = [] }: DeclarationReflection): DeclarationReflection['comment'] =>
  comment ?? signatures[0]?.comment;

function foldedConstants(constants: readonly ApiSymbol[], comments: CommentPrinter, types: TypePrinter): Html {
  const rows = constants.map(
    ({ name, reflection }) =>
      html`<tr id="${slugOf(name)}">
        <td><code>${name}</code></td>
        <td>${valueOf(reflection, types)}</td>
        <td>${comments.summary(reflection.comment)}</td>
      </tr>`,
  );
  return html`<h2 id="constants">Constants</h2>
    <details class="constants">
      <summary>${constants.length} constants</summary>
      ${table(['Name', 'Value', ''], rows)}
    </details>`;
}

/** The number of a constant; the members of an object of constants, folded. */
function valueOf({ type, defaultValue }: DeclarationReflection, types: TypePrinter): Html {
  const members = type?.type === 'reflection' ? (type.declaration.children ?? []) : [];
  if (members.length > 0) {
    const items = members.map((each) => html`<li><code>${each.name}</code></li>`);
    return html`<details>
      <summary>${members.length} members</summary>
      <ul class="names">
        ${items}
      </ul>
    </details>`;
  }
  return html`<code>${type?.type === 'literal' || defaultValue === undefined ? types.type(type) : defaultValue}</code>`;
}

function table(titles: readonly string[], rows: readonly Html[]): Html {
  const heads = titles.map((title) => (title === '' ? html`<td></td>` : html`<th scope="col">${title}</th>`));
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Table">
    <table>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}
