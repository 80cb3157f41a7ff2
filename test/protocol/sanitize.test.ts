import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPlainAscii, sanitize } from '../../src/protocol/sanitize.js';

test('characters that could end a line or move a cursor are replaced, the tab stays', () => {
  expect(sanitize('a\rb\nc\0d\u001b[31me\u009b2Jf\u007fg\th')).toBe(
    'a\ufffdb\ufffdc\ufffdd\ufffd[31me\ufffd2Jf\ufffdg\th',
  );
  expect(sanitize('\u202egnp.exe')).toBe('\ufffdgnp.exe');
});

test('no control character but the tab survives, and length never grows', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const clean = sanitize(text);
      expect(clean.length).toBe(text.length);

      expect(clean.replaceAll('\t', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});

test('only printable characters of ASCII are plain', () => {
  for (let code = 0; code < 0x300; code += 1) {
    const text = `a${String.fromCharCode(code)}`;
    expect(isPlainAscii(text)).toBe(code >= 0x20 && code <= 0x7e);
    if (isPlainAscii(text)) expect(sanitize(text)).toBe(text);
  }
  expect(isPlainAscii('')).toBe(true);
});
