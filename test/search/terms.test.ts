import { describe, expect, test } from 'vitest';
import { folded, matches, rangesOf, termsOf } from '../../src/search/terms.js';

describe('folding', () => {
  test.each([
    ['Ｅｐｏｌｌ　Ａ', 'epoll a'],
    ['ﬁle ①', 'file 1'],
    ['CAFÉ', 'café'],
    ['CAFE\u0301', 'café'],
    ['ｶﾞｷﾞ', 'ガギ'],
    ['Straße ẞ', 'strasse ss'],
    ['ΟΔΟΣ οδος', 'οδοσ οδοσ'],
  ])('%s is compared as %s', (text, expected) => {
    expect(folded(text)).toBe(expected);
  });
});

test('a query is as many terms as white space separates, each once', () => {
  expect(termsOf('  C++ 我们\u3000我们\tEPOLL ')).toEqual(['c++', '我们', 'epoll']);
  expect(termsOf(' \u3000')).toEqual([]);
});

test.each([
  ['use io_epoll here', 'EPOLL io', true],
  ['use io_epoll here', 'epoll select', false],
  ['连接断开 reset', '接断 rese', true],
  ['a Sigma: ΑΣ', 'σ', true],
  ['anything', '', true],
])('%s, searched for %s: %s', (text, query, expected) => {
  expect(matches(text, termsOf(query))).toBe(expected);
});

describe('what is highlighted', () => {
  const highlighted = (text: string, query: string): string => {
    let out = '';
    let at = 0;
    for (const { start, end } of rangesOf(text, termsOf(query))) {
      out += `${text.slice(at, start)}[${text.slice(start, end)}]`;
      at = end;
    }
    return out + text.slice(at);
  };

  test.each([
    ['Use EPOLL and epoll_wait', 'epoll', 'Use [EPOLL] and [epoll]_wait'],
    ['aaaa b', 'aa', '[aaaa] b'],
    ['one two', 'two one', '[one] [two]'],
    ['overlap', 'over verla', '[overla]p'],
    ['我们断开了', '断开', '我们[断开]了'],
    ['ｅｐｏｌｌ！', 'epoll', '[ｅｐｏｌｌ]！'],
    ['a ﬁle', 'il', 'a [ﬁl]e'],
    ['Cafe\u0301 x', 'fé', 'Ca[fe\u0301] x'],
    ['Straße', 'ss', 'Stra[ß]e'],
    ['😀👍 ok', '👍', '😀[👍] ok'],
    ['nothing', 'xyz', 'nothing'],
    ['nothing', '', 'nothing'],
  ])('of %s, searched for %s', (text, query, expected) => {
    expect(highlighted(text, query)).toBe(expected);
  });
});
