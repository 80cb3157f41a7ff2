import { expect, test } from 'vitest';
import { decodePack, encodePack } from '../../src/log/codec.js';
import type { Entry } from '../../src/log/entry.js';
import { blankedPack } from '../../src/store/blanked-pack.js';

const stamp = { session: 'a.1.1', n: 1, atMs: 1, seen: 0, base: 0 } as const;
const words = { type: 'message', text: 'secret', tags: [['a', 'secret']], isDivisible: false } as const;

function bytesOf(entries: readonly Entry[]): Uint8Array {
  const encoded = encodePack(entries);
  return encoded.kind === 'bytes' ? encoded.bytes : expect.fail(encoded.kind);
}

const entries: readonly Entry[] = [
  { ...stamp, kind: 'say', ...words, who: null, ranks: 0 },
  { ...stamp, kind: 'tell', ...words, target: 'b.1.1' },
  { ...stamp, kind: 'part', reason: 'secret' },
  { ...stamp, kind: 'kick', who: null, target: 'b.1.1', reason: 'secret' },
  { ...stamp, kind: 'retitle', who: null, name: '#b', reason: 'secret' },
];

test.each(entries.map((entry) => [entry.kind, entry] as const))(
  'the words of a %s go, and nothing else',
  (_, entry) => {
    const other: Entry = { ...stamp, kind: 'topic', text: 'of somebody else' };
    const decoded = decodePack(blankedPack(bytesOf([other, entry]), 1) ?? expect.fail());
    const [first, second] = decoded.kind === 'pack' ? decoded.entries : [];
    expect(first).toEqual(other);
    expect(JSON.stringify(second)).not.toContain('secret');
    expect(second).toMatchObject({ ...stamp, kind: entry.kind });
  },
);

test('what is no pack stays as it is', () => {
  expect(blankedPack(new Uint8Array([1, 2]), 0)).toBeNull();
});
