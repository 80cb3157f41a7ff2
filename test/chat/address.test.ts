import { isIPv4, isIPv6 } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  canonicalAddress,
  contains,
  formatNetwork,
  parseAddress,
  parseAddresses,
  parseNetwork,
} from '../../src/chat/address.js';

describe('an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['::', '::'],
    ['::1', '::1'],
    ['0::1', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    // RFC 5952: lower case, no leading zeros, the first longest run shortened, never a single group.
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['fe80::', 'fe80::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    // An IPv4 peer on an IPv6 socket (RFC 4291 section 2.5.5.2).
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ])('%s is written %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
    expect(canonicalAddress(canonical)).toBe(canonical);
  });

  test.each(
    ['', ':', ':::', '1', '1.2.3', '1.2.3.4.', '1.2.3.4.5', '01.2.3.4', '256.1.1.1', '1.2.3.4/8', 'a.b.c.d', ' 1.2.3.4']
      .concat(['1::2::3', '12345::', '::g', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', ':1', '1:'])
      .concat(['::1.2.3', '1.2.3.4::', '::1.2.3.4:5', 'fe80::1%eth0', '[::1]', 'localhost', 'host.example']),
  )('%j is none', (text) => {
    expect(parseAddress(text)).toBeNull();
    expect(isIPv4(text) || (isIPv6(text) && !text.includes('%'))).toBe(false);
  });
});

describe('a network', () => {
  test.each([
    ['192.0.2.77/24', '192.0.2.0/24', ['192.0.2.0', '192.0.2.255', '::ffff:192.0.2.9'], ['192.0.3.0', '::']],
    ['192.0.2.129/25', '192.0.2.128/25', ['192.0.2.128'], ['192.0.2.127']],
    ['192.0.2.1/32', '192.0.2.1/32', ['192.0.2.1'], ['192.0.2.0']],
    ['0.0.0.0/0', '0.0.0.0/0', ['255.255.255.255'], ['::1']],
    ['2001:db8::/32', '2001:db8::/32', ['2001:db8:ffff::1'], ['2001:db9::', '32.1.13.184']],
    ['2001:DB8::1/33', '2001:db8::/33', ['2001:db8:7fff::'], ['2001:db8:8000::']],
    ['::/0', '::/0', ['::1', 'ffff::'], ['127.0.0.1']],
    ['::ffff:192.0.2.0/120', '192.0.2.0/24', ['192.0.2.7'], ['192.0.3.7']],
  ])('%s is %s', (text, written, inside, outside) => {
    const network = parseNetwork(text);
    if (network === null) throw new Error('not a network');
    expect(formatNetwork(network)).toBe(written);
    const holds = (address: string): boolean => contains(network, parseAddress(address) ?? []);
    expect(inside.map(holds)).not.toContain(false);
    expect(outside.map(holds)).not.toContain(true);
  });

  test.each(['192.0.2.1', '192.0.2.0/33', '192.0.2.0/', '192.0.2.0/-1', '192.0.2.0/8/8', '::/129', 'x/8', '/8', '1/8'])(
    '%j is none',
    (text) => {
      expect(parseNetwork(text)).toBeNull();
    },
  );

  test('may be a single address', () => {
    expect(parseAddresses('192.0.2.1')).toEqual(parseNetwork('192.0.2.1/32'));
    expect(parseAddresses('::1')).toEqual(parseNetwork('::1/128'));
    expect(parseAddresses('host.example')).toBeNull();
  });
});
