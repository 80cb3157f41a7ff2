import { pathToFileURL } from 'node:url';
import { type Address, decodeAddress, encodeAddress, formatAddress, ifNameToIndex, parseAddress } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { foreignBytes } from '../support/realm.js';
import { callUntyped } from '../support/untyped.js';

const ADDRESSES: readonly (readonly [string, Address])[] = [
  ['127.0.0.1:80', { family: 'inet', host: '127.0.0.1', port: 80 }],
  ['255.255.255.255:65535', { family: 'inet', host: '255.255.255.255', port: 65_535 }],
  ['[::1]:0', { family: 'inet6', host: '::1', port: 0, flowInfo: 0, scopeId: 0 }],
  ['[fe80::1%7]:80', { family: 'inet6', host: 'fe80::1', port: 80, flowInfo: 0, scopeId: 7 }],
  ['unix:/run/chat', { family: 'unix', path: '/run/chat' }],
  ['unix:@chat', { family: 'unix', abstract: 'chat' }],
  ['unix:', { family: 'unix' }],
  ['unix:/run/\\xff\\xfe/ü', { family: 'unix', path: Buffer.from('2f72756e2ffffe2fc3bc', 'hex') }],
  ['unix:@a\\xff', { family: 'unix', abstract: Buffer.from([0x61, 0xff]) }],
  ['unix:@a\\x00b\\x0a\\\\', { family: 'unix', abstract: 'a\0b\n\\' }],
  ['unix:\\x40chat', { family: 'unix', path: '@chat' }],
];

describe('an address', () => {
  test.each(ADDRESSES)('%s is written, read, encoded and decoded without loss', (text, address) => {
    expect(formatAddress(address)).toBe(text);
    expect(parseAddress(text)).toEqual(address);
    expect(decodeAddress(encodeAddress(address))).toEqual(address);
  });

  test('takes the name of any interface as the zone, whichever addresses that has', () => {
    const scopeId = ifNameToIndex('lo');
    expect(scopeId).toBeGreaterThan(0);
    expect(parseAddress('[fe80::1%lo]:80')).toMatchObject({ host: 'fe80::1', scopeId });
    const named = encodeAddress({ family: 'inet6', host: 'fe80::1%lo', port: 80 });
    expect(decodeAddress(named)).toMatchObject({ host: 'fe80::1', scopeId });
  });

  test('refuses a zone that is no interface as such, whatever its characters, and an empty one', () => {
    for (const zone of ['none_0', 'none0', 'a_name_that_is_far_too_long', 'a\0b', '4294967296']) {
      expect(() => parseAddress(`[fe80::1%${zone}]:80`), zone).toThrow(/whose zone is an interface/);
    }
    expect(parseAddress('[fe80::1%4294967295]:80')).toMatchObject({ scopeId: 4_294_967_295 });
    expect(() => parseAddress('[fe80::1%]:80')).toThrow(/an address such as/);
    expect(() => parseAddress('[x%lo]:80')).toThrow(/an address such as/);
  });

  test('of a unix socket takes its name as bytes, and its path as a URL', () => {
    const path = '/run/chat';
    const expected = encodeAddress({ family: 'unix', path });
    for (const form of [Buffer.from(path), pathToFileURL(path), foreignBytes(Buffer.from(path))]) {
      expect(encodeAddress({ family: 'unix', path: form })).toEqual(expected);
    }
    expect(encodeAddress({ family: 'unix', abstract: Buffer.from('chat') })).toEqual(
      encodeAddress({ family: 'unix', abstract: 'chat' }),
    );
    expect(encodeAddress(foreignBytes(expected))).toEqual(expected);
  });

  test('without a family is refused by a message that says which there are', () => {
    expect(() => callUntyped({ encodeAddress }, 'encodeAddress', { host: '127.0.0.1', port: 80 })).toThrow(
      `"address.family" must be one of 'inet', 'inet6', 'unix', 'unknown'; received undefined`,
    );
  });

  test('with a backslash that begins no escape keeps it', () => {
    expect(parseAddress('unix:/a\\b\\x4')).toEqual({ family: 'unix', path: '/a\\b\\x4' });
  });

  test('of an unknown family keeps its bytes', () => {
    const bytes = Uint8Array.of(17, 0, 1, 2, 3, 4);
    const address = decodeAddress(bytes);
    expect(address).toEqual({ family: 'unknown', familyNumber: 17, bytes });
    expect(encodeAddress(address)).toEqual(bytes);
    expect(encodeAddress(bytes)).toBe(bytes);
  });

  test('that is none is refused before any system call', () => {
    const wrong: readonly (readonly [unknown, string])[] = [
      [{ family: 'inet', host: '127.0.0.256', port: 1 }, 'ERR_OUT_OF_RANGE'],
      [{ family: 'inet', host: '::1', port: 1 }, 'ERR_OUT_OF_RANGE'],
      [{ family: 'inet6', host: '127.0.0.1', port: 1 }, 'ERR_OUT_OF_RANGE'],
      [{ family: 'inet6', host: 'fe80::1%no-such-interface', port: 1 }, 'ERR_OUT_OF_RANGE'],
      [{ family: 'inet', host: '127.0.0.1', port: 65_536 }, 'ERR_OUT_OF_RANGE'],
      [{ family: 'inet', host: '127.0.0.1', port: 1.5 }, 'ERR_OUT_OF_RANGE'],
      [{ family: 'inet', host: '127.0.0.1' }, 'ERR_INVALID_ARG_TYPE'],
      [{ family: 'inet', host: 1, port: 1 }, 'ERR_INVALID_ARG_TYPE'],
      [{ family: 'unix', path: 'x'.repeat(109) }, 'ERR_OUT_OF_RANGE'],
      [{ family: 'unix', path: 'a\0b' }, 'ERR_OUT_OF_RANGE'],
      [{ family: 'unix', path: '' }, 'ERR_OUT_OF_RANGE'],
      [{ family: 'ipx' }, 'ERR_OUT_OF_RANGE'],
      [{ family: 'unix', path: 1 }, 'ERR_INVALID_ARG_TYPE'],
      [{ family: 'unix', abstract: {} }, 'ERR_INVALID_ARG_TYPE'],
      [{ family: 'unknown', familyNumber: 1, bytes: 'x\0' }, 'ERR_INVALID_ARG_TYPE'],
      ['127.0.0.1:80', 'ERR_INVALID_ARG_TYPE'],
      [null, 'ERR_INVALID_ARG_TYPE'],
    ];
    for (const [address, code] of wrong) {
      expect(() => void Reflect.apply(encodeAddress, undefined, [address]), JSON.stringify(address)).toThrow(
        expect.objectContaining({ code }),
      );
    }
    for (const text of ['', '127.0.0.1', '127.0.0.1:', '127.0.0.1:99999', '::1:80', '[::1]', 'localhost:80', 'a b:1']) {
      expect(() => parseAddress(text), text).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    }
  });
});
