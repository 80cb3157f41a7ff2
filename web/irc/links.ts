/** The links in a text: only `http:` and `https:`, and as data, so that no text ever becomes markup. */

export type Piece = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'link'; readonly text: string };

// A character that reorders text ends a link: otherwise it could read as another address than it leads to.
const LINK = /\bhttps?:\/\/[^\s<>"\0-\x1f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi;
/** Characters that end a sentence rather than a link. */
const TRAILING = /[.,:;!?'*_~…，。、；：！？）》」』]+$/;
const PAIRS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Returns the pieces of a text in order. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const link = trimmed(match[0]);
    if (!URL.canParse(link)) continue;
    if (match.index > at) pieces.push({ kind: 'text', text: text.slice(at, match.index) });
    pieces.push({ kind: 'link', text: link });
    at = match.index + link.length;
  }
  if (at < text.length) pieces.push({ kind: 'text', text: text.slice(at) });
  return pieces;
}

/** A closing bracket belongs to the link only if its opening one does. */
function trimmed(link: string): string {
  let rest = link;
  for (;;) {
    const before = rest;
    rest = rest.replace(TRAILING, '');
    const close = rest.at(-1) ?? '';
    const open = PAIRS[close];
    if (open !== undefined && count(rest, open) < count(rest, close)) rest = rest.slice(0, -1);
    if (rest === before) return rest;
  }
}

const count = (text: string, character: string): number => text.split(character).length - 1;
