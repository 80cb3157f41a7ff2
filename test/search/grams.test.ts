import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gramsOf, needsOf } from '../../src/search/grams.js';
import { folded, matches, termsOf } from '../../src/search/terms.js';

test.each([
  ['epoll', 'epo pol oll ll l'],
  ['我们 断开', '我们 我 们 断开 断 开'],
  ['用epoll的', '用 用e epo pol oll ll l l的 的'],
  ['用 epoll', '用 epo pol oll ll l'],
  ['c++!', 'c++ ++! +! !'],
  ['😀👍', '😀👍 😀 👍'],
  ['', ''],
])('the grams of %s', (text, expected) => {
  expect(gramsOf(text).trim()).toBe(expected);
});

describe('what a query needs', () => {
  test.each([
    ['reset', ['res', 'ese', 'set'], []],
    ['缓冲区溢出', ['缓冲', '冲区', '区溢', '溢出'], []],
    ['套', ['套'], []],
    ['c#', [], ['c#']],
    ['c++', ['c++'], []],
    ['x的epoll', ['x的', '的e', 'epo', 'pol', 'oll'], []],
    ['a的', ['a的'], []],
    ['套 epoll', ['套', 'epo', 'pol', 'oll'], []],
    ['c# epoll', ['epo', 'pol', 'oll'], ['c#']],
  ])('%s', (query, grams, beginnings) => {
    expect(needsOf(termsOf(query))).toEqual({ grams, beginnings });
  });
});

test('a text that matches has everything that the query needs', () => {
  const character = fc.constantFrom(...('ab_C+#. 我们断开套ガ한👍𠀀ａ①\u3000\u0301Σς\u0002'.match(/./gsu) ?? []));
  const words = (maxLength: number) => fc.array(character, { maxLength }).map((characters) => characters.join(''));
  fc.assert(
    fc.property(words(12), words(3), words(3), words(12), (before, one, other, after) => {
      const text = `${before}${one}${after}${other}`;
      const terms = termsOf(`${one} ${other}`);
      fc.pre(matches(text, terms));
      const grams = gramsOf(folded(text)).split(' ').slice(0, -1);
      const needs = needsOf(terms);
      expect(needs.grams.filter((gram) => !grams.includes(gram))).toEqual([]);
      expect(needs.beginnings.filter((start) => !grams.some((gram) => gram.startsWith(start)))).toEqual([]);
    }),
  );
});
