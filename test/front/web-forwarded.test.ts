import { expect, test } from 'vitest';
import { readForwarded } from '../../src/front/web-forwarded.js';

const isProxy = (host: string) => host.startsWith('10.') || host === '2001:db8::1';

test.each([
  [undefined, null],
  ['', null],
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8::7', '2001:db8::7'],
  ['192.0.2.7:4321', '192.0.2.7'],
  ['[2001:db8::7]:4321', '2001:db8::7'],
  ['[2001:db8::7]', '2001:db8::7'],
  // Only what a listed proxy has appended is believed: the rest may be the peer's own invention.
  ['127.0.0.1, 192.0.2.7', '192.0.2.7'],
  ['203.0.113.1, 192.0.2.7, 10.0.0.1', '192.0.2.7'],
  ['192.0.2.7, 2001:db8::1 , 10.0.0.1', '192.0.2.7'],
  ['nonsense, 10.0.0.2', '10.0.0.2'],
  ['192.0.2.7, unknown', null],
  ['fe80::1%eth0', null],
  ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
])('the list %j names %j', (list, host) => {
  expect(readForwarded(list === undefined ? {} : { 'x-forwarded-for': list }, isProxy).host).toBe(host);
});

test.each([
  [undefined, false],
  ['https', true],
  ['wss', true],
  ['http', false],
  ['https, http', false],
  ['http, https', true],
])('the scheme %j is secure: %j', (scheme, isSecure) => {
  expect(readForwarded(scheme === undefined ? {} : { 'x-forwarded-proto': scheme }, isProxy).isSecure).toBe(isSecure);
});
