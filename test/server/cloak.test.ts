/** The hosts that stand for addresses. */
import { describe, expect, test } from 'vitest';
import { cloakedHost } from '../../src/server/cloak.js';

const settings = { key: 'k'.repeat(32), suffix: 'ip' };
const partsOf = (address: string, key = settings.key): string[] =>
  cloakedHost(address, { ...settings, key }).split('.');

describe('an IPv4 address', () => {
  test('has three parts and the suffix: itself, its /24, its /16', () => {
    const parts = partsOf('192.0.2.77');
    expect(parts).toHaveLength(4);
    expect(parts.slice(0, 3).every((part) => /^[\da-f]{10}$/.test(part))).toBe(true);
    expect(parts[3]).toBe('ip');
    expect(partsOf('192.0.2.78')).toEqual([expect.not.stringMatching(parts[0] ?? ''), ...parts.slice(1)]);
    expect(partsOf('192.0.3.77').slice(2)).toEqual(parts.slice(2));
    expect(partsOf('192.0.3.77')[1]).not.toBe(parts[1]);
    expect(partsOf('192.1.2.77')[2]).not.toBe(parts[2]);
  });

  test('is the same when it is mapped into IPv6', () => {
    expect(partsOf('::ffff:192.0.2.77')).toEqual(partsOf('192.0.2.77'));
  });
});

test('an IPv6 address has four: itself, its /64, its /48, its /32', () => {
  const parts = partsOf('2001:db8:1:2::3');
  expect(parts).toHaveLength(5);
  expect(partsOf('2001:db8:1:2::4').slice(1)).toEqual(parts.slice(1));
  expect(partsOf('2001:db8:1:3::3').slice(2)).toEqual(parts.slice(2));
  expect(partsOf('2001:db8:2:2::3').slice(3)).toEqual(parts.slice(3));
  expect(new Set([...parts, ...partsOf('2001:db9:1:2::3')]).size).toBe(9);
  expect(partsOf('0::1')).toEqual(partsOf('::1'));
});

test('another key gives other hosts, and the parts of one host do not depend on what the address ends with', () => {
  const parts = partsOf('192.0.2.77');
  expect(partsOf('192.0.2.77', 'x'.repeat(32)).filter((part) => parts.includes(part))).toEqual(['ip']);
});

test('what is no address stays as it is', () => {
  expect(cloakedHost('unix', settings)).toBe('unix');
});

test('the longest host fits HOSTLEN', () => {
  expect(cloakedHost('2001:db8::1', { ...settings, suffix: 's'.repeat(16) }).length).toBeLessThanOrEqual(63);
});
