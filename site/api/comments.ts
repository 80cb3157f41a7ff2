/** Documentation comments as HTML. */
import type { Comment, CommentDisplayPart, CommentTag } from 'typedoc';
import type { Html } from '../html.js';
import { renderMarkdown } from '../markdown.js';
import { relativeUrl } from '../site-page.js';
import type { Api } from './symbols.js';

/** Renders the comments of one page of the site. */
export class CommentPrinter {
  readonly #api: Api;
  readonly #page: string;

  constructor(api: Api, page: string) {
    this.#api = api;
    this.#page = page;
  }

  /** The text before the first tag. */
  summary(comment: Comment | undefined): Html {
    return this.#html(comment?.summary ?? []);
  }

  /** The first sentence, as plain text. */
  sentence(comment: Comment | undefined): string {
    const { description } = renderMarkdown(this.#markdown(comment?.summary ?? []), (target) => target);
    return /^.*?[.!?](?= [A-Z]|$)/.exec(description)?.[0] ?? description;
  }

  /** The texts of all tags of one name: `@throws`. */
  tags(comment: Comment | undefined, name: CommentTag['tag']): Html[] {
    const tags = comment?.blockTags.filter(({ tag }) => tag === name) ?? [];
    return tags.map(({ content }) => this.#html(content));
  }

  #html(parts: readonly CommentDisplayPart[]): Html {
    return renderMarkdown(this.#markdown(parts), (target) => target).body;
  }

  #markdown(parts: readonly CommentDisplayPart[]): string {
    return parts.map((part) => (part.kind === 'inline-tag' ? this.#link(part) : part.text)).join('');
  }

  #link({ text, target }: Extract<CommentDisplayPart, { kind: 'inline-tag' }>): string {
    const place = typeof target === 'object' && 'kindOf' in target ? this.#api.placeOf(target) : null;
    const label = `\`${text}\``;
    return place === null ? label : `[${label}](${relativeUrl(this.#page, place)})`;
  }
}
