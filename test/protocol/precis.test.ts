/** Nicks beyond ASCII: RFC 8265 section 3.3, with its examples (section 3.5) as far as IRC has such nicks. */
import { describe, expect, test } from 'vitest';
import { likenessOf } from '../../src/protocol/lookalikes.js';
import { foldPrecis, isPrecisNick, spellPrecis } from '../../src/protocol/precis.js';

describe('a nick', () => {
  test.each([
    '小明',
    '李四2',
    '〇〇七',
    'Jürgen',
    'Ольга',
    'fussball',
    'fußball',
    'π',
    'Σ',
    'さくら',
    '한글',
    'ann_小明',
    'عمر',
    'דוד7',
    '[x]',
  ])('may be %s', (name) => {
    expect(isPrecisNick(name)).toBe(true);
  });

  test.each([
    ['has a blank', 'foo bar'],
    ['has an ideographic blank', '小\u3000明'],
    ['is empty', ''],
    ['has a symbol', 'henry♚'],
    ['has a picture', '小☺'],
    ['has a Roman numeral', 'henryⅣ'],
    ['is a black heart', '♥'],
    ['begins with a digit', '7ann'],
    ['begins with a digit of another script', '٣ann'],
    ['begins with a mark', '\u0301ann'],
    ['has a character that is invisible', 'an\u200bn'],
    ['joins without width', 'an\u200dn'],
    ['reorders text', 'an\u202en'],
    ['has old Hangul', '\u1100\u1161'],
    ['has a letter that stands for others', 'ﬁn'],
    ['mixes directions', 'annא'],
    ['ends a right-to-left name with a sign', 'דוד_'],
    ['mixes digits of Arabic', 'ع٣۳'],
    ['has half of a character', 'a\ud800'],
    ['has a sign of masks', 'a*'],
    ['has a sign of ranks', '@小明'],
    ['has a sign of accounts', '~小明'],
  ])('that %s is refused', (_, name) => {
    expect(isPrecisNick(name)).toBe(false);
  });
});

test('others see a nick composed, and in the usual width', () => {
  expect(spellPrecis('ＡｎｎＡ')).toBe('AnnA');
  expect(spellPrecis('ｶﾞ')).toBe('ガ');
  expect(spellPrecis('Ju\u0308rgen')).toBe('Jürgen');
  expect(spellPrecis('Ann')).toBe('Ann');
});

test.each([
  ['Ann', 'ANN'],
  ['Ольга', 'ОЛЬГА'],
  ['Σίσυφος', 'ΣΊΣΥΦΟΣ'],
  ['JÜRGEN', 'ju\u0308rgen'],
  ['ａｎｎ', 'Ann'],
])('%s and %s are the same name', (one, other) => {
  expect(foldPrecis(one)).toBe(foldPrecis(other));
  expect(foldPrecis(foldPrecis(one))).toBe(foldPrecis(one));
});

test.each([
  ['fussball', 'fußball'],
  ['小明', '小名'],
  ['ann[]', 'ann{}'],
])('%s and %s are two names', (one, other) => {
  expect(foldPrecis(one)).not.toBe(foldPrecis(other));
  expect(likenessOf(one)).not.toBe(likenessOf(other));
});

test.each([
  ['evan', '\u0435van'],
  ['paypal', 'раураl'],
  ['scope', 'ѕсоре'],
  ['bell', 'be1l'],
])('%s and %s look alike', (one, other) => {
  expect(foldPrecis(one)).not.toBe(foldPrecis(other));
  expect(likenessOf(one)).toBe(likenessOf(other));
});

test('m and rn do not look alike', () => {
  expect(likenessOf('corn')).not.toBe(likenessOf('com'));
});
