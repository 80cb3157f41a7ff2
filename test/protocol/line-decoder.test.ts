import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineDecoder, type LineDecoderOptions, type LineSink } from '../../src/protocol/line-decoder.js';

class Recorder implements LineSink {
  readonly seen: string[] = [];

  line(bytes: Uint8Array): void {
    this.seen.push(Buffer.from(bytes).toString('latin1'));
  }

  overlong(): void {
    this.seen.push('<overlong>');
  }
}

function decode(options: LineDecoderOptions, pieces: readonly Uint8Array[], flush = false): string[] {
  const decoder = new LineDecoder(options);
  const recorder = new Recorder();
  for (const piece of pieces) decoder.push(piece, recorder);
  if (flush) decoder.flush(recorder);
  return recorder.seen;
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

const CASES: readonly { name: string; options: LineDecoderOptions; input: string; lines: string[]; flush?: boolean }[] =
  [
    {
      name: 'LF and CRLF',
      options: { maxLineBytes: 8 },
      input: 'one\ntwo\r\n\nfour\n',
      lines: ['one', 'two', '', 'four'],
    },
    { name: 'a CR inside a line', options: { maxLineBytes: 8 }, input: 'a\rb\r\r\n', lines: ['a\rb\r'] },
    {
      name: 'a line as long as the limit',
      options: { maxLineBytes: 4 },
      input: 'abcd\nabcd\r\n',
      lines: ['abcd', 'abcd'],
    },
    {
      name: 'a line one byte too long, then a good one',
      options: { maxLineBytes: 4 },
      input: 'abcde\nok\nabcdefghijk\r\nok\n',
      lines: ['<overlong>', 'ok', '<overlong>', 'ok'],
    },
    { name: 'NUL and high bytes', options: { maxLineBytes: 8 }, input: '\0\xff\xc4\n', lines: ['\0\xff\xc4'] },
    { name: 'an unfinished line', options: { maxLineBytes: 8 }, input: 'one\ntw', lines: ['one'] },
    {
      name: 'an unfinished line, flushed',
      options: { maxLineBytes: 8 },
      input: 'one\ntw',
      lines: ['one', 'tw'],
      flush: true,
    },
    { name: 'nothing pending, flushed', options: { maxLineBytes: 8 }, input: 'one\n', lines: ['one'], flush: true },
    {
      name: 'CR, LF and CRLF as endings',
      options: { maxLineBytes: 8, carriageReturnEnds: true },
      input: 'a\rb\nc\r\nd\n',
      lines: ['a', 'b', 'c', '', 'd'],
    },
  ];

describe.each(CASES)('$name', ({ options, input, lines, flush }) => {
  test('is cut the same in one piece, byte by byte and at every split point', () => {
    const whole = bytes(input);
    expect(decode(options, [whole], flush)).toEqual(lines);
    expect(
      decode(
        options,
        [...whole].map((byte) => Uint8Array.of(byte)),
        flush,
      ),
    ).toEqual(lines);
    for (let at = 0; at <= whole.length; at += 1) {
      expect(decode(options, [whole.subarray(0, at), whole.subarray(at)], flush)).toEqual(lines);
    }
  });
});

test('lines do not depend on how the stream was cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(97, 10, 13, 0, 255), { maxLength: 60 }),
      fc.array(fc.nat(60)),
      fc.boolean(),
      (stream, cuts, cr) => {
        const options = { maxLineBytes: 5, carriageReturnEnds: cr };
        const whole = Uint8Array.from(stream);
        const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, index) => whole.subarray(at[index], end));
        expect(decode(options, pieces, true)).toEqual(decode(options, [whole], true));
      },
    ),
  );
});

test('lines are what lies between the endings, wherever the next one of each kind is', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n'), maxLength: 60 }), fc.boolean(), (text, cr) => {
      const lines = text.split(cr ? /[\r\n]/ : /\r?\n/);
      expect(decode({ maxLineBytes: 100, carriageReturnEnds: cr }, [bytes(text)])).toEqual(lines.slice(0, -1));
    }),
  );
});

test('a line without an end takes no more memory than the limit', () => {
  const decoder = new LineDecoder({ maxLineBytes: 100 });
  const recorder = new Recorder();
  for (let round = 0; round < 1000; round += 1) {
    decoder.push(bytes('x'.repeat(37)), recorder);
    expect(decoder.pendingBytes).toBeLessThanOrEqual(101);
  }
  expect(recorder.seen).toEqual(['<overlong>']);
  expect(decoder.hasPending).toBe(true);
  decoder.flush(recorder);
  expect(decoder.hasPending).toBe(false);
});
