/** Where a text stops being JSON: engines tell it in their own words, or not at all. */

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const SCALAR = new RegExp(`${STRING.source}|-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?|true|false|null`, 'uy');

type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end';

/**
 * The offset of the first word or sign that cannot stand where it does: the length of a text that ends too early, and
 * `undefined` for one that is JSON (RFC 8259).
 */
export function jsonFault(source: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    at += lengthOf(SPACE, source, at);
    const sign = source[at];
    const isClosed = open.length === 0;
    if (sign === undefined) return isClosed && expected === 'comma or end' ? undefined : at;
    let length = 1;
    if (sign === closing(open.at(-1)) && !isClosed && expected.endsWith('end')) {
      open.pop();
      expected = 'comma or end';
    } else if (expected === 'comma or end') {
      if (sign !== ',' || isClosed) return at;
      expected = open.at(-1) === '{' ? 'key' : 'value';
    } else if (expected === 'colon') {
      if (sign !== ':') return at;
      expected = 'value';
    } else if (expected === 'key' || expected === 'key or end') {
      length = lengthOf(STRING, source, at);
      expected = 'colon';
    } else if (sign === '{' || sign === '[') {
      open.push(sign);
      expected = sign === '{' ? 'key or end' : 'value or end';
    } else {
      length = lengthOf(SCALAR, source, at);
      expected = 'comma or end';
    }
    if (length === 0) return at;
    at += length;
  }
}

const closing = (bracket: '{' | '[' | undefined): string => (bracket === '{' ? '}' : ']');

/** How long the match of a sticky pattern is that begins there; 0 where none does. */
function lengthOf(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0].length ?? 0;
}
