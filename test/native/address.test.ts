import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { bytes, constant, errorOf, useFds } from './fds.js';

const fds = useFds();

describe('addresses', () => {
  test('of IPv4 survive encoding and decoding', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 65_535 }), (host, port) => {
        expect(native.decodeAddress(native.encodeInet(4, host, port, 0, 0))).toEqual({ family: 'inet', host, port });
      }),
    );
  });

  test('of IPv6 survive encoding and decoding', () => {
    const address = native.encodeInet(6, 'fe80::1:2', 8080, 0xfffff, 3);
    expect(native.decodeAddress(address)).toEqual({
      family: 'inet6',
      host: 'fe80::1:2',
      port: 8080,
      flowInfo: 0xfffff,
      scopeId: 3,
    });
    fc.assert(
      fc.property(fc.ipV6(), (host) => {
        const encoded = native.encodeInet(6, host, 1, 0, 0);
        const decoded = native.decodeAddress(encoded);
        if (decoded.family !== 'inet6') throw new Error('another family');
        expect(native.encodeInet(6, decoded.host, 1, 0, 0)).toEqual(encoded);
      }),
    );
  });

  test.each([
    [4, '127.0.0.1 '],
    [4, '127.1'],
    [4, 'localhost'],
    [4, '::1'],
    [4, ''],
    [6, '127.0.0.1'],
    [6, 'fe80::1%eth0'],
    [6, ':::'],
  ] as const)('version %i refuses the host "%s"', (version, host) => {
    expect(errorOf(() => native.encodeInet(version, host, 0, 0, 0))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });

  test('refuse a host with a NUL character or of endless length', () => {
    expect(errorOf(() => native.encodeInet(4, '127.0.0.1\0x', 0, 0, 0))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    });
    expect(errorOf(() => native.encodeInet(4, '1'.repeat(10_000), 0, 0, 0))).toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
  });

  test.each([-1, 65_536, 1.5, NaN])('refuse the port %d', (port) => {
    expect(errorOf(() => native.encodeInet(4, '127.0.0.1', port, 0, 0))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('of unix paths survive encoding and decoding, up to the longest', () => {
    for (const path of ['/tmp/x', 'é/文', 'x'.repeat(107)]) {
      expect(native.decodeAddress(native.encodeUnix(bytes(path), false))).toEqual({
        family: 'unix',
        path: bytes(path),
      });
    }
  });

  test('of unix names that are abstract survive, NUL characters and all', () => {
    for (const name of ['fdmux', 'a\0b', '', 'x'.repeat(107)]) {
      expect(native.decodeAddress(native.encodeUnix(bytes(name), true))).toEqual({
        family: 'unix',
        abstract: bytes(name),
      });
    }
  });

  test('of unix refuse what is too long, empty, or cut by a NUL byte', () => {
    expect(errorOf(() => native.encodeUnix(new Uint8Array(108).fill(65), false))).toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
    expect(errorOf(() => native.encodeUnix(new Uint8Array(108), true))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(errorOf(() => native.encodeUnix(bytes(''), false))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    expect(errorOf(() => native.encodeUnix(bytes('a\0b'), false))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });

  test('of unnamed unix sockets have neither path nor name', () => {
    expect(native.decodeAddress(native.getSockName(fds.socketPair()[0]))).toEqual({ family: 'unix' });
  });

  test('that the kernel binds return unchanged', () => {
    const fd = fds.socket('AF_UNIX', 'SOCK_STREAM');
    const address = native.encodeUnix(bytes(`fdmux-test-${process.pid}`), true);
    native.bind(fd, address);
    expect(native.getSockName(fd)).toEqual(address);
  });

  test('decode any bytes at all, as something', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (address) => {
        expect(['inet', 'inet6', 'unix', 'unknown']).toContain(native.decodeAddress(address).family);
      }),
    );
    expect(native.decodeAddress(new Uint8Array(0))).toEqual({ family: 'unknown', familyNumber: 0 });
    expect(native.decodeAddress(Uint8Array.of(constant('AF_INET'), 0, 0))).toEqual({
      family: 'unknown',
      familyNumber: constant('AF_INET'),
    });
  });

  test('of no address length are refused', () => {
    const fd = fds.socket('AF_UNIX', 'SOCK_STREAM');
    for (const length of [0, 1, 129]) {
      expect(errorOf(() => native.bind(fd, new Uint8Array(length)))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
  });
});
