import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsoncSyntaxError, parseJsonc } from '../../src/server/jsonc.js';

test('JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = JSON.stringify(value, null, 1);
      fc.pre(!text.includes('"__proto__"'));
      expect(parseJsonc(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('comments and a trailing comma are allowed', () => {
  expect(parseJsonc('{\n  // a line\n  "a": [1, /* between */ 2,],\n}\n')).toEqual({ a: [1, 2] });
});

test.each([
  ['', '1:1: not JSON: value expected'],
  ['{"a": oops}', '1:7: not JSON: invalid symbol'],
  ['{"a" 1}', '1:6: not JSON: colon expected'],
  ['{\n  "a": 1\n  "b": 2\n}', '3:3: not JSON: comma expected'],
  ['{\n  oops: 1\n}', '2:3: not JSON: invalid symbol'],
  ['{} {}', '1:4: not JSON: end of file expected'],
  ['{"a": [1, {"b": ', '1:17: not JSON: value expected'],
  ['"two\nlines"', '1:1: not JSON: unexpected end of string'],
  ['/* open', '1:1: not JSON: unexpected end of comment'],
])('%j is refused at its first error: %s', (source, message) => {
  expect(() => parseJsonc(source)).toThrow(new JsoncSyntaxError(message));
});
