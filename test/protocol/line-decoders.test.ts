import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineDecoder, type LineSink } from '../../src/protocol/line-decoder.js';
import { LineDecoders } from '../../src/protocol/line-decoders.js';

const OPTIONS = { maxLineBytes: 5, carriageReturnEnds: true };

/** One stream, which has a decoder only while a line has begun. */
class Stream implements LineSink {
  readonly lines: string[] = [];
  decoder: LineDecoder | null = null;

  line(bytes: Uint8Array): void {
    this.lines.push(Buffer.from(bytes).toString());
  }

  overlong(): void {
    this.lines.push('<overlong>');
  }

  push(bytes: Uint8Array, decoders: LineDecoders): void {
    const decoder = this.decoder ?? decoders.lend();
    decoder.push(bytes, this);
    this.decoder = decoders.takeBack(decoder);
  }
}

const piece = fc.record({
  stream: fc.nat(3),
  bytes: fc.array(fc.constantFrom(97, 98, 10, 13), { maxLength: 12 }).map((codes) => Buffer.from(codes)),
});

test('streams that share decoders get the lines that each would get from its own', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const decoders = new LineDecoders(OPTIONS);
      const sharing = Array.from({ length: 4 }, () => new Stream());
      for (const { stream, bytes } of pieces) sharing[stream]?.push(bytes, decoders);
      sharing.forEach(({ lines }, index) => {
        const alone = new Stream();
        const own = new LineDecoder(OPTIONS);
        for (const { stream, bytes } of pieces) if (stream === index) own.push(bytes, alone);
        expect(lines).toEqual(alone.lines);
      });
    }),
  );
});

test('a stream keeps its decoder only while a line has begun, or is thrown away', () => {
  const decoders = new LineDecoders(OPTIONS);
  const stream = new Stream();
  stream.push(Buffer.from('one\r\n'), decoders);
  expect(stream.decoder).toBeNull();
  const next = decoders.lend();
  expect(decoders.takeBack(next)).toBeNull();
  stream.push(Buffer.from('tw'), decoders);
  expect(stream.decoder).toBe(next);
  expect(decoders.lend()).not.toBe(next);
  stream.push(Buffer.from('elve letters'), decoders);
  expect(stream.decoder).toBe(next);
  stream.push(Buffer.from('\n'), decoders);
  expect(stream.decoder).toBeNull();
  expect(stream.lines).toEqual(['one', '', '<overlong>']);
});
