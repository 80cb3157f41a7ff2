import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CharsetDetector, decodeText, encodeText } from '../../src/protocol/charset.js';

const GBK_HELLO = Uint8Array.of(0xc4, 0xe3, 0xba, 0xc3);
const UTF8_HELLO = Buffer.from('你好');
/** `联通` in GBK, which is valid UTF-8 as well. */
const AMBIGUOUS = Uint8Array.of(0xc1, 0xaa, 0xcd, 0xa8);

describe('GBK', () => {
  test('reads and writes Chinese text', () => {
    expect(decodeText(GBK_HELLO, 'gbk')).toBe('你好');
    expect([...encodeText('你好', 'gbk')]).toEqual([...GBK_HELLO]);
    expect(Buffer.from(encodeText('abc', 'gbk')).toString('latin1')).toBe('abc');
  });

  test('writes a question mark for each character that it lacks', () => {
    expect(Buffer.from(encodeText('a😀b\u0e01', 'gbk')).toString('latin1')).toBe('a?b?');
  });

  test('returns every text of its own characters, and never encodes a character with a newline byte', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0x4e00, max: 0x9fa5 }).map((code) => String.fromCharCode(code)) }),
        (text) => {
          const encoded = encodeText(text, 'gbk');
          expect(encoded.includes(0x0a)).toBe(false);
          expect(decodeText(encoded, 'gbk')).toBe(text);
        },
      ),
    );
  });
});

describe('decodeUtf8', () => {
  test('decodes a valid line of a peer that speaks UTF-8', () => {
    expect(CharsetDetector.of('utf-8').decodeUtf8(Buffer.from('añb'))).toBe('añb');
  });

  test.each([
    ['an invalid line', CharsetDetector.of('utf-8'), Buffer.from([0x61, 0xc8, 0x61])],
    ['a peer that speaks GBK', CharsetDetector.of('gbk'), Buffer.from('a')],
    ['a peer whose charset is not known', CharsetDetector.of('auto'), Buffer.from('a')],
  ])('returns null for %s', (_, detector, line) => {
    expect(detector.decodeUtf8(line)).toBeNull();
  });
});

describe('auto', () => {
  test('stays open over ASCII and ambiguous lines, reading them as UTF-8', () => {
    const detector = CharsetDetector.of('auto');
    expect(detector.decode(Buffer.from('hello'))).toBe('hello');
    expect(detector.decode(UTF8_HELLO)).toBe('你好');
    expect(detector.decode(GBK_HELLO)).toBe('你好');
    expect(detector.charset).toBe('gbk');
  });

  test('never flips after the first unambiguous line', () => {
    const detector = CharsetDetector.of('auto');
    detector.decode(GBK_HELLO);
    expect(detector.decode(UTF8_HELLO)).toBe('浣犲ソ');
    const other = CharsetDetector.of('auto');
    other.decode(Buffer.from('你好吗'));
    expect(other.charset).toBe('utf-8');
    expect(other.decode(GBK_HELLO)).toContain('\ufffd');
  });

  test('reads bytes that are valid in both as UTF-8', () => {
    const both = Uint8Array.of(0xc2, 0xa9);
    const detector = CharsetDetector.of('auto');
    expect(detector.decode(both)).toBe('©');
    expect(detector.decode(GBK_HELLO)).toBe('你好');
  });

  test('a fixed charset is not detected', () => {
    expect(CharsetDetector.of('gbk').decode(AMBIGUOUS)).toBe('联通');
    expect(CharsetDetector.of('utf-8').decode(GBK_HELLO)).toContain('\ufffd');
  });
});
