import { expect, test } from 'vitest';
import { matchesMask } from '../../src/chat/mask.js';

test.each([
  ['*', '', true],
  ['*', 'anything', true],
  ['', '', true],
  ['', 'a', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['*!*@*.example', 'nick!user@host.example', true],
  ['*!*@*.example', 'nick!user@host.example.org', false],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['**a**', 'bab', true],
  // An escaped wildcard stands for itself; any other backslash is a character (RFC 2812 section 2.5).
  ['a\\*c', 'a*c', true],
  ['a\\*c', 'abc', false],
  ['a\\*c', 'a\\c', false],
  ['a\\?', 'a?', true],
  ['a\\?', 'ab', false],
  ['*\\*', 'a*b*', true],
  ['*\\*', 'a*b', false],
  ['a\\', 'a\\', true],
  ['a\\b', 'a\\b', true],
  ['a\\b*', 'a\\bc', true],
])('mask %j against %j: %j', (mask, text, fits) => {
  expect(matchesMask(mask, text)).toBe(fits);
});

test('a hostile mask costs no more than the product of the lengths', () => {
  // A backtracking matcher would not end in a lifetime.
  expect(matchesMask('*a'.repeat(200) + 'b', 'a'.repeat(2000))).toBe(false);
});
