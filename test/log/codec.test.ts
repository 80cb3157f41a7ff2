import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePack, encodePack, MAX_PACK_BYTES } from '../../src/log/codec.js';
import { MAX_PACK_ENTRIES, type Pack } from '../../src/log/entry.js';
import { anyEntry, mark } from './entries.js';

function bytesOf(pack: Pack): Uint8Array {
  const encoded = encodePack(pack);
  if (encoded.kind !== 'bytes') throw new Error(encoded.kind);
  return encoded.bytes;
}

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const topic = { kind: 'topic', session: 'a.1.1', n: 1, atMs: 0, seen: 0, base: 0, text: 'tea' };

test('every pack is read as it was written', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 5 }), (pack) => {
      expect(decodePack(bytesOf(pack))).toEqual({ kind: 'pack', entries: pack });
    }),
  );
});

test('a text keeps half of a surrogate pair, which UTF-8 has no bytes for', () => {
  expect(decodePack(bytesOf([mark('a\ud800b')]))).toEqual({ kind: 'pack', entries: [mark('a\ud800b')] });
});

test('a pack that has lost its end, or a byte of which has changed, never throws, and reads as a pack or as none', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(255), (pack, where, byte) => {
      const whole = bytesOf(pack);
      expect(decodePack(whole.subarray(0, where % whole.length)).kind).toBe('malformed');
      const changed = Uint8Array.from(whole);
      changed[where % whole.length] = byte;
      const decoded = decodePack(changed);
      // What it reads as can be written again: no field has got past its bounds.
      if (decoded.kind === 'pack') expect(encodePack(decoded.entries).kind).toBe('bytes');
    }),
  );
});

test('random bytes, and random JSON, are no pack', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
      expect(decodePack(garbage).kind).toBe('malformed');
    }),
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(decodePack(bytes({ version: 1, entries: [value] })).kind).toBe('malformed');
    }),
  );
});

test('a pack of an earlier version is read, if its words are still in use', () => {
  expect(decodePack(bytes({ version: 1, entries: [topic] }))).toEqual({ kind: 'pack', entries: [topic] });
});

test('a later version is distinguished from damage, whatever else is in it', () => {
  expect(decodePack(bytes({ version: 1000, entries: 'packed otherwise' }))).toEqual({
    kind: 'unknown-version',
    version: 1000,
  });
});

describe('malformed is', () => {
  test.each([
    ['no object', 7],
    ['null', null],
    ['a version that is no number', { version: '1', entries: [topic] }],
    ['version 0', { version: 0, entries: [topic] }],
    ['no version', { entries: [topic] }],
    ['no entries', { version: 1 }],
    ['an empty list of entries', { version: 1, entries: [] }],
    ['an unknown kind', { version: 1, entries: [{ ...topic, kind: 'tropic' }] }],
    ['the name of a method as a kind', { version: 1, entries: [{ ...topic, kind: 'constructor' }] }],
    ['a field too many', { version: 1, entries: [{ ...topic, more: 1 }] }],
    ['a field too few', { version: 1, entries: [{ ...topic, text: undefined }] }],
    ['another field instead', { version: 1, entries: [{ ...topic, text: undefined, words: 'tea' }] }],
    ['a running number that is negative', { version: 1, entries: [{ ...topic, n: -1 }] }],
    ['a running number with a fraction', { version: 1, entries: [{ ...topic, n: 1.5 }] }],
    ['a running number that is not exact', { version: 1, entries: [{ ...topic, n: 2 ** 53 }] }],
    ['a session that is too long', { version: 1, entries: [{ ...topic, session: 'x'.repeat(513) }] }],
    ['a text that is too long', { version: 1, entries: [{ ...topic, text: 'x'.repeat(65_537) }] }],
    ['a field of another type', { version: 1, entries: [{ ...topic, text: ['tea'] }] }],
  ])('%s', (_what, value) => {
    expect(decodePack(bytes(value))).toEqual({ kind: 'malformed' });
  });

  test.each([
    ['bytes that are not UTF-8', bytesOf([mark('tea')]).map((byte) => (byte === 0x74 ? 0xff : byte))],
    ['a text that is not UTF-8', bytesOf([mark('~')]).map((byte) => (byte === 0x7e ? 0xff : byte))],
    ['a byte order mark', new TextEncoder().encode(`\ufeff${JSON.stringify({ version: 1, entries: [topic] })}`)],
    ['lists in lists without end', new TextEncoder().encode('['.repeat(200_000))],
  ])('%s', (_what, raw) => {
    expect(decodePack(raw)).toEqual({ kind: 'malformed' });
  });
});

test('a pack that could not be read again is not written', () => {
  expect(encodePack([])).toEqual({ kind: 'malformed' });
  expect(encodePack([mark('x'.repeat(65_537))])).toEqual({ kind: 'malformed' });
  expect(encodePack(Array.from({ length: MAX_PACK_ENTRIES + 1 }, () => mark('tea')))).toEqual({ kind: 'malformed' });
  expect(encodePack(Array.from({ length: 20 }, () => mark('x'.repeat(60_000))))).toEqual({ kind: 'too-large' });
});

test('bytes above the bound are refused unread', () => {
  expect(decodePack(new Uint8Array(MAX_PACK_BYTES + 1))).toEqual({ kind: 'too-large' });
});
