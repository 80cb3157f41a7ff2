/** The page of a class, an interface, a type or a function. */
import { type DeclarationReflection, ReflectionKind, type SignatureReflection } from 'typedoc';
import { type Html, html } from '../html.js';
import { relativeUrl, type SitePage } from '../site-page.js';
import { CommentPrinter } from './comments.js';
import { anchorOf, type Api, type ApiSymbol } from './symbols.js';
import { TypePrinter } from './types.js';

const WORDS = { class: 'class', function: 'function', type: 'type', constant: 'constant' } as const;

export function symbolPage(api: Api, symbol: ApiSymbol): SitePage {
  const printer = new SymbolPrinter(api, symbol.place, symbol.name);
  const { name, module, category, kind, reflection } = symbol;
  const word = reflection.kindOf(ReflectionKind.Interface) ? 'interface' : WORDS[kind];
  const importLine =
    kind === 'type' ? `import type { ${name} } from '${module}';` : `import { ${name} } from '${module}';`;
  return {
    path: symbol.place,
    source: null,
    chapter: 'api',
    title: name,
    description: printer.sentenceOf(reflection),
    body: html`<p class="crumbs">
        <a href="${relativeUrl(symbol.place, 'api/index.html')}">API</a> /
        <a href="${relativeUrl(symbol.place, category.path)}">${module}: ${category.title}</a>
      </p>
      <h1 id="${name}">${name} <span class="kind">${word}</span></h1>
      <pre class="import" tabindex="0" role="group" aria-label="Import"><code>${importLine}</code></pre>
      ${printer.symbol(symbol)}`,
  };
}

class SymbolPrinter {
  readonly #name: string;
  readonly #types: TypePrinter;
  readonly #comments: CommentPrinter;

  constructor(api: Api, page: string, name: string) {
    this.#name = name;
    this.#types = new TypePrinter(api, page);
    this.#comments = new CommentPrinter(api, page);
  }

  sentenceOf(reflection: DeclarationReflection): string {
    return this.#comments.sentence(reflection.comment ?? reflection.signatures?.[0]?.comment);
  }

  symbol({ kind, name, reflection, construct }: ApiSymbol): Html {
    if (kind === 'function') return html`${(reflection.signatures ?? []).map((each) => this.#signature(each, name))}`;
    const summary = this.#comments.summary(reflection.comment);
    if (kind === 'type' && reflection.kindOf(ReflectionKind.TypeAlias)) {
      const parameters = this.#types.typeParameters(reflection);
      return html`${code(html`type ${name}${parameters} = ${this.#types.type(reflection.type)}`)}${summary}
      ${this.#properties(reflection)}`;
    }
    return html`${this.#heritage(reflection)}${summary}${this.#members(reflection, construct)}`;
  }

  #heritage({ kind, name, extendedTypes = [], implementedTypes = [], ...rest }: DeclarationReflection): Html {
    const word = kind === ReflectionKind.Class ? 'class' : 'interface';
    const list = (title: string, types: typeof extendedTypes): Html | null =>
      types.length === 0
        ? null
        : html` ${title} ${types.map((type, index) => html`${index === 0 ? '' : ', '}${this.#types.type(type)}`)}`;
    const parameters = this.#types.typeParameters(rest);
    return code(
      html`${word} ${name}${parameters}${list('extends', extendedTypes)}${list('implements', implementedTypes)}`,
    );
  }

  /** What a type alias of an object has. */
  #properties({ type }: DeclarationReflection): Html | null {
    if (type?.type !== 'reflection') return null;
    return this.#members(type.declaration);
  }

  /** The members of a class or an interface; the constructor of a class behind an alias takes the place of its own. */
  #members({ children = [] }: DeclarationReflection, construct: DeclarationReflection | null = null): Html {
    const own = children.filter(({ flags, kind }) => {
      const isReplaced = construct !== null && kind === ReflectionKind.Constructor;
      return !flags.isPrivate && !flags.isInherited && !isReplaced;
    });
    const constructed = (construct?.children ?? []).filter(({ name }) => !own.some((each) => each.name === name));
    const all = [...constructed, ...own];
    return html`${all.map((each) => this.#member(each))}${this.#inherited(children)}`;
  }

  #inherited(children: readonly DeclarationReflection[]): Html | null {
    const inherited = children.filter(({ flags, comment, signatures }) => {
      return flags.isInherited && (comment ?? signatures?.[0]?.comment) !== undefined;
    });
    if (inherited.length === 0) return null;
    const members = inherited.map((each) => this.#member(each));
    return html`<details class="inherited">
      <summary>${inherited.length} inherited members</summary>
      ${members}
    </details>`;
  }

  #member(member: DeclarationReflection): Html {
    const { name, flags } = member;
    const signatures = member.signatures ?? (member.getSignature === undefined ? [] : [member.getSignature]);
    const isProperty = member.signatures === undefined;
    const body = isProperty
      ? this.#property(member)
      : html`${signatures.map((each) => this.#signature(each, flags.isStatic ? `static ${name}` : name))}`;
    return html`<section class="member" id="${anchorOf(member)}">
      <h2>${name}</h2>
      ${body}
    </section>`;
  }

  #property({ name, flags, type, getSignature, setSignature, comment }: DeclarationReflection): Html {
    const isReadonly = flags.isReadonly || (getSignature !== undefined && setSignature === undefined);
    const words = [flags.isStatic ? 'static ' : '', isReadonly ? 'readonly ' : '', name, flags.isOptional ? '?' : ''];
    const documented = comment ?? getSignature?.comment;
    return html`${code(html`${words.join('')}: ${this.#types.type(type ?? getSignature?.type)}`)}
    ${this.#comments.summary(documented)}${this.#throws(documented)}`;
  }

  #signature(signature: SignatureReflection, name: string): Html {
    const { comment, parameters = [] } = signature;
    const line = signature.kindOf(ReflectionKind.ConstructorSignature)
      ? html`new ${this.#types.signature(signature, this.#name)}`
      : this.#types.signature(signature, name);
    const described = parameters.filter((each) => each.comment !== undefined);
    const list = described.map(
      (each) =>
        html`<dt><code>${each.name}</code></dt>
          <dd>${this.#comments.summary(each.comment)}</dd>`,
    );
    const returns = this.#comments.tags(comment, '@returns').map(
      (text) =>
        html`<dt>Returns</dt>
          <dd>${text}</dd>`,
    );
    const all = [...list, ...returns];
    return html`${code(line)}${this.#comments.summary(comment)}
    ${all.length === 0 ? null : html`<dl class="parameters">${all}</dl>`}${this.#throws(comment)}`;
  }

  #throws(comment: SignatureReflection['comment']): Html | null {
    const throws = this.#comments.tags(comment, '@throws');
    if (throws.length === 0) return null;
    return html`<dl class="parameters">
      ${throws.map(
        (text) =>
          html`<dt>Throws</dt>
            <dd>${text}</dd>`,
      )}
    </dl>`;
  }
}

function code(line: Html): Html {
  return html`<pre class="signature" tabindex="0" role="group" aria-label="Signature"><code>${line}</code></pre>`;
}
