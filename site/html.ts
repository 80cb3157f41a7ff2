/** HTML as a tagged template: whatever is put in is escaped, unless it is HTML already. */

/** Text that is HTML. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What a template takes: text to escape, HTML, several of them, or nothing. */
export type Content = string | number | Html | null | undefined | readonly Content[];

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function toText(content: Content): string {
  if (content === null || content === undefined) return '';
  if (content instanceof Html) return content.toString();
  if (typeof content === 'object') return content.map(toText).join('');
  return escapeHtml(String(content));
}

/** Makes HTML of a template. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.map((text, index) => text + toText(contents[index])).join(''));
}

/** The words of a piece of HTML, without its tags. */
export function plainText(content: Html): string {
  return content
    .toString()
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim();
}
