import { expect, test } from 'vitest';
import { Opening } from '../../src/protocol/opening.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

test.for([
  'GET / HTTP/1.1',
  'POST /say?x=1 HTTP/1.0',
  'PROPFIND * HTTP/1.1',
  'get http://127.0.0.1:33333/ HTTP/1.1',
  'M-SEARCH * HTTP/1.1',
  'PRI * HTTP/2.0',
  'CONNECT example.org:443 HTTP/1.1',
])('%j is HTTP', (line) => {
  expect(new Opening().ofLine(bytes(line))).toBe('HTTP');
});

test.for(['hello', 'GET / is what a browser sends', 'HTTP/1.1 is old', 'NICK ann', 'PASS a b HTTP'])(
  '%j is chat',
  (line) => {
    const opening = new Opening();
    expect(opening.receive(bytes(`${line}\n`))).toBeNull();
    expect(opening.ofLine(bytes(line))).toBeNull();
  },
);

test('a request line that is cut is recognised by its beginning', () => {
  for (const head of ['POST /aaaa', 'DELETE /', 'OPTIONS *', 'GET https:', 'CONNECT x']) {
    const opening = new Opening();
    for (const byte of bytes(`\r\n${head}`)) opening.receive(Uint8Array.of(byte));
    expect(opening.ofBeginning()).toBe('HTTP');
  }
  const opening = new Opening();
  opening.receive(bytes('hello /there'));
  expect(opening.ofBeginning()).toBeNull();
});

test('a TLS hello is recognised by three bytes, however they arrive', () => {
  expect(new Opening().receive(Uint8Array.of(0x16, 3, 1, 2, 0))).toBe('TLS');
  const opening = new Opening();
  expect([0x16, 3, 3].map((byte) => opening.receive(Uint8Array.of(byte)))).toEqual([null, null, 'TLS']);
  const text = new Opening();
  expect(text.receive(bytes('\u0016reversed'))).toBeNull();
  expect(text.ofBeginning()).toBeNull();
});
