/** References to manual pages, as links to the pages themselves. */

/** Of a section 3 page, or a system call: `epoll_ctl(2)`, `termios(3)`, `socket(7)`. */
const REFERENCE = /^([a-z_][a-zA-Z0-9_.-]*)\(([2-8])\)$/;
const REFERENCES = /\b[a-z_][a-zA-Z0-9_.-]*\([2-8]\)/g;

/** The address of the manual page that a text names, or null if it names none. */
export function manPageUrl(reference: string): string | null {
  const [, name, section] = REFERENCE.exec(reference) ?? [];
  if (name === undefined || section === undefined) return null;
  return `https://man7.org/linux/man-pages/man${section}/${name}.${section}.html`;
}

/** A text, cut into references to manual pages and what is between them. */
export function splitManPages(text: string): { readonly text: string; readonly url: string | null }[] {
  const parts: { text: string; url: string | null }[] = [];
  let end = 0;
  for (const match of text.matchAll(REFERENCES)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index), url: null });
    parts.push({ text: match[0], url: manPageUrl(match[0]) });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), url: null });
  return parts;
}
