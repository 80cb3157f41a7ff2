import { isUtf8 } from 'node:buffer';
import { expect, test } from 'vitest';
import { frameHeader, Framer, OPCODES } from '../../src/front/web-framing.js';
import { SharedBytes } from '../../src/net/shared-bytes.js';

const bytesOf = (framed: Uint8Array | SharedBytes) =>
  Buffer.from(framed instanceof SharedBytes ? framed.bytes : framed);

test.each([
  [0, '8100'],
  [125, '817d'],
  [126, '817e007e'],
  [65_535, '817effff'],
  [65_536, '817f0000000000010000'],
])('the length of a payload of %i bytes takes as few bytes as it can', (length, header) => {
  expect(frameHeader(OPCODES.text, length).toString('hex')).toBe(header);
});

test('each line is one message without its ending, and an empty line is none', () => {
  const lines = Buffer.from('PING :a\r\nPING :b\n\r\n\nno ending');
  expect(bytesOf(new Framer(OPCODES.text).frame(lines))).toEqual(
    Buffer.concat([Buffer.from('\x81\x07PING :a\x81\x07PING :b\x81\x09no ending', 'latin1')]),
  );
  expect(bytesOf(new Framer(OPCODES.binary).frame(Buffer.from('x\r\n'))).toString('latin1')).toBe('\x82\x01x');
});

test('a CR within a line stays in it', () => {
  expect(bytesOf(new Framer(OPCODES.binary).frame(Buffer.from('a\rb\r\n'))).toString('latin1')).toBe('\x82\x03a\rb');
});

test('a line that is not UTF-8 is replaced where it is wrong for readers of text, and left as it is for others', () => {
  const lines = Buffer.concat([Buffer.from('good 你\r\n'), Buffer.from('bad \xff\xc4\xe3 end\r\n', 'latin1')]);
  const framed = bytesOf(new Framer(OPCODES.text).frame(lines));
  // Behind the first header, and the second.
  expect(isUtf8(framed.subarray(2, 10)) && isUtf8(framed.subarray(12))).toBe(true);
  const text = framed.toString('utf8');
  expect(text).toContain('good 你');
  expect(text).toMatch(/bad �+ end$/);
  expect(bytesOf(new Framer(OPCODES.binary).frame(lines)).includes(Buffer.from('bad \xff\xc4\xe3 end', 'latin1'))).toBe(
    true,
  );
});

test('what many get is framed once, even if readers of several kinds get messages in turn', () => {
  const framer = new Framer(OPCODES.text);
  const messages = [new SharedBytes('one\r\n'), new SharedBytes('two\r\n'), new SharedBytes('three\r\n')];
  const framed = messages.map((message) => framer.frame(message));
  for (let peer = 0; peer < 100; peer += 1) {
    messages.forEach((message, index) => {
      expect(framer.frame(message)).toBe(framed[index]);
    });
  }
  expect(new Framer(OPCODES.binary).frame(messages[0] ?? new Uint8Array())).not.toBe(framed[0]);
});
