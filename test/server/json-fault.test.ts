import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonFault } from '../../src/server/json-fault.js';

test.each([
  ['', 0],
  [' \n', 2],
  ['{"a": oops}', 6],
  ['{"a": 1,}', 8],
  ['{oops}', 1],
  ['{"a" 1}', 5],
  ['[1 2]', 3],
  ['[1,]', 3],
  ['[}', 1],
  ['{]', 1],
  ['{} {}', 3],
  [']', 0],
  ['"two\nlines"', 0],
  ['["\\x"]', 1],
  ['[01]', 2],
  ['[1.]', 2],
  ['{"a": [1, {"b": ', 16],
])('%j stops being JSON at %i', (source, offset) => {
  expect(jsonFault(source)).toBe(offset);
});

test('it finds no fault where JSON.parse finds none, and one wherever it does', () => {
  const mutated = fc
    .tuple(
      fc.json({ maxDepth: 4 }),
      fc.nat(),
      fc.constantFrom('', ',', ':', '{', '}', '[', ']', '"', '\\', '0', '.', 'x', '\u0001'),
    )
    .map(([text, place, sign]) => {
      const at = place % (text.length + 1);
      return [text, text.slice(0, at) + sign + text.slice(at + 1), text.slice(0, at) + sign + text.slice(at)];
    });
  fc.assert(
    fc.property(mutated, (texts) => {
      for (const text of texts) expect([text, jsonFault(text) === undefined]).toEqual([text, isJson(text)]);
    }),
    { numRuns: 500 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
